// Text from outside, made safe to read: what is shown is what was there, and no character of it moves, hides or turns what stands around it.

/** Control and format characters (among them bidirectional overrides), line separators, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
export const UNSAFE_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  return NAMED[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`
}

/** One line: also line breaks and tabs are escaped. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped)
}

/** Keeps line breaks and tabs, for statements. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE_BUT_LINES, escaped)
}
