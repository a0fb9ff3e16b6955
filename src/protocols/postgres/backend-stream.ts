// Cuts what a server sends into messages and passes on what the handler lets through, in runs as long as possible:
// a result of many rows that nobody masks is forwarded without a copy.
import { ProtocolError } from '../../core/errors.ts'
import { createChunks } from '../../wire/chunks.ts'
import { BACKEND } from './codes.ts'

/** What to do with a message: pass it on, drop it, or send these bytes in its place. */
export type Verdict = 'forward' | 'drop' | Uint8Array

export interface BackendHandler {
  /** A whole message, header included, valid only during the call. */
  message(type: number, bytes: Uint8Array): Verdict
  /**
   * May a DataRow or CopyData of this length pass before it is complete? Asked only for those that have not arrived
   * whole; they are counted as seen when this says yes.
   */
  passes(type: number, length: number): boolean
}

export interface BackendStream {
  push(chunk: Uint8Array): void
  /** bytes kept and not yet handled */
  readonly pending: number
  /** the client has had a part of a message: nothing else may be said to it before the rest */
  readonly partial: boolean
}

const HEADER = 5

export function createBackendStream(
  handler: BackendHandler,
  forward: (bytes: Uint8Array) => void,
  /** longest message that is taken into memory, in bytes */
  limit: number,
): BackendStream {
  const kept = createChunks()
  /** bytes of a message that passes before it is complete */
  let passing = 0
  /** bytes needed before anything can be done */
  let needed = HEADER

  function pass(chunk: Uint8Array): Uint8Array {
    if (passing === 0) return chunk
    const length = Math.min(passing, chunk.length)
    forward(chunk.subarray(0, length))
    passing -= length
    return chunk.subarray(length)
  }

  /** Handles whole messages in `bytes`, keeps the rest. */
  function scan(bytes: Uint8Array): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    let runStart = 0

    /** What came before a message that breaks the protocol is delivered, however the bytes were cut. */
    function judged(type: number, from: number, to: number): Verdict {
      try {
        return handler.message(type, bytes.subarray(from, to))
      } catch (error) {
        if (from > runStart) forward(bytes.subarray(runStart, from))
        throw error
      }
    }

    while (view.length - at >= HEADER) {
      const type = view[at] as number
      const length = view.readInt32BE(at + 1)
      if (length < 4) throw new ProtocolError(`the server's message states the impossible length ${length}`)
      const end = at + 1 + length
      if (end > view.length) {
        if ((type === BACKEND.DataRow || type === BACKEND.CopyData) && handler.passes(type, length)) {
          forward(bytes.subarray(runStart))
          passing = end - view.length
          needed = HEADER
          return
        }
        if (length > limit) throw new ProtocolError('the server sends a message over the limit', 'too-large')
        break
      }
      const verdict = judged(type, at, end)
      if (verdict !== 'forward') {
        if (at > runStart) forward(bytes.subarray(runStart, at))
        if (verdict !== 'drop') forward(verdict)
        runStart = end
      }
      at = end
    }
    if (at > runStart) forward(bytes.subarray(runStart, at))
    const rest = bytes.subarray(at)
    needed = rest.length >= HEADER ? 1 + view.readInt32BE(at + 1) : HEADER
    kept.push(rest)
  }

  return {
    get pending() {
      return kept.length
    },
    get partial() {
      return passing > 0
    },
    push(chunk) {
      const bytes = pass(chunk)
      if (bytes.length === 0) return
      if (kept.length === 0) return scan(bytes)
      kept.push(bytes)
      if (kept.length >= needed) scan(kept.take(kept.length))
    },
  }
}
