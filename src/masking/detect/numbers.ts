// Numbers that people are known by, in a run of digits with single separators between them: cards, social security, phones.
import { passesLuhn } from '../luhn.ts'
import { bytesOf, type Found, isDigit } from './found.ts'

const [BLANK, HYPHEN, DOT, OPEN, CLOSE] = [0x20, 0x2d, 0x2e, 0x28, 0x29] as const

const HEX_LETTERS = bytesOf('abcdefABCDEF')

export const isSeparator = (byte: number) => byte === BLANK || byte === HYPHEN || byte === DOT

/** Digits of a card number (ISO/IEC 7812-1). Shorter ones are not issued any more, and look like article numbers. */
export const MIN_CARD = 14
const MAX_CARD = 19
/** Groups that card numbers are printed in: 4-4-4-4-3 has the most. */
const MAX_GROUPS = 5
const LEADING_GROUPS: ReadonlySet<number> = new Set([4, 6])
const MIN_GROUP = 3

/** Issuer ranges of the networks, as first four digits, and how many digits their numbers have. */
const ISSUERS: readonly (readonly [from: number, to: number, ...lengths: number[]])[] = [
  // Visa
  [4000, 4999, 16, 19],
  // Mastercard
  [5100, 5599, 16],
  [2221, 2720, 16],
  // American Express
  [3400, 3499, 15],
  [3700, 3799, 15],
  // Diners Club
  [3000, 3059, 14, 16, 19],
  [3600, 3699, 14, 16, 19],
  [3800, 3999, 14, 16, 19],
  // JCB
  [3500, 3599, 16, 17, 18, 19],
  // Discover
  [6011, 6011, 16, 19],
  [6440, 6599, 16, 19],
  // UnionPay
  [6200, 6299, 16, 17, 18, 19],
  // Mir
  [2200, 2204, 16, 17, 18, 19],
  // Maestro
  [5000, 5099, 16, 17, 18, 19],
  [5600, 5899, 16, 17, 18, 19],
  [6300, 6399, 16, 17, 18, 19],
  [6700, 6799, 16, 17, 18, 19],
]

function isCard(digits: string): boolean {
  const prefix = Number(digits.slice(0, 4))
  const issued = ISSUERS.some(
    ([from, to, ...lengths]) => prefix >= from && prefix <= to && lengths.includes(digits.length),
  )
  return issued && passesLuhn(digits)
}

function groupEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isDigit(bytes[at])) at += 1
  return at
}

const text = (bytes: Uint8Array, start: number, end: number) => {
  let out = ''
  for (let i = start; i < end; i += 1) out += String.fromCharCode(bytes[i] as number)
  return out
}

/** Hyphens and hexadecimal digits on: the groups are those of a UUID. */
const isPieceOfHex = (bytes: Uint8Array, start: number, end: number, separator: number) =>
  separator === HYPHEN && (HEX_LETTERS[bytes[start - 1] ?? 0] === 1 || HEX_LETTERS[bytes[end] ?? 0] === 1)

/** The longest card number that begins with the group at `start`; -1 for none. */
function cardEnd(bytes: Uint8Array, start: number, end: number): number {
  let digits = ''
  let found = -1
  let at = start
  let separator = 0
  for (let groups = 1; groups <= MAX_GROUPS; groups += 1) {
    const next = groupEnd(bytes, at, end)
    if (digits.length + next - at > MAX_CARD) break
    if (groups > 1 && next - at < MIN_GROUP) break
    digits += text(bytes, at, next)
    if (digits.length >= MIN_CARD && isCard(digits) && !isPieceOfHex(bytes, start, next, separator))
      found = next
    if (groups === 1 && !LEADING_GROUPS.has(digits.length)) break
    const between = bytes[next] as number
    if (next + 1 >= end || (between !== BLANK && between !== HYPHEN) || !isDigit(bytes[next + 1])) break
    if (separator !== 0 && between !== separator) break
    separator = between
    at = next + 1
  }
  return found
}

/** Nine digits, 3-2-4, in the ranges that the Social Security Administration gives out. */
function ssnEnd(bytes: Uint8Array, start: number, end: number): number {
  const stop = start + 11
  if (stop > end) return -1
  const separator = bytes[start + 3] as number
  if ((separator !== HYPHEN && separator !== BLANK) || bytes[start + 6] !== separator) return -1
  for (const [from, to] of [
    [0, 3],
    [4, 6],
    [7, 11],
  ] as const) {
    for (let i = from; i < to; i += 1) if (!isDigit(bytes[start + i])) return -1
  }
  if (isDigit(bytes[stop])) return -1
  const area = text(bytes, start, start + 3)
  if (area === '000' || area === '666' || area >= '900') return -1
  if (text(bytes, start + 4, start + 6) === '00' || text(bytes, start + 7, stop) === '0000') return -1
  // With blanks, or as a part of a longer number, it is more often something else.
  const continues = stop + 1 < end && bytes[stop] === separator && isDigit(bytes[stop + 1])
  const continued = start >= 2 && bytes[start - 1] === separator && isDigit(bytes[start - 2])
  return continues || continued ? -1 : stop
}

/** Neither area nor exchange begins with 0 or 1. */
const isPlanned = (bytes: Uint8Array, at: number) => (bytes[at] as number) >= 0x32

const isGroup = (bytes: Uint8Array, at: number, digits: number, end: number) =>
  at + digits <= end && groupEnd(bytes, at, end) === at + digits

/**
 * Ten digits of the North American plan, 3-3-4, the area perhaps in parentheses.
 *
 * @param at the first group of a run: the area, or the exchange behind an area in parentheses
 */
function northAmerican(
  bytes: Uint8Array,
  at: number,
  end: number,
): { start: number; end: number } | undefined {
  const enclosed = enclosedArea(bytes, at)
  const exchange = enclosed < 0 ? at + 4 : at
  if (!isGroup(bytes, at, 3, end) || !isGroup(bytes, exchange, 3, end)) return undefined
  if (!isGroup(bytes, exchange + 4, 4, end)) return undefined
  if (!isSeparator(bytes[exchange + 3] as number)) return undefined
  const area = enclosed < 0 ? at : enclosed + 1
  if (!isPlanned(bytes, area) || !isPlanned(bytes, exchange)) return undefined
  return { start: enclosed < 0 ? at : enclosed, end: exchange + 8 }
}

/** Where `(202)` or `(202) ` begins that ends before `at`; -1 when there is none. */
function enclosedArea(bytes: Uint8Array, at: number): number {
  const close = bytes[at - 1] === BLANK ? at - 2 : at - 1
  const open = close - 4
  if (open < 0 || bytes[close] !== CLOSE || bytes[open] !== OPEN) return -1
  return groupEnd(bytes, open + 1, close) === close ? open : -1
}

/** A plus and 8 to 15 digits (ITU-T E.164), with what people write between them. */
export function internationalEnd(bytes: Uint8Array, plus: number, end: number): number {
  let digits = 0
  let stop = -1
  let gap = 0
  for (let at = plus + 1; at < end; at += 1) {
    const byte = bytes[at] as number
    if (isDigit(byte)) {
      digits += 1
      gap = 0
      if (digits > 15) return -1
      if (digits >= 8) stop = at + 1
    } else if (isSeparator(byte) || byte === OPEN || byte === CLOSE) {
      gap += 1
      if (gap > 2) break
    } else break
  }
  return stop
}

export interface Numbers {
  readonly card: boolean
  readonly ssn: boolean
  readonly phone: boolean
}

/** What is in the run of digits that begins at `start` and ends before `end`; `limit` is where the text ends. */
export function findNumbers(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit: number,
  wanted: Numbers,
  found: Found[],
): void {
  let at = start
  while (at < end) {
    const next = groupEnd(bytes, at, end)
    // The digits behind a decimal point are no number of their own.
    const decimal = at >= 2 && bytes[at - 1] === DOT && isDigit(bytes[at - 2])
    const stop = decimal ? -1 : oneNumber(bytes, at, limit, wanted, found)
    at = Math.max(stop, next)
    while (at < end && !isDigit(bytes[at])) at += 1
  }
}

function oneNumber(bytes: Uint8Array, at: number, limit: number, wanted: Numbers, found: Found[]): number {
  const card = wanted.card ? cardEnd(bytes, at, limit) : -1
  if (card >= 0) {
    found.push({ detector: 'card', start: at, end: card })
    return card
  }
  const ssn = wanted.ssn ? ssnEnd(bytes, at, limit) : -1
  if (ssn >= 0) {
    found.push({ detector: 'us-ssn', start: at, end: ssn })
    return ssn
  }
  const phone = wanted.phone ? northAmerican(bytes, at, limit) : undefined
  if (phone) found.push({ detector: 'phone', ...phone })
  return phone?.end ?? -1
}
