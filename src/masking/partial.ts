// The `partial` strategy: the last characters of a value, behind a prefix that does not tell its length.
import { isUtf8 } from 'node:buffer'

const PREFIX = new TextEncoder().encode('***')

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

/**
 * `***` and the last min(keepLast, a third of the value) Unicode code points.
 * Bytes that are not UTF-8 have no characters that could be counted: all of them are hidden.
 */
export function partialValue(value: Uint8Array, keepLast: number): Uint8Array {
  const ascii = isAscii(value)
  if (!ascii && !isUtf8(value)) return PREFIX
  const enough = keepLast * HIDDEN_SHARE
  const characters = ascii ? Math.min(value.length, enough) : countCharacters(value, enough)
  const shown = Math.min(keepLast, Math.floor(characters / HIDDEN_SHARE))
  if (shown === 0) return PREFIX
  return behindPrefix(value, ascii ? value.length - shown : tailOffset(value, shown))
}

/** Short enough to be looked at byte by byte, and nothing but ASCII: most values are, and rows are many. */
function isAscii(value: Uint8Array): boolean {
  if (value.length > SHORT) return false
  for (let i = 0; i < value.length; i++) if ((value[i] as number) > 0x7f) return false
  return true
}

function behindPrefix(value: Uint8Array, offset: number): Uint8Array {
  const masked = Buffer.allocUnsafe(PREFIX.length + value.length - offset)
  for (let i = 0; i < PREFIX.length; i++) masked[i] = PREFIX[i] as number
  for (let i = offset; i < value.length; i++) masked[PREFIX.length + i - offset] = value[i] as number
  return masked
}
