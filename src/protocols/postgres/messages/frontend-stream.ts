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

/** By type. */
const IS_KNOWN: readonly boolean[] = Array.from({ length: 256 }, (_, type) =>
  Object.values<number>(FRONTEND).includes(type),
)

export const unknownType = (type: number) =>
  new ProtocolError(`a message of unknown type ${JSON.stringify(String.fromCharCode(type))}`)

export const createFrontendStream = (limitOf: LimitOf): FrontendStream => new ClientMessages(limitOf)

class ClientMessages implements FrontendStream {
  readonly #limitOf: LimitOf
  readonly #chunks = createChunks()
  /** a message over the limit */
  #dropping: { readonly type: number; readonly length: number; left: number } | undefined

  constructor(limitOf: LimitOf) {
    this.#limitOf = limitOf
  }

  pending(): number {
    return this.#chunks.length()
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#drop()
  }

  next(): Frame | undefined {
    const chunks = this.#chunks
    if (this.#dropping !== undefined) return this.#dropped()
    if (chunks.length() < HEADER) return undefined
    const type = chunks.at(0)
    const length = int32(chunks, 1)
    // The header is judged before memory is taken for the body (invariant 8).
    if (length < 4 || length > LARGEST)
      throw new ProtocolError(`a message states the impossible length ${length}`)
    // A client that talks nonsense must not be waited for until it has sent all that it states.
    if (IS_KNOWN[type] !== true) throw unknownType(type)
    if (length > this.#limitOf(type)) {
      chunks.take(HEADER)
      this.#dropping = { type, length, left: length - 4 }
      return this.#dropped()
    }
    return chunks.length() < length + 1
      ? undefined
      : { kind: 'message', type, bytes: chunks.take(length + 1) }
  }

  /** The message that is dropped, once all of it is. */
  #dropped(): Frame | undefined {
    this.#drop()
    const dropping = this.#dropping
    if (dropping === undefined || dropping.left > 0) return undefined
    this.#dropping = undefined
    return { kind: 'oversize', type: dropping.type, length: dropping.length }
  }

  #drop(): void {
    const dropping = this.#dropping
    if (dropping === undefined) return
    const length = Math.min(this.#chunks.length(), dropping.left)
    this.#chunks.take(length)
    dropping.left -= length
  }
}

const int32 = (chunks: Chunks, at: number) =>
  (chunks.at(at) << 24) | (chunks.at(at + 1) << 16) | (chunks.at(at + 2) << 8) | chunks.at(at + 3)
