// One pass over a text for all detectors at once. Most values hold none of the bytes that a find begins with, and cost a
// look-up a byte. Time is linear: each detector looks a bounded way around such a byte, or goes on behind what it saw.
import { emailAt } from './email.ts'
import { type Detector, type Found, isDigit } from './found.ts'
import { followsLetters, ibanEnd } from './iban.ts'
import { findNumbers, internationalEnd, isSeparator, type Numbers } from './numbers.ts'
import { prefixesOf, type Seen, secretAt } from './secrets.ts'

export interface Scanner {
  /** May something be in it, or in what stands escaped in it? Quick, and never wrong with a no. */
  suspects(bytes: Uint8Array, start: number, end: number): boolean
  /** in order; they may overlap */
  find(bytes: Uint8Array): readonly Found[]
}

/** What a byte may be the sign of. */
const [NOTHING, DIGIT, AT, PIVOT, ESCAPE, PLUS] = [0, 1, 2, 3, 4, 5] as const
const [LOWER_U, LOWER_X, BACKSLASH] = [0x75, 0x78, 0x5c] as const

/** Digits of the shortest number that each looks for, in one run. */
const SHORTEST = { card: 12, 'us-ssn': 9, phone: 7 } as const
const NEVER = Number.MAX_SAFE_INTEGER

export function createScanner(detectors: ReadonlySet<Detector>): Scanner {
  const numbers: Numbers = {
    card: detectors.has('card'),
    ssn: detectors.has('us-ssn'),
    phone: detectors.has('phone'),
  }
  const iban = detectors.has('iban')
  const enough = Math.min(
    ...Object.entries(SHORTEST).map(([name, digits]) => (detectors.has(name as Detector) ? digits : NEVER)),
  )
  const prefixes = prefixesOf(detectors)
  const { before } = prefixes
  const signs = signsOf(detectors, prefixes.shapes.keys(), iban || enough !== NEVER)

  /** Where the run of digits with single separators ends that begins at `start`; -1 when it has too few of them. */
  function longRun(bytes: Uint8Array, start: number, end: number): number {
    let digits = 1
    let at = start + 1
    while (at < end) {
      const byte = bytes[at] as number
      if (isDigit(byte)) digits += 1
      else if (!isSeparator(byte) || at + 1 >= end || !isDigit(bytes[at + 1])) break
      at += 1
    }
    return digits >= enough ? at : -at
  }

  /** The next place that something may begin at; -1 for none. */
  function next(bytes: Uint8Array, from: number, start: number, end: number): number {
    for (let at = from; at < end; at += 1) {
      const sign = signs[bytes[at] as number]
      if (sign === NOTHING) continue
      if (sign === DIGIT) {
        const stop = longRun(bytes, at, end)
        if (stop > 0 || (iban && followsLetters(bytes, at, start))) return at
        at = -stop - 1
      } else if (sign === PIVOT) {
        if (at > start && before[(bytes[at] as number) * 256 + (bytes[at - 1] as number)] === 1) return at
      } else if (sign === ESCAPE) {
        if (bytes[at + 1] === LOWER_U || bytes[at + 1] === LOWER_X) return at
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
        const secret = secretAt(bytes, at, end, prefixes, seen)
        if (secret) found.push(secret)
        return secret?.end ?? at + 1
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
    if (iban && followsLetters(bytes, at, 0)) {
      const stop = ibanEnd(bytes, at - 2, end)
      if (stop >= 0) {
        found.push({ detector: 'iban', start: at - 2, end: stop })
        return stop
      }
    }
    const stop = longRun(bytes, at, end)
    if (stop > 0) findNumbers(bytes, at, stop, end, numbers, found)
    return Math.abs(stop)
  }

  return {
    suspects: (bytes, start, end) => next(bytes, start, start, end) >= 0,
    find(bytes) {
      const found: Found[] = []
      const seen: Seen = { noTokenBefore: 0 }
      const end = bytes.length
      for (let at = next(bytes, 0, 0, end); at >= 0; at = next(bytes, at, 0, end))
        at = look(bytes, at, found, seen)
      return found
    },
  }
}

function signsOf(detectors: ReadonlySet<Detector>, pivots: Iterable<number>, digits: boolean): Uint8Array {
  const signs = new Uint8Array(256)
  for (const pivot of pivots) signs[pivot] = PIVOT
  if (digits) signs.fill(DIGIT, 0x30, 0x3a)
  if (detectors.has('email')) signs[0x40] = AT
  if (detectors.has('phone')) signs[0x2b] = PLUS
  signs[BACKSLASH] = ESCAPE
  return signs
}
