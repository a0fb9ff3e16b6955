// Rows of COPY TO STDOUT with what detectors find in their values masked (PostgreSQL 18, COPY, "File Formats").
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import type { CopyRows } from '../../../core/facts.ts'
import type { Detection } from '../../../core/masking.ts'
import { BACKEND } from '../messages/codes.ts'
import { message } from '../messages/encode.ts'

/** Bytes of a CopyData message before its data. */
const HEADER = 5
const [NEWLINE, BACKSLASH] = [0x0a, 0x5c] as const

/** A value as it stands in the row, and as it is. */
interface Field {
  readonly start: number
  readonly end: number
  readonly value: Uint8Array
}

/** @throws ProtocolError for data that is not whole rows of the format */
export function cleanseCopyData(bytes: Uint8Array, rows: CopyRows, detection: Detection): Uint8Array {
  if (bytes.length === HEADER) return bytes
  // PostgreSQL sends each row in a message of its own; a value in two of them could not be looked through.
  if (bytes[bytes.length - 1] !== NEWLINE) throw new ProtocolError('COPY data that is not whole rows')
  if (!detection.suspects(bytes, HEADER, bytes.length)) return bytes
  const write = rows.format === 'csv' ? quoted : escaped
  const parts: Uint8Array[] = []
  let copied = HEADER
  for (const { start, end, value } of rows.format === 'csv'
    ? csvFields(bytes, rows)
    : textFields(bytes, rows)) {
    const shown = detection.cleanse(value)
    if (shown === value) continue
    parts.push(bytes.subarray(copied, start), write(shown, rows))
    copied = end
  }
  return copied === HEADER ? bytes : message(BACKEND.CopyData, ...parts, bytes.subarray(copied))
}

/** Bytes of one value after the other, in memory that is taken once: a row may have 64 MiB. */
function createValue(most: number) {
  const bytes = Buffer.allocUnsafe(most)
  let from = 0
  let to = 0
  return {
    add(byte: number): void {
      bytes[to] = byte
      to += 1
    },
    take(): Uint8Array {
      const value = bytes.subarray(from, to)
      from = to
      return value
    },
  }
}

/** What follows the backslash when it stands for a control character. */
const CONTROLS = new Map(
  [...'bfnrtv'].map((letter, i) => [letter.charCodeAt(0), [8, 12, 10, 13, 9, 11][i] as number]),
)
const LETTERS = new Map([...CONTROLS].map(([letter, control]) => [control, letter]))

/** A newline, like a delimiter, stands for itself behind a backslash only. */
function* textFields(bytes: Uint8Array, { delimiter }: CopyRows): Generator<Field> {
  const separator = delimiter.charCodeAt(0)
  const value = createValue(bytes.length)
  let start = HEADER
  for (let at = HEADER; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (byte === separator || byte === NEWLINE) {
      yield { start, end: at, value: value.take() }
      start = at + 1
    } else if (byte === BACKSLASH) {
      at += 1
      const next = bytes[at] as number
      value.add(CONTROLS.get(next) ?? next)
    } else value.add(byte)
  }
}

function escaped(value: Uint8Array, { delimiter }: CopyRows): Uint8Array {
  const separator = delimiter.charCodeAt(0)
  const out = createValue(2 * value.length)
  for (const byte of value) {
    const letter = LETTERS.get(byte)
    if (letter !== undefined || byte === BACKSLASH || byte === separator) out.add(BACKSLASH)
    out.add(letter ?? byte)
  }
  return out.take()
}

function* csvFields(bytes: Uint8Array, rows: CopyRows): Generator<Field> {
  const [separator, mark, before] = [rows.delimiter, rows.quote, rows.escape].map((c) => c.charCodeAt(0)) as [
    number,
    number,
    number,
  ]
  const value = createValue(bytes.length)
  let start = HEADER
  let inside = false
  for (let at = HEADER; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    const next = bytes[at + 1]
    if (inside && byte === before && (next === mark || next === before)) {
      value.add(next)
      at += 1
    } else if (byte === mark) inside = !inside
    else if (!inside && (byte === separator || byte === NEWLINE)) {
      yield { start, end: at, value: value.take() }
      start = at + 1
    } else value.add(byte)
  }
  if (inside) throw new ProtocolError('COPY data that is not whole rows')
}

function quoted(value: Uint8Array, rows: CopyRows): Uint8Array {
  const [mark, before] = [rows.quote.charCodeAt(0), rows.escape.charCodeAt(0)]
  const out = createValue(2 * value.length + 2)
  out.add(mark)
  for (const byte of value) {
    if (byte === mark || byte === before) out.add(before)
    out.add(byte)
  }
  out.add(mark)
  return out.take()
}
