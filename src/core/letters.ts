// Letters that may look like others: which ones they are is said beside a text, since nobody can see it.
import { printable } from './printable.ts'

/** Letters that are named. */
const NAMED = 8

/** Each once, in order: PostgreSQL takes whatever is beyond ASCII for a letter of a name. */
export function lettersBeyondAscii(texts: Iterable<string>): readonly string[] {
  const found = new Set<string>()
  for (const text of texts) {
    for (const letter of text) if ((letter.codePointAt(0) ?? 0) > 0x7f) found.add(letter)
  }
  return [...found]
}

/** `U+0430` */
export const codeOf = (letter: string) =>
  `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`

/** The first of them, and whether there are more. */
export function namedLetters(letters: readonly string[]) {
  return { named: letters.slice(0, NAMED), more: letters.length > NAMED }
}

/** One line; undefined where there are none. */
export function describeLetters(text: string): string | undefined {
  const { named, more } = namedLetters(lettersBeyondAscii([text]))
  if (named.length === 0) return undefined
  const list = named.map((letter) => `${printable(letter)} ${codeOf(letter)}`).join(', ')
  return `beyond ASCII, which may look like others: ${list}${more ? ' and more' : ''}`
}
