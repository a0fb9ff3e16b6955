// Card numbers: issuer, length and check digit (ISO/IEC 7812-1), in one piece or in groups.
import { bytesOf, isDigit } from './found.ts'

const [BLANK, HYPHEN] = [0x20, 0x2d] as const
const ZERO = 0x30

/** Shorter ones are not issued any more, and look like article numbers. */
export const MIN_CARD = 14
const MAX_CARD = 19
/** Groups that card numbers are printed in: 4-4-4-4-3 has the most. */
const MAX_GROUPS = 5
const MIN_GROUP = 3
/** Digits by which the networks give out ranges. */
const PREFIX = 4

/** Issuer ranges of the networks, as first four digits, and how many digits their numbers have. */
const ISSUERS: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  // Visa
  [4000, 4999, [16, 19]],
  // Mastercard
  [5100, 5599, [16]],
  [2221, 2720, [16]],
  // American Express
  [3400, 3499, [15]],
  [3700, 3799, [15]],
  // Diners Club
  [3000, 3059, [14, 16, 19]],
  [3600, 3699, [14, 16, 19]],
  [3800, 3999, [14, 16, 19]],
  // JCB
  [3500, 3599, [16, 17, 18, 19]],
  // Discover
  [6011, 6011, [16, 19]],
  [6440, 6599, [16, 19]],
  // UnionPay
  [6200, 6299, [16, 17, 18, 19]],
  // Mir
  [2200, 2204, [16, 17, 18, 19]],
  // Maestro
  [5000, 5099, [16, 17, 18, 19]],
  [5600, 5899, [16, 17, 18, 19]],
  [6300, 6399, [16, 17, 18, 19]],
  [6700, 6799, [16, 17, 18, 19]],
]

/** By first four digits, a bit for each length that numbers may have. */
const LENGTHS = new Uint32Array(10 ** PREFIX)
for (const [from, to, lengths] of ISSUERS) {
  for (let prefix = from; prefix <= to; prefix += 1)
    for (const length of lengths) LENGTHS[prefix] = (LENGTHS[prefix] as number) | (1 << length)
}

/** The longest card number that begins with the group at `start`; -1 for none. */
export function cardEnd(bytes: Uint8Array, start: number, end: number): number {
  const lengths = lengthsAt(bytes, start, end)
  if (lengths === 0) return -1
  let found = -1
  let digits = 0
  let at = start
  let separator = 0
  for (let groups = 1; groups <= MAX_GROUPS; groups += 1) {
    const next = groupEnd(bytes, at, end)
    const group = next - at
    digits += group
    if (digits > MAX_CARD || (groups > 1 && group < MIN_GROUP)) break
    if ((lengths & (1 << digits)) !== 0 && isCard(bytes, start, next, separator)) found = next
    if (groups === 1 && group !== 4 && group !== 6) break
    const between = bytes[next]
    if (next + 1 >= end || (between !== BLANK && between !== HYPHEN) || !isDigit(bytes[next + 1])) break
    if (separator !== 0 && between !== separator) break
    separator = between
    at = next + 1
  }
  return found
}

function lengthsAt(bytes: Uint8Array, start: number, end: number): number {
  if (start + MIN_CARD > end) return 0
  let prefix = 0
  for (let at = start; at < start + PREFIX; at += 1) {
    if (!isDigit(bytes[at])) return 0
    prefix = prefix * 10 + (bytes[at] as number) - ZERO
  }
  return LENGTHS[prefix] as number
}

/** No group is looked at further than a card number goes: what is longer is none. */
function groupEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_CARD + 1)
  let at = start
  while (at < limit && isDigit(bytes[at])) at += 1
  return at
}

const HEX_LETTERS = bytesOf('abcdefABCDEF')

function isCard(bytes: Uint8Array, start: number, end: number, separator: number): boolean {
  // Hyphens, and hexadecimal digits on: the groups are those of a UUID.
  if (
    separator === HYPHEN &&
    (HEX_LETTERS[bytes[start - 1] ?? 0] === 1 || HEX_LETTERS[bytes[end] ?? 0] === 1)
  )
    return false
  return passesLuhn(bytes, start, end)
}

/** Annex B: every second digit from the right counts twice. */
function passesLuhn(bytes: Uint8Array, start: number, end: number): boolean {
  let sum = 0
  let twice = false
  for (let at = end - 1; at >= start; at -= 1) {
    const digit = (bytes[at] as number) - ZERO
    if (digit < 0) continue
    const counted = twice ? 2 * digit : digit
    sum += counted > 9 ? counted - 9 : counted
    twice = !twice
  }
  return sum % 10 === 0
}
