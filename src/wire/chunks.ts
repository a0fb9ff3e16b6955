// A first-in, first-out store of received bytes that joins chunks only when a message spans them.

import { Buffer } from 'node:buffer'

export interface Chunks {
  /** bytes kept */
  length(): number
  push(chunk: Uint8Array): void
  /** the first `length` bytes without taking them; undefined while there are fewer */
  peek(length: number): Uint8Array | undefined
  /** takes exactly `length` bytes, which must be there */
  take(length: number): Uint8Array
  clear(): void
}

/** Smaller chunks are copied together in blocks: kept as they came, each would hold on to far more than its bytes. */
const SMALL = 1024
const BLOCK = 4096

export function createChunks(): Chunks {
  let chunks: Uint8Array[] = []
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
    const last = chunks.at(-1)
    const follows = last?.buffer === block.buffer && last.byteOffset + last.length === used
    const start = follows ? last.byteOffset : used
    used += chunk.length
    if (follows) chunks.pop()
    chunks.push(block.subarray(start, used))
  }

  /** Makes the first chunk hold at least `wanted` bytes. */
  function join(wanted: number): Uint8Array {
    const head = chunks[first] as Uint8Array
    if (head.length >= wanted) return head
    let have = 0
    let last = first
    while (have < wanted) have += (chunks[last++] as Uint8Array).length
    const joined = Buffer.concat(chunks.slice(first, last), have)
    chunks = [joined, ...chunks.slice(last)]
    first = 0
    return joined
  }

  return {
    length() {
      return length
    },
    push(chunk) {
      if (chunk.length === 0) return
      if (length > 0 && chunk.length < SMALL) append(chunk)
      else chunks.push(chunk)
      length += chunk.length
    },
    peek(wanted) {
      if (wanted === 0) return new Uint8Array(0)
      return length < wanted ? undefined : join(wanted).subarray(0, wanted)
    },
    take(wanted) {
      if (wanted === 0) return new Uint8Array(0)
      if (wanted > length) throw new RangeError('more bytes taken than kept')
      const head = join(wanted)
      length -= wanted
      if (head.length > wanted) {
        chunks[first] = head.subarray(wanted)
      } else {
        first += 1
        if (first === chunks.length || first > 64) {
          chunks = chunks.slice(first)
          first = 0
        }
      }
      return head.length === wanted ? head : head.subarray(0, wanted)
    },
    clear() {
      chunks = []
      first = 0
      length = 0
    },
  }
}
