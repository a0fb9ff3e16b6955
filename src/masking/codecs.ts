// Values of the types that `hash`, `tokenize` and `partial` keep in their own shape: from either wire format to text and back.
import { Buffer } from 'node:buffer'
import { decodeNumeric, encodeNumeric } from './numeric.ts'

export type Format = 'text' | 'binary'

export type CodecKind = 'int2' | 'int4' | 'int8' | 'numeric' | 'uuid' | 'bytea'

/** One value as text that is the same in both formats. */
export interface Codec {
  /** undefined for bytes that are no value of the type, or one that has no such text */
  decode(value: Uint8Array): string | undefined
  encode(text: string): Uint8Array
}

const WIDTHS = { int2: 2, int4: 4, int8: 8 } as const
export type IntegerKind = keyof typeof WIDTHS

export const MAX_INTEGER: Readonly<Record<IntegerKind, bigint>> = {
  int2: 2n ** 15n - 1n,
  int4: 2n ** 31n - 1n,
  int8: 2n ** 63n - 1n,
}

export function isInteger(kind: string): kind is IntegerKind {
  return Object.hasOwn(WIDTHS, kind)
}

/** A sign and the digits of an int8 at most. */
const INTEGER = /^-?[0-9]{1,19}$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const HEX = /^(?:[0-9a-f]{2})*$/i

const latin1 = (value: Uint8Array) =>
  Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
const matching = (pattern: RegExp, longest: number) => (value: Uint8Array) => {
  const text = value.length <= longest ? latin1(value) : ''
  return pattern.test(text) ? text : undefined
}

function integer(kind: IntegerKind, format: Format): Codec {
  if (format === 'text')
    return { decode: matching(INTEGER, 20), encode: (text) => Buffer.from(text, 'latin1') }
  const width = WIDTHS[kind]
  return {
    decode: (value) =>
      value.length === width ? BigInt.asIntN(width * 8, BigInt(`0x${hexOf(value)}`)).toString() : undefined,
    encode(text) {
      const out = Buffer.alloc(8)
      out.writeBigInt64BE(BigInt(text))
      return out.subarray(8 - width)
    },
  }
}

const hexOf = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')

export const dashed = (hex: string) =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')

function uuid(format: Format): Codec {
  if (format === 'text') return { decode: matching(UUID, 36), encode: (text) => Buffer.from(text, 'latin1') }
  return {
    decode: (value) => (value.length === 16 ? dashed(hexOf(value)) : undefined),
    encode: (text) => Buffer.from(text.replaceAll('-', ''), 'hex'),
  }
}

/** As hexadecimal digits. A text form that is not `\x…` comes from `bytea_output = escape` and has no such text. */
function bytea(format: Format): Codec {
  if (format === 'binary') return { decode: hexOf, encode: (hex) => Buffer.from(hex, 'hex') }
  return {
    decode(value) {
      const text = latin1(value)
      return text.startsWith('\\x') && HEX.test(text.slice(2)) ? text.slice(2) : undefined
    },
    encode: (hex) => Buffer.from(`\\x${hex}`, 'latin1'),
  }
}

export function codecOf(kind: CodecKind, format: Format): Codec {
  switch (kind) {
    case 'int2':
    case 'int4':
    case 'int8':
      return integer(kind, format)
    case 'numeric':
      return {
        decode: (value) => decodeNumeric(value, format),
        encode: (text) => encodeNumeric(text, format),
      }
    case 'uuid':
      return uuid(format)
    case 'bytea':
      return bytea(format)
  }
}
