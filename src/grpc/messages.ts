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

export function createMessageReader(maxMessage: number): MessageReader {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  let prefixUsed = 0
  let wanted = 0
  let body: Buffer | undefined
  let used = 0
  let whole: Buffer | undefined

  const lengthOf = (bytes: Buffer, at: number): number => {
    if (bytes[at] !== 0) throw new MessageError(STATUS.UNIMPLEMENTED, 'a compressed message')
    const length = bytes.readUInt32BE(at + 1)
    if (length > maxMessage) throw new MessageError(STATUS.RESOURCE_EXHAUSTED, `a message of ${length} bytes`)
    return length
  }
  const grow = (needed: number) => {
    if (body !== undefined && body.length >= needed) return
    const size = Math.min(wanted, Math.max(needed, (body?.length ?? 0) * 2, FIRST_ALLOCATION))
    const larger = Buffer.allocUnsafe(size)
    body?.copy(larger, 0, 0, used)
    body = larger
  }
  const collect = (bytes: Buffer, from: number): number => {
    let at = from
    if (prefixUsed < PREFIX_BYTES) {
      const taken = Math.min(PREFIX_BYTES - prefixUsed, bytes.length - at)
      bytes.copy(prefix, prefixUsed, at, at + taken)
      prefixUsed += taken
      at += taken
      if (prefixUsed < PREFIX_BYTES) return at
      wanted = lengthOf(prefix, 0)
    }
    const taken = Math.min(wanted - used, bytes.length - at)
    grow(used + taken)
    if (body !== undefined) bytes.copy(body, used, at, at + taken)
    used += taken
    if (used === wanted) {
      whole = body ?? Buffer.alloc(0)
      body = undefined
      prefixUsed = 0
      used = 0
    }
    return at + taken
  }

  return {
    read(bytes, from) {
      if (prefixUsed === 0 && bytes.length - from >= PREFIX_BYTES) {
        const start = from + PREFIX_BYTES
        const end = start + lengthOf(bytes, from)
        if (end <= bytes.length) {
          const view = bytes.subarray(start, end)
          whole = view.length * LARGEST_SHARE < bytes.buffer.byteLength ? Buffer.from(view) : view
          return end
        }
      }
      return collect(bytes, from)
    },
    take() {
      const message = whole
      whole = undefined
      return message
    },
    empty() {
      return prefixUsed === 0
    },
  }
}

/** The prefix of a message of `length` bytes that is not compressed. */
export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix[0] = 0
  prefix.writeUInt32BE(length, 1)
  return prefix
}
