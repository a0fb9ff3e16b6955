// The hash chain: what is written at once is sealed at once. Its last line ends with the SHA-256 of the hash before it and of
// all lines since, up to where its own begins.
import { Buffer } from 'node:buffer'
import { createHash, hash } from 'node:crypto'

/** Stands for the hash before the first. */
export const GENESIS = '0'.repeat(64)

const HASH_LENGTH = 64
const SUFFIX_START = ',"hash":"'
const SUFFIX_END = '"}\n'
/** Ends a line that another of its batch follows. */
const NEXT = '}\n'

/** What the end of a line takes, in bytes: of one that another follows, and of the last. */
export const NEXT_LENGTH = NEXT.length
export const SEAL_LENGTH = SUFFIX_START.length + HASH_LENGTH + SUFFIX_END.length

/** A line's JSON without its closing brace. */
export interface Body {
  readonly text: string
  /** go between the text and a closing quote, in base64; must not change until they are sealed */
  readonly bytes?: Uint8Array
  /** bytes that the line takes at most, without the brace */
  readonly most: number
}

/** @param text up to the quote before the bytes */
export const bodyWith = (text: string, bytes: Uint8Array): Body => ({
  text,
  bytes,
  most: text.length + Math.ceil(bytes.length / 3) * 4 + QUOTE.length,
})

export interface Sealed {
  /** the lines, each with its newline; valid until the next batch is sealed */
  readonly bytes: Buffer
  readonly hash: string
}

const QUOTE = '"'

/**
 * Bytes that become base64 at once, a multiple of three. A text of all of a result would be new memory of its own, which costs
 * more than its hash.
 */
const PIECE = 12 * 1024
/** Up to so many bytes go with the text around them: a write of their own costs more than another copy. */
const SHORT = 1024

/** Seals lines that are written at once; at least one. Their bytes are made once, and hashed where they are. */
export function seal(previous: string, bodies: readonly Body[]): Sealed {
  let most = HASH_LENGTH + SEAL_LENGTH
  for (const body of bodies) most += body.most + NEXT_LENGTH
  const buffer = roomFor(most)
  let at = 0
  let text = previous
  let first = true
  for (const body of bodies) {
    text += first ? body.text : NEXT + body.text
    first = false
    if (body.bytes === undefined) continue
    if (body.bytes.length <= SHORT) {
      text += base64Of(body.bytes, 0, body.bytes.length) + QUOTE
      continue
    }
    at += buffer.write(text, at, 'utf8')
    at = writeBase64(buffer, at, body.bytes)
    text = QUOTE
  }
  at += buffer.write(text, at, 'utf8')
  const digest = hash('sha256', buffer.subarray(0, at), 'hex')
  at += buffer.write(SUFFIX_START + digest + SUFFIX_END, at, 'latin1')
  return { bytes: buffer.subarray(HASH_LENGTH, at), hash: digest }
}

/** @returns where it ends */
function writeBase64(buffer: Buffer, from: number, bytes: Uint8Array): number {
  let at = from
  for (let start = 0; start < bytes.length; start += PIECE)
    at += buffer.write(base64Of(bytes, start, start + PIECE), at, 'latin1')
  return at
}

function base64Of(bytes: Uint8Array, from: number, to: number): string {
  const source = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return source.toString('base64', from, to)
}

/** Batches are written here, one after the other: memory that is new for each costs as much as its hash. */
let room = Buffer.alloc(0)
/** In bytes: the longest result of one event, in base64, with as much again. */
const ROOM_MOST = 3 * 1024 * 1024

function roomFor(length: number): Buffer {
  if (length > ROOM_MOST) return Buffer.allocUnsafe(length)
  if (room.length < length) room = Buffer.allocUnsafeSlow(Math.min(length * 2, ROOM_MOST))
  return room.subarray(0, length)
}

/** Whether a line, without its newline, states a hash. No text within it can look so: its quotes would be escaped. */
export function isSealed(line: Buffer): boolean {
  const from = line.length - SEAL_LENGTH + 1
  return from > 0 && SUFFIX.test(line.toString('latin1', from))
}

const SUFFIX = /^,"hash":"[0-9a-f]{64}"\}$/

/** The hash that the last of these lines states, when it is the right one after `previous`. They have no newlines. */
export function checkSeal(previous: string, lines: readonly Buffer[]): string | undefined {
  const last = lines.at(-1)
  if (last === undefined || !isSealed(last)) return undefined
  const bodyLength = last.length - SEAL_LENGTH + 1
  const chain = createHash('sha256').update(previous)
  for (const line of lines.slice(0, -1)) chain.update(line).update('\n')
  const digest = chain.update(last.subarray(0, bodyLength)).digest('hex')
  return last.toString('latin1', bodyLength) === `${SUFFIX_START}${digest}"}` ? digest : undefined
}
