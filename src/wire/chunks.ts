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

export function createChunks(): Chunks {
  /** the chunk that is read, and how much of it is taken: a view of the rest for each message would cost as much as the message's */
  let head = NONE
  let taken = 0
  /** those behind it, from `first` on */
  let rest: Uint8Array[] = []
  let first = 0
  let length = 0
  /** the block that small chunks are copied to, and how much of it is used */
  let block: Buffer | undefined
  let used = 0

  function append(chunk: Uint8Array): void {
    if (!block || block.length - used < chunk.length) {
      block = Buffer.allocUnsafeSlow(BLOCK)
      used = 0
    }
    block.set(chunk, used)
    const last = rest.length > first ? (rest[rest.length - 1] as Uint8Array) : head
    const follows = last.buffer === block.buffer && last.byteOffset + last.length === used
    const start = follows ? last.byteOffset : used
    used += chunk.length
    const longer = block.subarray(start, used)
    if (!follows) rest.push(longer)
    else if (last === head) head = longer
    else rest[rest.length - 1] = longer
  }

  /** Makes the first chunk hold at least `wanted` bytes that are not taken. */
  function join(wanted: number): void {
    let have = head.length - taken
    if (have >= wanted) return
    const parts = [head.subarray(taken)]
    for (; have < wanted; first += 1) {
      const part = rest[first] as Uint8Array
      parts.push(part)
      have += part.length
    }
    head = Buffer.concat(parts, have)
    taken = 0
    rest = rest.slice(first)
    first = 0
  }

  /** The first chunk is used up. */
  function advance(): void {
    taken = 0
    head = rest[first] ?? NONE
    if (head === NONE) return
    first += 1
    if (first < rest.length && first <= FORGET) return
    rest = rest.slice(first)
    first = 0
  }

  return {
    length() {
      return length
    },
    push(chunk) {
      if (chunk.length === 0) return
      if (length === 0) head = chunk
      else if (chunk.length < SMALL) append(chunk)
      else rest.push(chunk)
      length += chunk.length
    },
    at(index) {
      if (taken + index >= head.length) join(index + 1)
      return head[taken + index] as number
    },
    peek(wanted) {
      if (length < wanted) return undefined
      join(wanted)
      return head.subarray(taken, taken + wanted)
    },
    take(wanted) {
      if (wanted > length) throw new RangeError('more bytes taken than kept')
      join(wanted)
      const from = taken
      const whole = head
      taken += wanted
      length -= wanted
      if (taken === whole.length) advance()
      return wanted === whole.length ? whole : whole.subarray(from, from + wanted)
    },
    clear() {
      head = NONE
      taken = 0
      rest = []
      first = 0
      length = 0
    },
  }
}
