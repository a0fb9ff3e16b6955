// What detectors find, and the classes of characters that their shapes are made of.
import type { MaskRuleConfig } from '../../config/schema.ts'

/** One that is known by its name, or what identifiers of the team's own look like. */
export type Detector = NonNullable<MaskRuleConfig['detect']>[number]

export type OwnDetector = Exclude<Detector, string>

/** In words, for people: `card`, `"EMP-" and 6 digits`. */
function describeDetector(detector: Detector): string {
  if (typeof detector === 'string') return detector
  const { prefix, of, min, max } = detector
  const count = max === undefined ? `${min} or more` : max === min ? `${min}` : `${min} to ${max}`
  return `${JSON.stringify(prefix)} and ${count} ${WORDS[of]}`
}

export const describeDetectors = (detectors: readonly Detector[]): string =>
  detectors.map(describeDetector).join(', ')

const WORDS: Readonly<Record<OwnDetector['of'], string>> = {
  digits: 'digits',
  hex: 'hexadecimal digits',
  letters: 'letters',
  alphanumeric: 'letters or digits',
  token: 'letters, digits, _ or -',
}

/** Bytes from `start` to before `end` of what was looked through. */
export interface Found {
  readonly detector: Detector
  readonly start: number
  readonly end: number
}

/** A table of 256 entries, one where the byte is among the characters. */
export function bytesOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

const NUMERALS = '0123456789'
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()

export const ALPHABETS = {
  digits: bytesOf(NUMERALS),
  hex: bytesOf(`${NUMERALS}abcdef`),
  anyHex: bytesOf(`${NUMERALS}abcdefABCDEF`),
  letters: bytesOf(UPPER + LOWER),
  alphanumeric: bytesOf(NUMERALS + UPPER + LOWER),
  word: bytesOf(`${NUMERALS}${UPPER}${LOWER}_`),
  /** base64url, and the dots of some formats aside */
  url: bytesOf(`${NUMERALS}${UPPER}${LOWER}_-`),
  base64: bytesOf(`${NUMERALS}${UPPER}${LOWER}+/=`),
  /** of AWS access key ids */
  base32: bytesOf(`${UPPER}234567`),
  tokens: bytesOf(`${NUMERALS}${UPPER}${LOWER}_-.=`),
} as const

/** Where the run of such bytes that begins at `at` ends. */
export function endOfRun(bytes: Uint8Array, at: number, end: number, alphabet: Uint8Array): number {
  let stop = at
  while (stop < end && alphabet[bytes[stop] as number] === 1) stop += 1
  return stop
}

export const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39
