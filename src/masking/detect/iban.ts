// International bank account numbers: country, length and check digits (ISO 13616-1, ISO/IEC 7064 MOD 97-10).
import { ALPHABETS, isDigit } from './found.ts'

/** Length of each country's numbers, as its entry in the registry says. */
const LENGTHS: Readonly<Record<number, string>> = {
  15: 'NO',
  16: 'BE',
  18: 'DK FI FK FO GL NL SD',
  19: 'MK SI',
  20: 'AT BA EE KZ LT LU MN XK',
  21: 'CH HR LI LV',
  22: 'BG BH CR DE GB GE IE ME RS VA',
  23: 'AE GI IL IQ OM SO TL',
  24: 'AD CZ ES MD PK RO SA SE SK TN VG',
  25: 'LY PT ST',
  26: 'IS TR',
  27: 'BI DJ FR GR IT MC MR SM',
  28: 'AL AZ BY CY DO GT HN HU LB NI PL SV',
  29: 'BR EG PS QA UA',
  30: 'JO KW MU YE',
  31: 'MT SC',
  32: 'LC',
  33: 'RU',
}

const LENGTH_OF: ReadonlyMap<string, number> = new Map(
  Object.entries(LENGTHS).flatMap(([length, countries]) =>
    countries.split(' ').map((country) => [country, Number(length)] as const),
  ),
)

/** The bit that makes a letter a small one. */
const LOWER = 0x20
const GROUP = 4
const [BLANK, HYPHEN] = [0x20, 0x2d] as const

/** One for each two bytes that are a country, in upper or lower case: a quick look at texts in which digits follow letters. */
const COUNTRIES = new Uint8Array(256 * 256)
for (const country of LENGTH_OF.keys()) {
  const [first, second] = [country.charCodeAt(0), country.charCodeAt(1)] as [number, number]
  for (const a of [first, first | LOWER]) for (const b of [second, second | LOWER]) COUNTRIES[a * 256 + b] = 1
}

/** Do the letters of a country stand before the digit at `at`, and another digit behind it? */
export function followsCountry(bytes: Uint8Array, at: number, from: number): boolean {
  return (
    at - 2 >= from &&
    COUNTRIES[(bytes[at - 2] as number) * 256 + (bytes[at - 1] as number)] === 1 &&
    isDigit(bytes[at + 1])
  )
}

/** The end of the number that begins at `start` as a word, in one piece or in groups of four; -1 for none. */
export function ibanEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start > 0 && ALPHABETS.alphanumeric[bytes[start - 1] as number] === 1) return -1
  const country = String.fromCharCode(bytes[start] as number, bytes[start + 1] as number).toUpperCase()
  const length = LENGTH_OF.get(country)
  if (length === undefined) return -1
  let characters = ''
  let at = start
  while (characters.length < length && at < end) {
    const byte = bytes[at] as number
    if (ALPHABETS.alphanumeric[byte] === 1) characters += String.fromCharCode(byte)
    else if ((byte !== BLANK && byte !== HYPHEN) || characters.length % GROUP !== 0 || !follows(bytes, at))
      return -1
    at += 1
  }
  if (characters.length < length || (at < end && ALPHABETS.alphanumeric[bytes[at] as number] === 1)) return -1
  return isValid(characters.toUpperCase()) ? at : -1
}

/** One separator, not two. */
const follows = (bytes: Uint8Array, at: number) => ALPHABETS.alphanumeric[bytes[at - 1] as number] === 1

/** The first four characters go to the end, letters count from 10, and the number is 1 modulo 97. */
function isValid(iban: string): boolean {
  if (!/^[A-Z]{2}[0-9]{2}/.test(iban)) return false
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
