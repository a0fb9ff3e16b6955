// Frames on their way out: what one turn produces leaves in one write. Small pieces are copied together into blocks, since
// each piece costs the system call; large ones stay where they are.
import { Buffer } from 'node:buffer'
import { HEADER_BYTES } from './frames.ts'

/** As large as what the kernel takes at once from a socket with default buffers, in bytes. */
const BLOCK = 64 * 1024
/** From here on, in bytes, a copy costs more than one more piece of the write. */
const LARGE = 4 * 1024

export interface Output {
  /** A frame's header; exactly `length` bytes of payload have to follow. */
  header(length: number, type: number, flags: number, id: number): void
  /** `source` must not change any more. */
  bytes(source: Uint8Array, from: number, to: number): void
  uint32(value: number): void
  /** Everything so far, in order; the receiver owns it. */
  take(): Uint8Array[]
}

export const createOutput = (): Output => new FrameOutput()

class FrameOutput implements Output {
  #full: Uint8Array[] = []
  #block = Buffer.alloc(0)
  #start = 0
  #used = 0

  header(length: number, type: number, flags: number, id: number): void {
    if (this.#block.length - this.#used < HEADER_BYTES) this.#renew()
    const block = this.#block
    const used = this.#used
    block[used] = length >>> 16
    block[used + 1] = length >>> 8
    block[used + 2] = length
    block[used + 3] = type
    block[used + 4] = flags
    block.writeUInt32BE(id, used + 5)
    this.#used = used + HEADER_BYTES
  }

  bytes(source: Uint8Array, from: number, to: number): void {
    if (to - from >= LARGE) {
      this.#seal()
      this.#full.push(source.subarray(from, to))
      return
    }
    let at = from
    while (at < to) {
      if (this.#used === this.#block.length) this.#renew()
      const taken = Math.min(to - at, this.#block.length - this.#used)
      if (taken === source.length) this.#block.set(source, this.#used)
      else this.#block.set(source.subarray(at, at + taken), this.#used)
      this.#used += taken
      at += taken
    }
  }

  uint32(value: number): void {
    if (this.#block.length - this.#used < 4) this.#renew()
    this.#block.writeUInt32BE(value, this.#used)
    this.#used += 4
  }

  take(): Uint8Array[] {
    this.#seal()
    const taken = this.#full
    this.#full = []
    return taken
  }

  #seal(): void {
    if (this.#used > this.#start) this.#full.push(this.#block.subarray(this.#start, this.#used))
    this.#start = this.#used
  }

  #renew(): void {
    this.#seal()
    this.#block = Buffer.allocUnsafeSlow(BLOCK)
    this.#start = 0
    this.#used = 0
  }
}
