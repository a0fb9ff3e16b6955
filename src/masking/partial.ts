// The `partial` strategy: the first or the last characters of a value, with a filler that does not tell its length.
import { isUtf8 } from 'node:buffer'
import { type CodecKind, dashed } from './codecs.ts'

export interface Kept {
  readonly end: 'first' | 'last'
  /** characters, or digits, at most */
  readonly count: number
}

export const FILLER = new TextEncoder().encode('***')

/** A character may be shown for every three that a value has, so that a short value is not given away. */
const HIDDEN_SHARE = 3
const SHORT = 64

const isContinuation = (byte: number) => (byte & 0xc0) === 0x80

/** Code points of valid UTF-8; a long value is not counted beyond `enough`. */
function countCharacters(value: Uint8Array, enough: number): number {
  let count = 0
  for (const byte of value) {
    if (!isContinuation(byte) && ++count === enough) break
  }
  return count
}

/** Offset of the last `characters` code points of valid UTF-8. */
function tailOffset(value: Uint8Array, characters: number): number {
  let offset = value.length
  for (let left = characters; left > 0; left--) {
    do offset--
    while (isContinuation(value[offset] ?? 0))
  }
  return offset
}

/** Offset behind the first `characters` code points of valid UTF-8. */
function headOffset(value: Uint8Array, characters: number): number {
  let offset = 0
  for (let left = characters; left > 0; left--) {
    do offset++
    while (isContinuation(value[offset] ?? 0))
  }
  return offset
}

/** How many of a value's characters may be shown. */
export const shownOf = (characters: number, count: number) =>
  Math.min(count, Math.floor(characters / HIDDEN_SHARE))

/**
 * `***` and the last min(count, a third of the value) Unicode code points, or the first and `***`.
 * Bytes that are not UTF-8 have no characters that could be counted: all of them are hidden.
 */
export function partialValue(value: Uint8Array, { end, count }: Kept): Uint8Array {
  const ascii = isAscii(value)
  if (!ascii && !isUtf8(value)) return FILLER
  const enough = count * HIDDEN_SHARE
  const shown = shownOf(ascii ? Math.min(value.length, enough) : countCharacters(value, enough), count)
  if (shown === 0) return FILLER
  if (end === 'first') return beforeFiller(value, ascii ? shown : headOffset(value, shown))
  return behindFiller(value, ascii ? value.length - shown : tailOffset(value, shown))
}

/** Short enough to be looked at byte by byte, and nothing but ASCII: most values are, and rows are many. */
function isAscii(value: Uint8Array): boolean {
  if (value.length > SHORT) return false
  for (let i = 0; i < value.length; i++) if ((value[i] as number) > 0x7f) return false
  return true
}

function behindFiller(value: Uint8Array, offset: number): Uint8Array {
  const masked = Buffer.allocUnsafe(FILLER.length + value.length - offset)
  for (let i = 0; i < FILLER.length; i++) masked[i] = FILLER[i] as number
  for (let i = offset; i < value.length; i++) masked[FILLER.length + i - offset] = value[i] as number
  return masked
}

function beforeFiller(value: Uint8Array, offset: number): Uint8Array {
  const masked = Buffer.allocUnsafe(offset + FILLER.length)
  for (let i = 0; i < offset; i++) masked[i] = value[i] as number
  for (let i = 0; i < FILLER.length; i++) masked[offset + i] = FILLER[i] as number
  return masked
}

const digitsKept = (digits: string, { end, count }: Kept) => {
  const shown = shownOf(digits.length, count)
  return end === 'first' ? digits.slice(0, shown) : digits.slice(digits.length - shown)
}

/** The shown digits are the whole number: neither sign nor size is told. */
const partialNumber = (text: string, kept: Kept) =>
  digitsKept(/[0-9]+/.exec(text)?.[0] ?? '', kept).replace(/^0+(?=.)/, '') || '0'

function partialUuid(text: string, kept: Kept): string {
  const hex = text.replaceAll('-', '')
  const shown = digitsKept(hex, kept)
  return dashed(kept.end === 'first' ? shown.padEnd(hex.length, '0') : shown.padStart(hex.length, '0'))
}

/** Undefined where a piece of the value would be no value of its type, or all of it. */
export function partialOf(kind: CodecKind, text: string, kept: Kept): string | undefined {
  switch (kind) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
      return partialNumber(text, kept)
    case 'uuid':
      return partialUuid(text, kept)
    case 'bytea':
      return undefined
  }
}
