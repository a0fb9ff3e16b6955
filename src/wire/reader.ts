// Reads big-endian fields out of one complete message. Every read past the end is a ProtocolError, never undefined.
import { ProtocolError } from '../core/errors.ts'

export interface Reader {
  /** bytes not yet read */
  readonly remaining: number
  uint8(): number
  int16(): number
  int32(): number
  bytes(length: number): Uint8Array
  /** UTF-8, strict as that of `cstring`. @param what for the error */
  text(length: number, what: string): string
  /** UTF-8 text up to a zero byte; strict: a text that is not UTF-8 is refused */
  cstring(): string
  /** Throws unless everything was read: what is judged is what runs (invariant 2). */
  end(): void
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Longer texts are quicker in one native call; in bytes. */
const SHORT = 16

/** Undefined for one that is long, or not ASCII. */
function shortAscii(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from > SHORT) return undefined
  let text = ''
  for (let i = from; i < to; i += 1) {
    const byte = bytes[i] as number
    if (byte > 0x7f) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

/** Undefined for what is not UTF-8. */
function decoded(bytes: Uint8Array, from: number, to: number): string | undefined {
  const short = shortAscii(bytes, from, to)
  if (short !== undefined) return short
  try {
    return utf8.decode(bytes.subarray(from, to))
  } catch {
    return undefined
  }
}

const notUtf8 = (what: string) => new ProtocolError(`${what} is not valid UTF-8`)

export function decodeUtf8(bytes: Uint8Array, what: string): string {
  const text = decoded(bytes, 0, bytes.length)
  if (text === undefined) throw notUtf8(what)
  return text
}

export function createReader(message: Uint8Array, what: string, start = 0): Reader {
  return new MessageReader(message, what, start)
}

/** A class, since every message makes one: eight closures each were a tenth of the garbage. */
class MessageReader implements Reader {
  readonly #message: Uint8Array
  readonly #what: string
  #at: number

  constructor(message: Uint8Array, what: string, start: number) {
    this.#message = message
    this.#what = what
    this.#at = start
  }

  get remaining(): number {
    return this.#message.length - this.#at
  }

  uint8(): number {
    return this.#message[this.#advance(1)] as number
  }

  int16(): number {
    return (this.#uint16(this.#advance(2)) << 16) >> 16
  }

  int32(): number {
    const at = this.#advance(4)
    return (this.#uint16(at) << 16) | this.#uint16(at + 2)
  }

  bytes(length: number): Uint8Array {
    const from = this.#advance(length)
    return this.#message.subarray(from, from + length)
  }

  text(length: number, what: string): string {
    const from = this.#advance(length)
    const text = decoded(this.#message, from, from + length)
    if (text === undefined) throw notUtf8(what)
    return text
  }

  cstring(): string {
    const zero = this.#message.indexOf(0, this.#at)
    if (zero < 0) throw new ProtocolError(`${this.#what} has an unterminated string`)
    const from = this.#advance(zero - this.#at + 1)
    if (from === zero) return ''
    const text = decoded(this.#message, from, zero)
    if (text === undefined) throw notUtf8(`a string in ${this.#what}`)
    return text
  }

  end(): void {
    if (this.remaining !== 0) throw new ProtocolError(`${this.#what} has ${this.remaining} bytes too many`)
  }

  #uint16(at: number): number {
    return ((this.#message[at] as number) << 8) | (this.#message[at + 1] as number)
  }

  #advance(length: number): number {
    if (length < 0 || length > this.remaining) throw new ProtocolError(`${this.#what} is truncated`)
    const from = this.#at
    this.#at += length
    return from
  }
}
