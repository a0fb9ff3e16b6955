// The `partial` strategy: the last characters of a value, behind a prefix that does not tell its length.
import { isUtf8 } from 'node:buffer'

const PREFIX = new TextEncoder().encode('***')

/** A character may be shown for every three that a value has, so that a short value is not given away. */
const HIDDEN_SHARE = 3

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

/**
 * `***` and the last min(keepLast, a third of the value) Unicode code points.
 * Bytes that are not UTF-8 have no characters that could be counted: all of them are hidden.
 */
export function partialValue(value: Uint8Array, keepLast: number): Uint8Array {
  if (!isUtf8(value)) return PREFIX
  const shown = Math.min(keepLast, Math.floor(countCharacters(value, keepLast * HIDDEN_SHARE) / HIDDEN_SHARE))
  if (shown === 0) return PREFIX
  const offset = tailOffset(value, shown)
  const masked = new Uint8Array(PREFIX.length + value.length - offset)
  masked.set(PREFIX)
  masked.set(value.subarray(offset), PREFIX.length)
  return masked
}
