// What a call's client sends: messages to their handler, one after the other, while it wants them.
import type { Stream } from '../http2/state.ts'
import { createMessageReader, MessageError, type MessageReader } from './messages.ts'
import { STATUS } from './status.ts'

/** The part of a CallHandler that hears of what comes. */
interface Recipient {
  message(bytes: Buffer): void
  /** the client has sent everything */
  halfClosed(): void
}

/** `add`, `end` and `resume` throw MessageError, and what the handler throws. */
export interface Inbox {
  deliverTo(owner: Recipient): void
  add(bytes: Buffer): void
  /** there is no more to come */
  end(): void
  pause(): void
  resume(): void
  /** Nothing is delivered any more. */
  close(): void
}

export const createInbox = (stream: Stream, maxMessage: number): Inbox => new MessageInbox(stream, maxMessage)

class MessageInbox implements Inbox {
  readonly #stream: Stream
  readonly #reader: MessageReader
  #handler: Recipient | undefined
  #paused = false
  #delivering = false
  #ended = false
  #closed = false
  /** came while paused, oldest first */
  #kept: Buffer[] = []

  constructor(stream: Stream, maxMessage: number) {
    this.#stream = stream
    this.#reader = createMessageReader(maxMessage)
  }

  deliverTo(owner: Recipient): void {
    this.#handler = owner
  }

  add(bytes: Buffer): void {
    this.#kept.push(bytes)
    this.#deliver()
  }

  end(): void {
    this.#ended = true
    this.#deliver()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliver()
  }

  close(): void {
    this.#closed = true
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    try {
      while (this.#kept.length > 0 && !this.#paused && !this.#closed) {
        const first = this.#kept[0] as Buffer
        const taken = this.#take(first)
        if (taken < first.length) this.#kept[0] = first.subarray(taken)
        else this.#kept.shift()
      }
    } finally {
      this.#delivering = false
    }
    if (this.#ended && this.#kept.length === 0 && !this.#paused && !this.#closed) this.#finished()
  }

  /** Returns how much of `bytes` was taken: less than all once the handler wants no more for now. */
  #take(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && !this.#paused && !this.#closed) {
      at = this.#reader.read(bytes, at)
      const message = this.#reader.take()
      if (message !== undefined) this.#handler?.message(message)
    }
    this.#stream.consumed(this.#closed ? bytes.length : at)
    return at
  }

  #finished(): void {
    this.#ended = false
    if (!this.#reader.empty()) throw new MessageError(STATUS.INTERNAL, 'the stream ends in a message')
    this.#handler?.halfClosed()
  }
}
