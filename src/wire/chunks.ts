// A first-in, first-out store of received bytes that joins chunks only when a message spans them.

export interface Chunks {
  /** bytes kept */
  readonly length: number
  push(chunk: Uint8Array): void
  /** the first `length` bytes without taking them; undefined while there are fewer */
  peek(length: number): Uint8Array | undefined
  /** takes exactly `length` bytes, which must be there */
  take(length: number): Uint8Array
  clear(): void
}

export function createChunks(): Chunks {
  let chunks: Uint8Array[] = []
  let first = 0
  let length = 0

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
    get length() {
      return length
    },
    push(chunk) {
      if (chunk.length === 0) return
      chunks.push(chunk)
      length += chunk.length
    },
    peek(wanted) {
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
      return head.subarray(0, wanted)
    },
    clear() {
      chunks = []
      first = 0
      length = 0
    },
  }
}
