// Numbers that may be card numbers, in either wire format. What is found is hidden whole: a piece of it would be no number.
import { codecOf, type Format } from '../codecs.ts'
import { MIN_CARD } from './cards.ts'
import type { Cleanser } from './cleanse.ts'

type Look = (value: Uint8Array) => Uint8Array | null

const latin1 = (value: Uint8Array) =>
  Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')

/** The high half of the smallest int8 that has as many digits as a card number. */
const MIN_HIGH = Math.floor(10 ** (MIN_CARD - 1) / 2 ** 32)
/** The weight of the first digit of such a numeric, whose base is 10000. */
const MIN_WEIGHT = Math.ceil(MIN_CARD / 4) - 1

export function lookAtNumber(
  kind: 'int8' | 'numeric' | 'float8',
  format: Format,
  cleanser: Cleanser,
  hidden: Uint8Array,
): Look {
  const plain = (text: string) => {
    const digits = Buffer.from(text, 'latin1')
    return cleanser.cleanse(digits) === digits
  }
  if (kind === 'float8') return (value) => (plain(floatDigits(value, format)) ? value : hidden)
  if (format === 'text') return (value) => (cleanser.cleanse(value) === value ? value : hidden)
  const codec = codecOf(kind, format)
  const small = kind === 'int8' ? isSmall : isShort
  return (value) => {
    if (small(value, 0)) return value
    // Of a numeric with more digits than are read nothing is shown.
    const text = codec.decode(value)
    return text !== undefined && plain(text) ? value : hidden
  }
}

/** An int8, by its high half. */
export const isSmall = (bytes: Uint8Array, start: number): boolean => {
  const byte = (place: number) => bytes[start + place] ?? 0
  const high = (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)
  return high >= 0 ? high < MIN_HIGH : -high <= MIN_HIGH
}

/** A numeric, by its weight; NaN and infinities have none. */
export const isShort = (bytes: Uint8Array, start: number): boolean => {
  const weight = (((bytes[start + 2] ?? 0) << 24) >> 16) | (bytes[start + 3] ?? 0)
  return weight < MIN_WEIGHT
}

const DOUBLE = 8

function floatDigits(value: Uint8Array, format: Format): string {
  if (format === 'text') return withoutExponent(latin1(value))
  if (value.length !== DOUBLE) return ''
  return withoutExponent(String(new DataView(value.buffer, value.byteOffset, DOUBLE).getFloat64(0)))
}

/** 4.111111111111111e+15 as its digits: every number of 15 digits, and most of 16, is exact in a float8. */
export function withoutExponent(text: string): string {
  if (!/e/i.test(text)) return text
  const number = Number(text)
  return Number.isSafeInteger(number) ? BigInt(number).toString() : text
}
