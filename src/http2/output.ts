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

export function createOutput(): Output {
  let full: Uint8Array[] = []
  let block = Buffer.alloc(0)
  let start = 0
  let used = 0

  const seal = () => {
    if (used > start) full.push(block.subarray(start, used))
    start = used
  }
  const renew = () => {
    seal()
    block = Buffer.allocUnsafeSlow(BLOCK)
    start = 0
    used = 0
  }

  return {
    header(length, type, flags, id) {
      if (block.length - used < HEADER_BYTES) renew()
      block[used] = length >>> 16
      block[used + 1] = length >>> 8
      block[used + 2] = length
      block[used + 3] = type
      block[used + 4] = flags
      block.writeUInt32BE(id, used + 5)
      used += HEADER_BYTES
    },
    bytes(source, from, to) {
      if (to - from >= LARGE) {
        seal()
        full.push(source.subarray(from, to))
        return
      }
      let at = from
      while (at < to) {
        if (used === block.length) renew()
        const taken = Math.min(to - at, block.length - used)
        if (taken === source.length) block.set(source, used)
        else block.set(source.subarray(at, at + taken), used)
        used += taken
        at += taken
      }
    },
    uint32(value) {
      if (block.length - used < 4) renew()
      block.writeUInt32BE(value, used)
      used += 4
    },
    take() {
      seal()
      const taken = full
      full = []
      return taken
    },
  }
}
