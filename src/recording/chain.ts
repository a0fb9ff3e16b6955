// The hash chain: every line ends with the SHA-256 of the previous line's hash and of its own text before the hash.
import { hash } from 'node:crypto'

/** Stands for the hash before the first line. */
export const GENESIS = '0'.repeat(64)

const HASH_LENGTH = 64
const SUFFIX_START = ',"hash":"'
const SUFFIX_END = '"}\n'
const SUFFIX_LENGTH = SUFFIX_START.length + HASH_LENGTH + SUFFIX_END.length

export interface Sealed<Line extends string | Buffer> {
  /** complete, with its newline */
  readonly line: Line
  readonly hash: string
}

/** Seals one event. `body` is its JSON without the closing brace; the seal adds the hash and closes it. */
export function sealLine(previous: string, body: string): Sealed<string> {
  const digest = hash('sha256', previous + body, 'hex')
  return { line: body + SUFFIX_START + digest + SUFFIX_END, hash: digest }
}

/** The same for a long body that is ASCII: without a pass over it to tell how it is encoded. */
export function sealLongLine(previous: string, body: string): Sealed<Buffer> {
  const { length } = body
  const buffer = Buffer.allocUnsafe(HASH_LENGTH + length + SUFFIX_LENGTH)
  buffer.write(previous, 0, 'latin1')
  buffer.write(body, HASH_LENGTH, 'latin1')
  const digest = hash('sha256', buffer.subarray(0, HASH_LENGTH + length), 'hex')
  buffer.write(`${SUFFIX_START}${digest}${SUFFIX_END}`, HASH_LENGTH + length, 'latin1')
  return { line: buffer.subarray(HASH_LENGTH), hash: digest }
}

/** The hash that a line states, when it is the right one after `previous`. `line` has no newline. */
export function checkLine(previous: string, line: Buffer): string | undefined {
  const bodyLength = line.length - SUFFIX_LENGTH + 1
  if (bodyLength < 1) return undefined
  const body = line.subarray(0, bodyLength)
  const suffix = line.toString('latin1', bodyLength)
  const digest = hash('sha256', Buffer.concat([Buffer.from(previous, 'latin1'), body]), 'hex')
  return suffix === `${SUFFIX_START}${digest}"}` ? digest : undefined
}
