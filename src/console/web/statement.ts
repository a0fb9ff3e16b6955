// A statement for people to judge: laid out, and its exact text beside it, always.
import { html } from 'hono/html'
import { type LaidOutToken, layOut } from '../../analysis/postgres/layout.ts'
import { drawnLines } from '../../core/drawn-lines.ts'
import { codeOf, lettersBeyondAscii, namedLetters } from '../../core/letters.ts'
import type { ParameterValue } from '../../core/operation.ts'
import { type Html, NOTHING } from './html.ts'
import { cut, visible, visibleLines, visibleValue } from './visible.ts'

function token({ kind, text, before }: LaidOutToken): Html {
  if (kind === 'symbol' || kind === 'name') return html`${before}${visibleLines(text)}`
  return html`${before}<span class="${kind}">${visibleLines(text)}</span>`
}

/** Letters beyond ASCII may look like others: which letters they are is said. */
function unusualLetters(where: string, texts: readonly string[]): Html | string {
  const { named, more } = namedLetters(lettersBeyondAscii(texts))
  if (named.length === 0) return NOTHING
  const list = named.map(
    (letter, n) => html`${n > 0 ? ', ' : ''}<code>${visible(letter)}</code> ${codeOf(letter)}`,
  )
  return html`<p class="note">${where} letters beyond ASCII, which may look like others: ${list}${more ? ' and more' : ''}.</p>`
}

const namesIn = (tokens: readonly LaidOutToken[]) =>
  tokens.filter(({ kind }) => kind === 'name' || kind === 'keyword').map(({ text }) => text)

/** Lines that fit on a screen beside the form: of more it is said how many there are. */
const ON_A_SCREEN = 15
/** Characters of one, before it goes on in the next. */
const LINE = 120

function size(lines: string): Html | string {
  const count = drawnLines(lines.trimEnd(), LINE)
  return count > ON_A_SCREEN
    ? html`<p class="soft small" data-lines="${String(count)}">${String(count)} lines</p>`
    : NOTHING
}

/** No box of it scrolls: a condition at its end may be what it is about, and whoever decides does not look for it. */
export function statement(text: string): Html {
  const laidOut = layOut(text)
  if (laidOut === undefined || laidOut.length === 0) {
    return html`${unusualLetters('It has', [text])}${size(text)}<pre class="sql">${visibleLines(text)}</pre>`
  }
  const lines = laidOut.map(({ before, text: token }) => before + token).join('')
  return html`${unusualLetters('Names in it have', namesIn(laidOut))}${size(lines)}<pre class="sql">${laidOut.map(token)}</pre>
    <details open><summary>The text as it was sent</summary><pre class="exact">${visibleLines(text)}</pre></details>`
}

/** How much more of a statement than is shown is looked at, for what blanks take. */
const BLANKS = 10

/** The beginning of a statement, in a list: the rest of it is not looked at, since lists may have hundreds of long ones. */
export function excerpt(text: string, most: number): Html {
  const begun = text.trim()
  const beginning = begun.slice(0, BLANKS * most)
  const shown = cut(beginning.replace(/\s+/g, ' ').trim(), most)
  const goesOn = beginning.length < begun.length && !shown.endsWith('…')
  return html`<pre>${visible(goesOn ? `${shown}…` : shown)}</pre>`
}

function parameterText(parameter: ParameterValue): Html {
  const type = parameter.type === undefined ? [] : [`type ${parameter.type}`]
  const notes = parameter.kind === 'binary' ? ['binary', ...type] : type
  return notes.length === 0
    ? valueText(parameter)
    : html`${valueText(parameter)} <span class="soft">${notes.join(', ')}</span>`
}

function valueText(parameter: ParameterValue): Html {
  switch (parameter.kind) {
    case 'null':
      return html`<span class="keyword">NULL</span>`
    case 'text':
      return html`<span class="string">'${visibleValue(parameter.value.replaceAll("'", "''"))}'</span>`
    case 'binary':
      return html`<span class="number">\\x${parameter.hex}</span>`
  }
}

export function parameters(values: readonly ParameterValue[]): Html | string {
  if (values.length === 0) return NOTHING
  const rows = values.map(
    (value, n) =>
      html`<tr><th scope="row" class="mono">$${String(n + 1)}</th><td class="mono">${parameterText(value)}</td></tr>`,
  )
  return html`<h3>Parameters</h3><table class="values">${rows}</table>`
}
