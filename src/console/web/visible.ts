// Text from outside as HTML: nothing of it is markup, nothing of it is invisible, and nothing of it moves what stands beside it.
import { html } from 'hono/html'
import type { Html } from './html.ts'

/**
 * Control and format characters (bidirectional overrides, zero width), separators, lone surrogates, blanks that are no
 * space, and letters that are drawn as nothing (Unicode's Default_Ignorable_Code_Point).
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\p{Default_Ignorable_Code_Point}]/u
const HIDDEN_RUN = new RegExp(`(${HIDDEN.source})`, 'gu')

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function mark(character: string): Html {
  const code = character.codePointAt(0)?.toString(16) ?? ''
  return html`<span class="hidden-character" title="U+${code.toUpperCase().padStart(4, '0')}">${NAMED[character] ?? `\\u{${code}}`}</span>`
}

function marked(text: string, keep: ReadonlySet<string>): Html {
  const parts = text.split(HIDDEN_RUN)
  return html`${parts.map((part) => (part.length <= 2 && HIDDEN.test(part) && !keep.has(part) ? mark(part) : part))}`
}

const NONE: ReadonlySet<string> = new Set()
const LINES: ReadonlySet<string> = new Set(['\n', '\t'])

/** One line: line breaks and tabs are shown as well. */
export function visible(text: string): Html {
  return marked(text, NONE)
}

/** Keeps line breaks and tabs, for statements. */
export function visibleLines(text: string): Html {
  return marked(text, LINES)
}

/** At most so many characters, never half of one. */
export function cut(text: string, most: number): string {
  const characters = [...text.slice(0, 2 * most)]
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : characters.join('')
}
