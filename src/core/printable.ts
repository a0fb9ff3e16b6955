// Text from outside, made safe to read: what is shown is what was there, and no character of it moves, hides or turns what stands around it.

/** Control and format characters (among them bidirectional overrides), line separators, lone surrogates. */
const CONTROLS = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]`
/**
 * Beyond these, what nobody sees or tells from a space, private use, and marks that are drawn over a neighbour since they stand
 * on no letter, or are the fourth of a heap. PostgreSQL takes each of these for a letter of a name.
 */
const UNSEEN = String.raw`[\p{Co}\p{Cn}[\p{Zs}--\u{20}]\u{2800}\p{Default_Ignorable_Code_Point}]`
const ON_NOTHING = String.raw`(?<![[\p{L}\p{N}\p{M}]--\p{Default_Ignorable_Code_Point}])\p{M}|(?<=\p{M}{3})\p{M}`
const HIDDEN = `${CONTROLS}|${UNSEEN}|${ON_NOTHING}`

/** One character of those that are never shown as they are. */
export const hiddenCharacter = new RegExp(HIDDEN, 'v')
const UNSAFE = new RegExp(HIDDEN, 'gv')
export const UNSAFE_BUT_LINES = new RegExp(String.raw`(?![\n\t])(?:${HIDDEN})`, 'gv')
const CONTROL = new RegExp(CONTROLS, 'v')

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** What stands for one of these characters. */
export function escaped(character: string): string {
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

/** Has it any that does something to a terminal? */
export const hasControls = (text: string): boolean => CONTROL.test(text)
