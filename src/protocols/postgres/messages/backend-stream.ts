// Cuts what a server sends into messages and passes on what the handler lets through, in runs as long as possible:
// a result of many rows that nobody masks is forwarded without a copy.
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import { createChunks } from '../../../wire/chunks.ts'
import { BACKEND } from './codes.ts'

/** What to do with a message: pass it on, drop it, or send these bytes in its place. */
export type Verdict = 'forward' | 'drop' | Uint8Array

/** Rows that were handled together: they pass as they are, or `shown` is sent in their place. */
export interface RowRun {
  /** where the first message begins that is not among them */
  readonly end: number
  readonly shown?: Uint8Array
}

export interface BackendHandler {
  /** A whole message, header included, valid only during the call. */
  message(type: number, bytes: Uint8Array): Verdict
  /**
   * Handles the whole DataRows from `from` on at once; undefined, or none handled: they are to be given one by one.
   * What is wrong with a row, `message` says when it is given. Absent where no rows come.
   */
  rows?(bytes: Uint8Array, from: number): RowRun | undefined
  /**
   * May a DataRow or CopyData of this length pass before it is complete? Asked only for those that have not arrived
   * whole; they are counted as seen when this says yes.
   */
  passes(type: number, length: number): boolean
}

export interface BackendStream {
  push(chunk: Uint8Array): void
  /** Passes the rest of the message that is `partial`, and nothing after it. */
  finish(chunk: Uint8Array): void
  /** bytes kept and not yet handled */
  pending(): number
  /** the client has had a part of a message: nothing else may be said to it before the rest */
  partial(): boolean
  /** Passes one byte of what is kept of the message that is `partial`, if any is left. */
  trickle(): void
}

const HEADER = 5
const NOTHING = new Uint8Array(0)

/**
 * @param limit longest message that is taken into memory, in bytes
 * @param spare bytes of a `partial` message that are kept until more of it comes
 */
export const createBackendStream = (
  handler: BackendHandler,
  forward: (bytes: Uint8Array) => void,
  limit: number,
  spare = 0,
): BackendStream => new ServerMessages(handler, forward, limit, spare)

class ServerMessages implements BackendStream {
  readonly #handler: BackendHandler
  readonly #forward: (bytes: Uint8Array) => void
  readonly #limit: number
  readonly #kept = createChunks()
  readonly #spare: number
  /** bytes that have not come of a message that passes before it is complete */
  #passing = 0
  /** the last that came of it */
  #tail: Uint8Array = NOTHING
  /** bytes needed before anything can be done */
  #needed = HEADER
  /** in the bytes that are scanned, where begins what passes as it is and was not sent on */
  #runStart = 0

  constructor(handler: BackendHandler, forward: (bytes: Uint8Array) => void, limit: number, spare: number) {
    this.#handler = handler
    this.#forward = forward
    this.#limit = limit
    this.#spare = spare
  }

  pending(): number {
    return this.#kept.length()
  }

  partial(): boolean {
    return this.#passing > 0
  }

  trickle(): void {
    if (this.#tail.length === 0) return
    this.#forward(this.#tail.subarray(0, 1))
    this.#tail = this.#tail.subarray(1)
  }

  finish(chunk: Uint8Array): void {
    this.#passTail()
    const rest = chunk.subarray(0, this.#passing)
    this.#passing -= rest.length
    if (rest.length > 0) this.#forward(rest)
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk
    while (this.#kept.length() > 0 && bytes.length > 0) bytes = this.#complete(bytes)
    if (bytes.length === 0) return
    // The end of a row that passes goes with the rows after it, in one piece.
    const start = Math.min(this.#passing, bytes.length)
    this.#passing -= start
    this.#scan(bytes, start)
  }

  /** Sends what passes as it is, from `#runStart` to `from`, and `shown` in place of what follows up to `to`. */
  #replace(bytes: Uint8Array, from: number, to: number, shown: Uint8Array | undefined): void {
    this.#pass(bytes, from)
    if (shown !== undefined && shown.length > 0) this.#forward(shown)
    this.#runStart = to
  }

  #passTail(): void {
    if (this.#tail.length === 0) return
    this.#forward(this.#tail)
    this.#tail = NOTHING
  }

  /** Sends what there is of a message that passes, from `begin` on, and of what is before it; keeps what may trickle. */
  #passPartial(bytes: Uint8Array, begin: number): void {
    const end = Math.max(begin, bytes.length - this.#spare)
    this.#pass(bytes, end)
    if (end < bytes.length) this.#tail = new Uint8Array(bytes.subarray(end))
  }

  /** Sends what passes as it is, from `#runStart` on. */
  #pass(bytes: Uint8Array, to: number): void {
    const from = this.#runStart
    if (to <= from) return
    this.#forward(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))
  }

  /** Handles whole messages in `bytes` from `start` on, keeps the rest; what is before it passes. */
  #scan(bytes: Uint8Array, start: number): void {
    this.#passTail()
    this.#runStart = 0
    let at = start
    this.#needed = HEADER
    try {
      while (bytes.length - at >= HEADER) {
        const next = this.#handle(bytes, at)
        if (next < 0) break
        at = next
      }
    } catch (error) {
      // What came before a message that breaks the protocol is delivered, however the bytes were cut.
      this.#pass(bytes, at)
      throw error
    }
    // Where none begins in them, all of the bytes are of one that began before.
    if (this.#passing > 0) return this.#passPartial(bytes, at < bytes.length ? at : 0)
    this.#pass(bytes, at)
    if (at < bytes.length) this.#kept.push(bytes.subarray(at))
  }

  /** Handles the message at `at`, or the rows that begin there. Gives where the next begins; -1 when it is not whole. */
  #handle(bytes: Uint8Array, at: number): number {
    const type = bytes[at] as number
    const rows = type === BACKEND.DataRow ? this.#handler.rows?.(bytes, at) : undefined
    if (rows !== undefined && rows.end > at) {
      if (rows.shown !== undefined) this.#replace(bytes, at, rows.end, rows.shown)
      return rows.end
    }
    const length = lengthAt(bytes, at + 1)
    if (length < 4) throw new ProtocolError(`the server's message states the impossible length ${length}`)
    const end = at + 1 + length
    if (end > bytes.length) return this.#incomplete(bytes, at, type, length)
    const verdict = this.#handler.message(type, length === 4 ? bodiless(type) : bytes.subarray(at, end))
    if (verdict !== 'forward') this.#replace(bytes, at, end, verdict === 'drop' ? undefined : verdict)
    return end
  }

  #incomplete(bytes: Uint8Array, at: number, type: number, length: number): -1 {
    const end = at + 1 + length
    if ((type === BACKEND.DataRow || type === BACKEND.CopyData) && this.#handler.passes(type, length)) {
      this.#passing = end - bytes.length
    } else if (length > this.#limit) {
      throw new ProtocolError('the server sends a message over the limit', 'too-large')
    } else {
      this.#needed = end - at
    }
    return -1
  }

  /** Completes the message that was kept, so that only it is joined and not all that comes after it. */
  #complete(chunk: Uint8Array): Uint8Array {
    const kept = this.#kept
    const missing = this.#needed - kept.length()
    kept.push(chunk.subarray(0, missing))
    if (kept.length() >= this.#needed) this.#scan(kept.take(kept.length()), 0)
    return chunk.subarray(missing)
  }
}

/** Messages without a body are their type alone, and a statement has some of them. */
const BODILESS: readonly Uint8Array[] = Array.from({ length: 256 }, (_, type) => Buffer.of(type, 0, 0, 0, 4))
const bodiless = (type: number) => BODILESS[type] as Uint8Array

const lengthAt = (bytes: Uint8Array, at: number) =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number)
