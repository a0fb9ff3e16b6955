// Reads big-endian fields out of one complete message. Every read past the end is a ProtocolError, never undefined.
import { ProtocolError } from '../core/errors.ts'

export interface Reader {
  /** bytes not yet read */
  readonly remaining: number
  uint8(): number
  int16(): number
  int32(): number
  bytes(length: number): Uint8Array
  /** UTF-8 text up to a zero byte; strict: a text that is not UTF-8 is refused */
  cstring(): string
  /** Throws unless everything was read: what is judged is what runs (invariant 2). */
  end(): void
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ProtocolError(`${what} is not valid UTF-8`)
  }
}

export function createReader(message: Uint8Array, what: string, start = 0): Reader {
  const view = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  let at = start

  function advance(length: number): number {
    if (length < 0 || length > view.length - at) throw new ProtocolError(`${what} is truncated`)
    const from = at
    at += length
    return from
  }

  return {
    get remaining() {
      return view.length - at
    },
    uint8: () => view.readUInt8(advance(1)),
    int16: () => view.readInt16BE(advance(2)),
    int32: () => view.readInt32BE(advance(4)),
    bytes(length) {
      const from = advance(length)
      return message.subarray(from, from + length)
    },
    cstring() {
      const zero = view.indexOf(0, at)
      if (zero < 0) throw new ProtocolError(`${what} has an unterminated string`)
      const from = advance(zero - at + 1)
      return decodeUtf8(message.subarray(from, zero), `a string in ${what}`)
    },
    end() {
      if (at !== view.length) throw new ProtocolError(`${what} has ${view.length - at} bytes too many`)
    },
  }
}
