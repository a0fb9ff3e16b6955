// Text from outside as HTML: nothing of it is markup, nothing of it is invisible, and nothing of it moves what stands beside it.
import { html } from 'hono/html'
import { codeOf } from '../../core/letters.ts'
import { escaped, hiddenCharacter } from '../../core/printable.ts'
import type { Html } from './html.ts'

const HIDDEN_RUN = new RegExp(`(${hiddenCharacter.source})`, 'gv')
/** HTML draws no blank at an edge, and one for several: a name or a value with more of them would be another's. */
const COLLAPSING_RUN = new RegExp(`(${hiddenCharacter.source}|^ | $|(?<= ) )`, 'gv')

function mark(character: string): Html {
  return html`<span class="hidden-character" title="${codeOf(character)}">${escaped(character)}</span>`
}

function marked(text: string, keep: ReadonlySet<string>, run: RegExp): Html {
  const isMarked = (part: string) =>
    part.length <= 2 && !keep.has(part) && (part === ' ' || hiddenCharacter.test(part))
  return html`${text.split(run).map((part) => (isMarked(part) ? mark(part) : part))}`
}

const NONE: ReadonlySet<string> = new Set()
const BLANK: ReadonlySet<string> = new Set([' '])
const LINES: ReadonlySet<string> = new Set(['\n', '\t', ' '])

/** One line: line breaks and tabs are shown as well, and blanks that would not be. */
export function visible(text: string): Html {
  return marked(text, NONE, COLLAPSING_RUN)
}

/** The same where each blank is drawn. */
export function visibleValue(text: string): Html {
  return marked(text, BLANK, HIDDEN_RUN)
}

/** Keeps line breaks and tabs, for statements. */
export function visibleLines(text: string): Html {
  return marked(text, LINES, HIDDEN_RUN)
}

/** At most so many characters, never half of one. */
export function cut(text: string, most: number): string {
  const characters = [...text.slice(0, 2 * most)]
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : characters.join('')
}
