// Decodes the bodies of client messages, strictly and to the last byte (PostgreSQL 18, chapter 54.7).
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import type { ParameterValue } from '../../../core/operation.ts'
import { createReader, type Reader } from '../../../wire/reader.ts'

/** Whole messages carry their 5 bytes of header. */
const HEADER = 5

export interface Query {
  readonly sql: string
}

export interface Parse {
  readonly name: string
  readonly sql: string
  readonly parameterTypes: readonly number[]
}

export interface Bind {
  readonly portal: string
  readonly statement: string
  readonly parameters: readonly ParameterValue[]
  /** result formats as sent: none, one for all, or one a column */
  readonly resultFormats: readonly number[]
}

export interface Execute {
  readonly portal: string
  readonly maxRows: number
}

/** Describe and Close have the same body. */
export interface Target {
  readonly kind: 'statement' | 'portal'
  readonly name: string
}

export function decodeQuery(bytes: Uint8Array): Query {
  const reader = createReader(bytes, 'Query', HEADER)
  const sql = reader.cstring()
  reader.end()
  return { sql }
}

export function decodeParse(bytes: Uint8Array): Parse {
  const reader = createReader(bytes, 'Parse', HEADER)
  const name = reader.cstring()
  const sql = reader.cstring()
  const parameterTypes = list(reader, oid)
  reader.end()
  return { name, sql, parameterTypes }
}

/** The longest message that is kept to be compared with the next, in bytes. */
const COMPARED = 4 * 1024

/** Decodes Parse messages of one session: for the bytes of the last one it gives what it gave, the same object. */
export function createParseDecoder(): (bytes: Uint8Array) => Parse {
  let last: { readonly bytes: Uint8Array; readonly parse: Parse } | undefined
  return (bytes) => {
    if (last !== undefined && isSame(last.bytes, bytes)) return last.parse
    const parse = decodeParse(bytes)
    // A copy: the bytes are a few of a chunk that would live as long as the session.
    if (bytes.length <= COMPARED) last = { bytes: Uint8Array.from(bytes), parse }
    return parse
  }
}

const isSame = (one: Uint8Array, other: Uint8Array) =>
  one.length === other.length && Buffer.compare(one, other) === 0

export function decodeBind(bytes: Uint8Array): Bind {
  const reader = createReader(bytes, 'Bind', HEADER)
  const portal = reader.cstring()
  const statement = reader.cstring()
  const formats = list(reader, format)
  const parameters = bound(reader, formats)
  const resultFormats = list(reader, format)
  reader.end()
  return { portal, statement, parameters, resultFormats }
}

/** A format is for one parameter, one for all, and none is text. */
function bound(reader: Reader, formats: readonly number[]): ParameterValue[] {
  const count = reader.int16() & 0xffff
  if (formats.length > 1 && formats.length !== count) {
    throw new ProtocolError('Bind has a format count that is neither 0, 1 nor its parameter count')
  }
  const values: ParameterValue[] = []
  for (let i = 0; i < count; i += 1) values.push(parameter(reader, formats[formats.length > 1 ? i : 0] ?? 0))
  return values
}

export function decodeExecute(bytes: Uint8Array): Execute {
  const reader = createReader(bytes, 'Execute', HEADER)
  const portal = reader.cstring()
  const maxRows = reader.int32()
  reader.end()
  return { portal, maxRows }
}

export function decodeTarget(bytes: Uint8Array, what: 'Describe' | 'Close'): Target {
  const reader = createReader(bytes, what, HEADER)
  const kind = String.fromCharCode(reader.uint8())
  if (kind !== 'S' && kind !== 'P') throw new ProtocolError(`${what} of a kind that is neither S nor P`)
  const name = reader.cstring()
  reader.end()
  return { kind: kind === 'S' ? 'statement' : 'portal', name }
}

/** Sync, Flush, Terminate and CopyDone have no body. */
export function expectEmpty(bytes: Uint8Array, what: string): void {
  if (bytes.length !== HEADER) throw new ProtocolError(`${what} has a body`)
}

function list<T>(reader: Reader, item: (reader: Reader) => T): T[] {
  const count = reader.int16() & 0xffff
  const items: T[] = []
  for (let i = 0; i < count; i += 1) items.push(item(reader))
  return items
}

function format(reader: Reader): number {
  const value = reader.int16()
  if (value !== 0 && value !== 1) throw new ProtocolError('Bind has a format that is neither text nor binary')
  return value
}

const oid = (reader: Reader): number => reader.int32() >>> 0

function parameter(reader: Reader, formatCode: number): ParameterValue {
  const length = reader.int32()
  if (length === -1) return { kind: 'null' }
  if (formatCode === 0) return { kind: 'text', value: reader.text(length, 'a text parameter of Bind') }
  return { kind: 'binary', hex: Buffer.from(reader.bytes(length)).toString('hex') }
}
