// google.protobuf.Struct to plain values: the attributes of a sidestream's first request.
import {
  BYTES,
  type Cursor,
  FIXED64,
  ProtobufError,
  readBytes,
  readDouble,
  readFields,
  readString,
  readVarint,
  VARINT,
} from './wire.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Envoy's attributes are flat; the limit keeps a hostile peer from deep recursion. */
const MAX_DEPTH = 8

/** Struct { map<string, Value> fields = 1; } */
export function decodeStruct(bytes: Buffer, depth = 0): JsonObject {
  if (depth > MAX_DEPTH) throw new ProtobufError('attributes are nested too deeply')
  return decodeMap(bytes, 1, (value) => decodeValue(value, depth + 1))
}

/** The entries of a map field: each is a message of key = 1 and value = 2. The last entry of a key counts. */
function decodeMap<V>(
  bytes: Buffer,
  fieldNumber: number,
  decode: (value: Buffer) => V,
): Readonly<Record<string, V>> {
  const record: Record<string, V> = Object.create(null)
  readFields(bytes, (c, number, type) => {
    if (number !== fieldNumber || type !== BYTES) return false
    const [key, value] = decodeEntry(readBytes(c))
    record[key] = decode(value)
    return true
  })
  return record
}

/** One map entry whose value is a message. */
export function decodeEntry(bytes: Buffer): [key: string, value: Buffer] {
  let key = ''
  let value: Buffer = Buffer.alloc(0)
  readFields(bytes, (c, number, type) => {
    if (type !== BYTES) return false
    if (number === 1) key = readString(c)
    else if (number === 2) value = readBytes(c)
    else return false
    return true
  })
  return [key, value]
}

/** Value: oneof { null = 1, number = 2, string = 3, bool = 4, struct = 5, list = 6 }; none set is read as null. */
function decodeValue(bytes: Buffer, depth: number): Json {
  let result: Json = null
  readFields(bytes, (c, number, type) => {
    const kind = valueReaders[number]
    if (kind === undefined || kind.type !== type) return false
    result = kind.read(c, depth)
    return true
  })
  return result
}

const valueReaders: Readonly<Record<number, { type: number; read: (c: Cursor, depth: number) => Json }>> = {
  1: { type: VARINT, read: readNull },
  2: { type: FIXED64, read: readDouble },
  3: { type: BYTES, read: readString },
  4: { type: VARINT, read: (c) => readVarint(c) !== 0 },
  5: { type: BYTES, read: (c, depth) => decodeStruct(readBytes(c), depth) },
  6: { type: BYTES, read: (c, depth) => decodeList(readBytes(c), depth) },
}

function decodeList(bytes: Buffer, depth: number): readonly Json[] {
  if (depth > MAX_DEPTH) throw new ProtobufError('attributes are nested too deeply')
  const values: Json[] = []
  readFields(bytes, (c, number, type) => {
    if (number !== 1 || type !== BYTES) return false
    values.push(decodeValue(readBytes(c), depth + 1))
    return true
  })
  return values
}

function readNull(c: Cursor): null {
  readVarint(c)
  return null
}
