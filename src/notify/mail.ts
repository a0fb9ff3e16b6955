// What a mail says: plain text, and the same as simple HTML in which nothing of it is markup.
import type { Message } from './channel.ts'
import { askersOwn, facts, parameters, statement, title, whereTo } from './words.ts'

export interface Mail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

const LABEL_WIDTH = 12
const NOTE =
  'Nothing is decided by opening the link or by answering this message. What follows is the asker’s own text.'

export function mailOf(message: Message): Mail {
  const heading = title(message)
  const rows = facts(message)
  // Mail programs make links of addresses: words of the asker's stand below our own link and the note.
  const own = askersOwn(message.told).map(([label, value]) => `${label}: ${value}`)
  const lines = [...own, '', statement(message.told), ...parameters(message.told)]
  return {
    subject: `[Chaperone] ${heading}`,
    text: plain(message, rows, lines),
    html: markup(message, rows, lines),
  }
}

function plain(message: Message, rows: [string, string][], lines: readonly string[]): string {
  const table = rows.map(([label, value]) => `${label.padEnd(LABEL_WIDTH)}${value}`)
  // Each line is marked, so that a statement cannot pass for what stands around it.
  const quoted = lines.flatMap((line) => line.split('\n')).map((line) => `  | ${line}`)
  return [title(message), '', ...table, '', whereTo(message.told), '', NOTE, '', ...quoted, ''].join('\n')
}

function markup(message: Message, rows: [string, string][], lines: readonly string[]): string {
  const { link } = message.told
  const cells = rows.map(
    ([label, value]) => `<tr><th align="left">${escaped(label)}</th><td>${escaped(value)}</td></tr>`,
  )
  const where =
    link === undefined
      ? `<code>${escaped(whereTo(message.told))}</code>`
      : `<a href="${escaped(link)}">Open it in the console</a>`
  return [
    '<!doctype html><html><body>',
    `<h3>${escaped(title(message))}</h3><table>${cells.join('')}</table><p>${where}</p>`,
    `<p>${escaped(NOTE)}</p><pre>${escaped(lines.join('\n'))}</pre></body></html>`,
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** For text and for attributes in double quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
