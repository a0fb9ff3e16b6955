// A value of a result as text. What is not known to be text is shown as hexadecimal, never guessed.
import type { FieldDescription } from '../messages/backend.ts'

/** The longest value that is shown whole, in characters. */
const SHOWN_MOST = 200

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const hex = (value: Buffer) => `\\x${value.toString('hex')}`

function text(value: Buffer): string {
  try {
    return strictUtf8.decode(value)
  } catch {
    return hex(value)
  }
}

function uuid(value: Buffer): string {
  return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

interface BinaryType {
  /** bytes; absent when any length will do */
  readonly length?: number
  readonly decode: (value: Buffer) => string
}

/** By OID of pg_type.dat: binary formats that one line can decode. */
const BINARY: ReadonlyMap<number, BinaryType> = new Map<number, BinaryType>([
  [16, { length: 1, decode: (value) => (value[0] === 1 ? 't' : 'f') }],
  [20, { length: 8, decode: (value) => String(value.readBigInt64BE()) }],
  [21, { length: 2, decode: (value) => String(value.readInt16BE()) }],
  [23, { length: 4, decode: (value) => String(value.readInt32BE()) }],
  [26, { length: 4, decode: (value) => String(value.readUInt32BE()) }],
  [700, { length: 4, decode: (value) => String(value.readFloatBE()) }],
  [701, { length: 8, decode: (value) => String(value.readDoubleBE()) }],
  [2950, { length: 16, decode: uuid }],
  // jsonb: a version, then the text
  [3802, { decode: (value) => (value[0] === 1 ? text(value.subarray(1)) : hex(value)) }],
  // text, varchar, bpchar, name, json, xml, unknown
  ...[25, 1043, 1042, 19, 114, 142, 705].map((oid): [number, BinaryType] => [oid, { decode: text }]),
])

function decoded(value: Buffer, field: FieldDescription | undefined): string {
  if (field?.format !== 'binary') return text(value)
  const type = BINARY.get(field.type)
  const fits = type !== undefined && (type.length === undefined || type.length === value.length)
  return fits ? type.decode(value) : hex(value)
}

/** One cell; not yet safe for a terminal. A row without a description is shown as text where it is text. */
export function valueText(value: Uint8Array | null, field: FieldDescription | undefined): string {
  if (value === null) return 'NULL'
  const whole = decoded(Buffer.from(value.buffer, value.byteOffset, value.byteLength), field)
  return whole.length > SHOWN_MOST ? `${whole.slice(0, SHOWN_MOST)}… (${value.length} bytes)` : whole
}
