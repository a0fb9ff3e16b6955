// Numbers that people are known by, in a run of digits with single separators between them: cards, social security, phones.
import { cardEnd } from './cards.ts'
import { type Found, isDigit } from './found.ts'

const [BLANK, HYPHEN, DOT, OPEN, CLOSE] = [0x20, 0x2d, 0x2e, 0x28, 0x29] as const

export const isSeparator = (byte: number) => byte === BLANK || byte === HYPHEN || byte === DOT

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
