// A statement for people to judge: laid out, and its exact text beside it, always.
import { html } from 'hono/html'
import { type LaidOutToken, layOut } from '../../analysis/postgres/layout.ts'
import type { ParameterValue } from '../../core/operation.ts'
import { type Html, NOTHING } from './html.ts'
import { cut, visible, visibleLines } from './visible.ts'

/** Letters that a note names. */
const NAMED_LETTERS = 8

function token({ kind, text, before }: LaidOutToken): Html {
  if (kind === 'symbol' || kind === 'name') return html`${before}${visibleLines(text)}`
  return html`${before}<span class="${kind}">${visibleLines(text)}</span>`
}

/** Names and words with letters beyond ASCII may look like others: which letters they are is said. */
function unusualLetters(tokens: readonly LaidOutToken[]): Html | string {
  const letters = new Set(
    tokens
      .filter(({ kind }) => kind === 'name' || kind === 'keyword')
      .flatMap(({ text }) => [...text].filter((letter) => (letter.codePointAt(0) ?? 0) > 0x7f)),
  )
  if (letters.size === 0) return NOTHING
  const named = [...letters].slice(0, NAMED_LETTERS)
  const code = (letter: string) =>
    `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  const list = named.map(
    (letter, n) => html`${n > 0 ? ', ' : ''}<code>${visible(letter)}</code> ${code(letter)}`,
  )
  return html`<p class="note">Names in it have letters beyond ASCII, which may look like others: ${list}${letters.size > NAMED_LETTERS ? ' and more' : ''}.</p>`
}

/** Lines that fit on a screen beside the form: of more it is said how many there are. */
const ON_A_SCREEN = 15

function size(lines: string): Html | string {
  const count = lines.trimEnd().split('\n').length
  return count > ON_A_SCREEN
    ? html`<p class="soft small" data-lines="${String(count)}">${String(count)} lines</p>`
    : NOTHING
}

/** No box of it scrolls: a condition at its end may be what it is about, and whoever decides does not look for it. */
export function statement(text: string): Html {
  const laidOut = layOut(text)
  if (laidOut === undefined || laidOut.length === 0) {
    return html`${size(text)}<pre class="sql">${visibleLines(text)}</pre>`
  }
  const lines = laidOut.map(({ before, text: token }) => before + token).join('')
  return html`${unusualLetters(laidOut)}${size(lines)}<pre class="sql">${laidOut.map(token)}</pre>
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
      return html`<span class="string">'${visible(parameter.value.replaceAll("'", "''"))}'</span>`
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
  return html`<h3>Parameters</h3><div class="scroll"><table>${rows}</table></div>`
}
