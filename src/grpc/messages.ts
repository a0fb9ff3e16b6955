// Length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message"), out of content that is cut anywhere.
import { Buffer } from 'node:buffer'
import { type ErrorStatus, STATUS } from './status.ts'

/** A flag that says whether the message is compressed, and its length. */
const PREFIX_BYTES = 5
/** A message that is a smaller part of its read than one in so many is copied: who keeps it keeps no more than that. */
const LARGEST_SHARE = 8
/** What is allocated for an announced length before its bytes have come, in bytes: no more than a stream's window grants. */
const FIRST_ALLOCATION = 256 * 1024

export class MessageError extends Error {
  override readonly name = 'MessageError'
  readonly status: ErrorStatus

  constructor(status: ErrorStatus, message: string) {
    super(message)
    this.status = status
  }
}

export interface MessageReader {
  /**
   * Takes bytes up to the end of the next message, and returns how many. A message that lies in `bytes` whole is a view
   * of them, or a copy of a small part. @throws MessageError for one that is too long or compressed
   */
  read(bytes: Buffer, from: number): number
  /** the message that `read` completed; undefined while there is none. Taken once. */
  take(): Buffer | undefined
  /** nothing of a message has come without the rest */
  empty(): boolean
}

export const createMessageReader = (maxMessage: number): MessageReader => new PrefixedMessages(maxMessage)

class PrefixedMessages implements MessageReader {
  readonly #maxMessage: number
  readonly #prefix = Buffer.alloc(PREFIX_BYTES)
  #prefixUsed = 0
  #wanted = 0
  #body: Buffer | undefined
  #used = 0
  #whole: Buffer | undefined

  constructor(maxMessage: number) {
    this.#maxMessage = maxMessage
  }

  read(bytes: Buffer, from: number): number {
    if (this.#prefixUsed === 0 && bytes.length - from >= PREFIX_BYTES) {
      const start = from + PREFIX_BYTES
      const end = start + this.#lengthOf(bytes, from)
      if (end <= bytes.length) {
        const view = bytes.subarray(start, end)
        const isSmallPart = view.length * LARGEST_SHARE < bytes.buffer.byteLength
        this.#whole = isSmallPart ? Buffer.from(view) : view
        return end
      }
    }
    return this.#collect(bytes, from)
  }

  take(): Buffer | undefined {
    const message = this.#whole
    this.#whole = undefined
    return message
  }

  empty(): boolean {
    return this.#prefixUsed === 0
  }

  #lengthOf(bytes: Buffer, at: number): number {
    if (bytes[at] !== 0) throw new MessageError(STATUS.UNIMPLEMENTED, 'a compressed message')
    const length = bytes.readUInt32BE(at + 1)
    if (length > this.#maxMessage)
      throw new MessageError(STATUS.RESOURCE_EXHAUSTED, `a message of ${length} bytes`)
    return length
  }

  #collect(bytes: Buffer, from: number): number {
    let at = from
    if (this.#prefixUsed < PREFIX_BYTES) {
      const taken = Math.min(PREFIX_BYTES - this.#prefixUsed, bytes.length - at)
      bytes.copy(this.#prefix, this.#prefixUsed, at, at + taken)
      this.#prefixUsed += taken
      at += taken
      if (this.#prefixUsed < PREFIX_BYTES) return at
      this.#wanted = this.#lengthOf(this.#prefix, 0)
    }
    const taken = Math.min(this.#wanted - this.#used, bytes.length - at)
    this.#grow(this.#used + taken)
    if (this.#body !== undefined) bytes.copy(this.#body, this.#used, at, at + taken)
    this.#used += taken
    if (this.#used === this.#wanted) {
      this.#whole = this.#body ?? Buffer.alloc(0)
      this.#body = undefined
      this.#prefixUsed = 0
      this.#used = 0
    }
    return at + taken
  }

  #grow(needed: number): void {
    const body = this.#body
    if (body !== undefined && body.length >= needed) return
    const size = Math.min(this.#wanted, Math.max(needed, (body?.length ?? 0) * 2, FIRST_ALLOCATION))
    const larger = Buffer.allocUnsafe(size)
    body?.copy(larger, 0, 0, this.#used)
    this.#body = larger
  }
}

/** The prefix of a message of `length` bytes that is not compressed. */
export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix[0] = 0
  prefix.writeUInt32BE(length, 1)
  return prefix
}
