// Text from outside as HTML: nothing of it is markup, nothing of it is invisible, and nothing of it moves what stands beside it.
import { html } from 'hono/html'
import { escaped, hiddenCharacter } from '../../core/printable.ts'
import type { Html } from './html.ts'

const HIDDEN_RUN = new RegExp(`(${hiddenCharacter.source})`, 'gv')

function mark(character: string): Html {
  const code = character.codePointAt(0)?.toString(16) ?? ''
  return html`<span class="hidden-character" title="U+${code.toUpperCase().padStart(4, '0')}">${escaped(character)}</span>`
}

function marked(text: string, keep: ReadonlySet<string>): Html {
  const parts = text.split(HIDDEN_RUN)
  return html`${parts.map((part) => (part.length <= 2 && hiddenCharacter.test(part) && !keep.has(part) ? mark(part) : part))}`
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
