// A first-in, first-out store of received bytes that joins chunks only when a message spans them.

import { Buffer } from 'node:buffer'

export interface Chunks {
  /** bytes kept */
  length(): number
  push(chunk: Uint8Array): void
  /** one byte of those kept, without taking it; it must be there */
  at(index: number): number
  /** the first `length` bytes without taking them; undefined while there are fewer */
  peek(length: number): Uint8Array | undefined
  /** takes exactly `length` bytes, which must be there */
  take(length: number): Uint8Array
  clear(): void
}

/** Smaller chunks are copied together in blocks: kept as they came, each would hold on to far more than its bytes. */
const SMALL = 1024
const BLOCK = 4096
/** Chunks that are used up are forgotten so many at a time. */
const FORGET = 64
const NONE: Uint8Array = new Uint8Array(0)

export const createChunks = (): Chunks => new ChunkStore()

class ChunkStore implements Chunks {
  /** the chunk that is read, and how much of it is taken: a view of the rest for each message would cost as much as the message's */
  #head = NONE
  #taken = 0
  /** those behind it, from `#first` on */
  #rest: Uint8Array[] = []
  #first = 0
  #length = 0
  /** the block that small chunks are copied to, and how much of it is used */
  #block: Buffer | undefined
  #used = 0

  length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#length === 0) this.#head = chunk
    else if (chunk.length < SMALL) this.#append(chunk)
    else this.#rest.push(chunk)
    this.#length += chunk.length
  }

  at(index: number): number {
    if (this.#taken + index >= this.#head.length) this.#join(index + 1)
    return this.#head[this.#taken + index] as number
  }

  peek(wanted: number): Uint8Array | undefined {
    if (this.#length < wanted) return undefined
    this.#join(wanted)
    return this.#head.subarray(this.#taken, this.#taken + wanted)
  }

  take(wanted: number): Uint8Array {
    if (wanted > this.#length) throw new RangeError('more bytes taken than kept')
    this.#join(wanted)
    const from = this.#taken
    const whole = this.#head
    this.#taken += wanted
    this.#length -= wanted
    if (this.#taken === whole.length) this.#advance()
    return wanted === whole.length ? whole : whole.subarray(from, from + wanted)
  }

  clear(): void {
    this.#head = NONE
    this.#taken = 0
    this.#rest = []
    this.#first = 0
    this.#length = 0
  }

  #append(chunk: Uint8Array): void {
    let block = this.#block
    if (!block || block.length - this.#used < chunk.length) {
      block = Buffer.allocUnsafeSlow(BLOCK)
      this.#block = block
      this.#used = 0
    }
    const used = this.#used
    block.set(chunk, used)
    const rest = this.#rest
    const last = rest.length > this.#first ? (rest[rest.length - 1] as Uint8Array) : this.#head
    const follows = last.buffer === block.buffer && last.byteOffset + last.length === used
    const start = follows ? last.byteOffset : used
    this.#used += chunk.length
    const longer = block.subarray(start, this.#used)
    if (!follows) rest.push(longer)
    else if (last === this.#head) this.#head = longer
    else rest[rest.length - 1] = longer
  }

  /** Makes the first chunk hold at least `wanted` bytes that are not taken. */
  #join(wanted: number): void {
    let have = this.#head.length - this.#taken
    if (have >= wanted) return
    const parts = [this.#head.subarray(this.#taken)]
    for (; have < wanted; this.#first += 1) {
      const part = this.#rest[this.#first] as Uint8Array
      parts.push(part)
      have += part.length
    }
    this.#head = Buffer.concat(parts, have)
    this.#taken = 0
    this.#forget()
  }

  /** The first chunk is used up. */
  #advance(): void {
    this.#taken = 0
    this.#head = this.#rest[this.#first] ?? NONE
    if (this.#head === NONE) return
    this.#first += 1
    if (this.#first < this.#rest.length && this.#first <= FORGET) return
    this.#forget()
  }

  /** Lets go of the chunks before the first. */
  #forget(): void {
    this.#rest = this.#rest.slice(this.#first)
    this.#first = 0
  }
}
