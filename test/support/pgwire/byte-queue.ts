// Bytes that arrived and were not read yet, and a way to wait for more with a timeout.

export interface ByteQueue {
  push(chunk: Buffer): void
  /** No more bytes will come; `how` is told to whoever waits. */
  finish(how: string): void
  readonly length: number
  readonly finished: string | undefined
  /** the next n bytes without taking them, or undefined while there are fewer */
  peek(n: number): Buffer | undefined
  take(n: number): Buffer | undefined
  /** Resolves when something arrived or the end came. Rejects at the deadline (milliseconds since the epoch). */
  arrival(deadline: number, what: string): Promise<void>
}

export function byteQueue(): ByteQueue {
  let chunks: Buffer[] = []
  let length = 0
  let finished: string | undefined
  let wake: (() => void) | undefined

  /** Joins only as many chunks as hold n bytes, so that a long backlog is not copied again and again. */
  function front(n: number): Buffer | undefined {
    if (length < n) return undefined
    let count = 0
    for (let size = 0; size < n; count++) size += chunks[count]?.length ?? 0
    if (count > 1) chunks.splice(0, count, Buffer.concat(chunks.slice(0, count)))
    return chunks[0] ?? Buffer.alloc(0)
  }

  return {
    get length() {
      return length
    },
    get finished() {
      return finished
    },
    push(chunk) {
      chunks.push(chunk)
      length += chunk.length
      wake?.()
    },
    finish(how) {
      finished ??= how
      wake?.()
    },
    peek: (n) => front(n)?.subarray(0, n),
    take(n) {
      const chunk = front(n)
      if (chunk === undefined) return undefined
      length -= n
      if (n === chunk.length) chunks.shift()
      else chunks[0] = chunk.subarray(n)
      if (length === 0) chunks = []
      return chunk.subarray(0, n)
    },
    arrival: (deadline, what) =>
      new Promise((resolve, reject) => {
        const left = Math.max(0, deadline - Date.now())
        const timer = setTimeout(() => {
          wake = undefined
          reject(new Error(`timeout while waiting for ${what}; ${length} bytes not yet understood`))
        }, left)
        wake = () => {
          clearTimeout(timer)
          wake = undefined
          resolve()
        }
      }),
  }
}
