// The few protobuf wire-format primitives that the hand-written codec needs (protobuf.dev/programming-guides/encoding).
// Strict: a truncated, overlong or group-typed field throws ProtobufError, and the gRPC call fails closed.

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
const FIXED32 = 5

export interface Cursor {
  readonly bytes: Buffer
  at: number
  readonly end: number
}

function cursor(bytes: Buffer): Cursor {
  return { bytes, at: 0, end: bytes.length }
}

/** An unsigned varint of at most 10 bytes. Bits from the 50th on are dropped: nothing that is read here has them. */
export function readVarint(c: Cursor): number {
  let value = 0
  let scale = 1
  for (let n = 0; n < 10; n++) {
    const byte = c.at < c.end ? c.bytes[c.at++] : undefined
    if (byte === undefined) throw new ProtobufError('truncated varint')
    if (n < 7) value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return value
  }
  throw new ProtobufError('overlong varint')
}

/** A length-delimited field, as a view of the same memory. */
export function readBytes(c: Cursor): Buffer {
  const length = readVarint(c)
  if (length > c.end - c.at) throw new ProtobufError('truncated field')
  const from = c.at
  c.at += length
  return c.bytes.subarray(from, c.at)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** proto3 strings are UTF-8; anything else is refused rather than repaired. */
export function readString(c: Cursor): string {
  try {
    return utf8.decode(readBytes(c))
  } catch (error) {
    if (error instanceof ProtobufError) throw error
    throw new ProtobufError('a string is not UTF-8')
  }
}

export function readDouble(c: Cursor): number {
  if (c.end - c.at < 8) throw new ProtobufError('truncated double')
  const value = c.bytes.readDoubleLE(c.at)
  c.at += 8
  return value
}

function skip(c: Cursor, wireType: number): void {
  if (wireType === VARINT) readVarint(c)
  else if (wireType === BYTES) readBytes(c)
  else if (wireType === FIXED64) advance(c, 8)
  else if (wireType === FIXED32) advance(c, 4)
  else throw new ProtobufError(`wire type ${wireType}`)
}

function advance(c: Cursor, n: number): void {
  if (c.end - c.at < n) throw new ProtobufError('truncated field')
  c.at += n
}

/** Calls `field` for each field; it returns false for one that it does not know, which is then skipped. */
export function readFields(bytes: Buffer, field: (c: Cursor, number: number, type: number) => boolean): void {
  const c = cursor(bytes)
  while (c.at < c.end) {
    const tag = readVarint(c)
    const number = Math.floor(tag / 8)
    if (number === 0) throw new ProtobufError('field number 0')
    if (!field(c, number, tag % 8)) skip(c, tag % 8)
  }
}

export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

/** Writes a varint and returns the offset after it. */
export function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value
  let offset = at
  while (rest >= 128) {
    out[offset++] = (rest % 128) + 128
    rest = Math.floor(rest / 128)
  }
  out[offset++] = rest
  return offset
}
