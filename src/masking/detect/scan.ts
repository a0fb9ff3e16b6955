// One pass over a text for all detectors at once. Most values hold none of the bytes that a find begins with, and cost a
// look-up a byte. Time is linear: each detector looks a bounded way around such a byte, or goes on behind what it saw.
import { MIN_CARD } from './cards.ts'
import { emailAt } from './email.ts'
import type { Detector, Found } from './found.ts'
import { followsCountry, ibanEnd } from './iban.ts'
import { findNumbers, internationalEnd, isSeparator, type Numbers } from './numbers.ts'
import { mayBePrefix, prefixesOf, type Seen, secretsAt } from './secrets.ts'

export interface Scanner {
  /** May something be in it, or in what stands escaped in it? Quick, and never wrong with a no. */
  suspects(bytes: Uint8Array, start: number, end: number): boolean
  /** in order of their beginnings; they may overlap. Those beyond MAX_FINDS are left out */
  find(bytes: Uint8Array): readonly Found[]
}

/** A value in which more is found is hidden whole: each find takes memory, and a value may have 64 MiB. */
export const MAX_FINDS = 10_000

/** What a byte may be the sign of. */
const NOTHING = 0
const DIGIT = 1
const AT = 2
const PIVOT = 3
const ESCAPE = 4
const PLUS = 5

const LOWER_U = 0x75
const LOWER_X = 0x78
const BACKSLASH = 0x5c
const BLANK = 0x20
const CLOSE = 0x29

/** Digits of what is written in groups of which one has three. */
const GROUPED = 9
const GROUP = 3
/** Digits of a telephone number behind an area in parentheses. */
const LOCAL = 7

export function createScanner(detectors: ReadonlySet<Detector>): Scanner {
  const numbers: Numbers = {
    card: detectors.has('card'),
    ssn: detectors.has('us-ssn'),
    phone: detectors.has('phone'),
  }
  const iban = detectors.has('iban')
  const grouped = numbers.ssn || numbers.phone
  const prefixes = prefixesOf(detectors)
  const signs = signsOf(detectors, prefixes.pivots, iban || grouped || numbers.card)

  /** The end of the run of digits with single separators that begins at `start`, negative when nothing can be in it. */
  function runEnd(bytes: Uint8Array, start: number, end: number): number {
    let digits = 0
    let group = 0
    let three = false
    let at = start
    for (; at < end; at += 1) {
      const byte = bytes[at] as number
      if (byte >= 0x30 && byte <= 0x39) {
        group += 1
        continue
      }
      const next = at + 1 < end ? (bytes[at + 1] as number) : 0
      if (!isSeparator(byte) || next < 0x30 || next > 0x39) break
      digits += group
      three ||= group === GROUP
      group = 0
    }
    digits += group
    if (digits < LOCAL) return -at
    if (numbers.card && digits >= MIN_CARD) return at
    if (grouped && three && (digits >= GROUPED || followsArea(bytes, start))) return at
    return -at
  }

  /** The next place that something may begin at; -1 for none. */
  function next(bytes: Uint8Array, from: number, start: number, end: number): number {
    for (let at = from; at < end; at += 1) {
      const sign = signs[bytes[at] as number]
      if (sign === NOTHING) continue
      if (sign === DIGIT) {
        const stop = runEnd(bytes, at, end)
        if (stop > 0 || (iban && followsCountry(bytes, at, start))) return at
        at = -stop - 1
      } else if (sign === PIVOT) {
        if (mayBePrefix(bytes, at, start, prefixes)) return at
      } else if (sign === ESCAPE) {
        if (bytes[at + 1] === LOWER_U || bytes[at + 1] === LOWER_X) return at
      } else if (sign === PLUS) {
        if ((bytes[at + 1] as number) > 0x30 && (bytes[at + 1] as number) <= 0x39) return at
      } else return at
    }
    return -1
  }

  /** Adds what is found at a sign; gives where to go on. */
  function look(bytes: Uint8Array, at: number, found: Found[], seen: Seen): number {
    const end = bytes.length
    switch (signs[bytes[at] as number]) {
      case DIGIT:
        return lookAtDigits(bytes, at, end, found)
      case AT: {
        const email = emailAt(bytes, at, end)
        if (email) found.push(email)
        return email?.end ?? at + 1
      }
      case PIVOT: {
        const secrets = secretsAt(bytes, at, end, prefixes, seen)
        found.push(...secrets)
        return secrets.reduce((behind, one) => Math.max(behind, one.end), at + 1)
      }
      case PLUS: {
        const stop = internationalEnd(bytes, at, end)
        if (stop >= 0) found.push({ detector: 'phone', start: at, end: stop })
        return Math.max(stop, at + 1)
      }
      default:
        return at + 1
    }
  }

  function lookAtDigits(bytes: Uint8Array, at: number, end: number, found: Found[]): number {
    if (iban && followsCountry(bytes, at, 0)) {
      const stop = ibanEnd(bytes, at - 2, end)
      if (stop >= 0) {
        found.push({ detector: 'iban', start: at - 2, end: stop })
        return stop
      }
    }
    const stop = runEnd(bytes, at, end)
    if (stop > 0) findNumbers(bytes, at, stop, end, numbers, found)
    return Math.abs(stop)
  }

  return {
    suspects: (bytes, start, end) => next(bytes, start, start, end) >= 0,
    find(bytes) {
      const found: Found[] = []
      const seen: Seen = { noTokenBefore: 0, runs: new Map() }
      const end = bytes.length
      for (let at = next(bytes, 0, 0, end); at >= 0; at = next(bytes, at, 0, end)) {
        at = look(bytes, at, found, seen)
        if (found.length > MAX_FINDS) break
      }
      return found
    },
  }
}

const followsArea = (bytes: Uint8Array, at: number) =>
  bytes[at - 1] === CLOSE || (bytes[at - 1] === BLANK && bytes[at - 2] === CLOSE)

function signsOf(detectors: ReadonlySet<Detector>, pivots: Iterable<number>, digits: boolean): Uint8Array {
  const signs = new Uint8Array(256)
  for (const pivot of pivots) signs[pivot] = PIVOT
  if (digits) signs.fill(DIGIT, 0x30, 0x3a)
  if (detectors.has('email')) signs[0x40] = AT
  if (detectors.has('phone')) signs[0x2b] = PLUS
  signs[BACKSLASH] = ESCAPE
  return signs
}
