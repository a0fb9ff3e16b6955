// What detectors find, and the classes of characters that their shapes are made of.
import type { MaskRuleConfig } from '../../config/schema.ts'

export type Detector = NonNullable<MaskRuleConfig['detect']>[number]

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
