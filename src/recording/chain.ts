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
  /** `latin1` for text that is ASCII: no pass over it is needed to tell */
  readonly encoding: 'utf8' | 'latin1'
  /** in bytes */
  readonly length: number
}

export interface Sealed {
  /** the lines, each with its newline; valid until the next batch is sealed */
  readonly bytes: Buffer
  readonly hash: string
}

/** From here on, in bytes, lines are written to their buffer one by one, without a text of all of them. */
const LONG = 4096

/** Seals lines that are written at once; at least one. */
export function seal(previous: string, bodies: readonly Body[]): Sealed {
  let length = 0
  for (const body of bodies) length += body.length
  return length < LONG ? sealShort(previous, bodies) : sealLong(previous, bodies, length)
}

function sealShort(previous: string, bodies: readonly Body[]): Sealed {
  let text = ''
  for (const body of bodies) text += text === '' ? body.text : NEXT + body.text
  const digest = hash('sha256', previous + text, 'hex')
  return { bytes: Buffer.from(text + SUFFIX_START + digest + SUFFIX_END), hash: digest }
}

function sealLong(previous: string, bodies: readonly Body[], length: number): Sealed {
  const all = HASH_LENGTH + length + (bodies.length - 1) * NEXT_LENGTH
  const buffer = roomFor(all + SEAL_LENGTH)
  let at = buffer.write(previous, 0, 'latin1')
  for (const [place, { text, encoding }] of bodies.entries()) {
    if (place > 0) at += buffer.write(NEXT, at, 'latin1')
    at += buffer.write(text, at, encoding)
  }
  if (at !== all) throw new Error('invariant: a line is not as long as was counted')
  const digest = hash('sha256', buffer.subarray(0, all), 'hex')
  buffer.write(SUFFIX_START + digest + SUFFIX_END, all, 'latin1')
  return { bytes: buffer.subarray(HASH_LENGTH), hash: digest }
}

/** Batches with results are written here, one after the other: memory that is new for each costs as much as its hash. */
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
