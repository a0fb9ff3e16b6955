// Cuts what a client sends into messages. It is pulled, so that a session that waits leaves the rest unread.
import { ProtocolError } from '../../../core/errors.ts'
import { type Chunks, createChunks } from '../../../wire/chunks.ts'
import { FRONTEND } from './codes.ts'

export type Frame =
  /** a whole message, header included */
  | { readonly kind: 'message'; readonly type: number; readonly bytes: Uint8Array }
  /** a message over the limit: its body was dropped */
  | { readonly kind: 'oversize'; readonly type: number; readonly length: number }

export interface FrontendStream {
  push(chunk: Uint8Array): void
  /** the next message, or undefined until more arrives. Throws ProtocolError. */
  next(): Frame | undefined
  /** bytes kept and not yet taken */
  pending(): number
}

const HEADER = 5
/** The longest message of a type, in bytes; asked before memory is taken for it */
type LimitOf = (type: number) => number

/** A message cannot be longer than PostgreSQL's own limit on an allocation, 1 GB (PQ_LARGE_MESSAGE_LIMIT). */
const LARGEST = 0x3fffffff

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FRONTEND))

export function createFrontendStream(limitOf: LimitOf): FrontendStream {
  const chunks = createChunks()
  let dropping: { type: number; length: number; left: number } | undefined

  return {
    pending() {
      return chunks.length()
    },
    push(chunk) {
      chunks.push(chunk)
      if (dropping) drop(chunks, dropping)
    },
    next() {
      if (dropping) {
        drop(chunks, dropping)
        if (dropping.left > 0) return undefined
        const { type, length } = dropping
        dropping = undefined
        return { kind: 'oversize', type, length }
      }
      if (chunks.length() < HEADER) return undefined
      const type = chunks.at(0)
      const length = int32(chunks, 1)
      // The header is judged before memory is taken for the body (invariant 8).
      if (length < 4 || length > LARGEST)
        throw new ProtocolError(`a message states the impossible length ${length}`)
      // A client that talks nonsense must not be waited for until it has sent all that it states.
      if (!KNOWN_TYPES.has(type))
        throw new ProtocolError(`a message of unknown type ${JSON.stringify(String.fromCharCode(type))}`)
      if (length > limitOf(type)) {
        chunks.take(HEADER)
        dropping = { type, length, left: length - 4 }
        return this.next()
      }
      return chunks.length() < length + 1
        ? undefined
        : { kind: 'message', type, bytes: chunks.take(length + 1) }
    },
  }
}

const int32 = (chunks: Chunks, at: number) =>
  (chunks.at(at) << 24) | (chunks.at(at + 1) << 16) | (chunks.at(at + 2) << 8) | chunks.at(at + 3)

function drop(chunks: Chunks, state: { left: number }): void {
  const length = Math.min(chunks.length(), state.left)
  chunks.take(length)
  state.left -= length
}
