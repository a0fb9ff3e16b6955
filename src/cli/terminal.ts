// Text from outside, made safe for a terminal: what is shown is what was there, and nothing of it moves the cursor.
import { printable, printableLines, UNSAFE_BUT_LINES } from '../core/printable.ts'

export { printable, printableLines }

/** Writes text and waits while its reader is slow. */
export type Print = (text: string) => Promise<void>

/** Standard output. Ends the process quietly when its reader (`head`, a closed pager) wants no more. */
export const standardOutput: Print = (text) =>
  new Promise((resolve, reject) => {
    // the write's own callback tells; without a listener the same error would end the process with a stack trace
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => {})
    process.stdout.write(text, (error) => {
      if (error && 'code' in error && error.code === 'EPIPE') process.exit(0)
      if (error) reject(error)
      else resolve()
    })
  })

/** JSON whose strings hold no raw control or format character; parsers read the same value. */
export function printableJson(value: unknown): string {
  return safeJson(value, 2)
}

/** The same on one line. */
export function printableJsonLine(value: unknown): string {
  return safeJson(value, 0)
}

function safeJson(value: unknown, indent: number): string {
  const utf16 = (character: string) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    )
  return JSON.stringify(value, undefined, indent).replace(UNSAFE_BUT_LINES, (character) =>
    utf16(character).join(''),
  )
}

const width = (text: string) => [...text].length

/** Characters of a statement in a table. */
const SHOWN_IN_TABLE = 60

/** The beginning of a statement, on one line. */
export function statementCell(text: string, truncated: boolean): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  const cut = flat.length > SHOWN_IN_TABLE || truncated
  return cut ? `${flat.slice(0, SHOWN_IN_TABLE)}…` : flat
}

/** Columns aligned to their longest cell. Cells are made printable here. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows].map((row) => row.map(printable))
  const widths = heading.map((_, column) =>
    all.reduce((most, row) => Math.max(most, width(row[column] ?? '')), 0),
  )
  const line = (row: readonly string[]) =>
    widths
      .map((most, column) => (row[column] ?? '') + ' '.repeat(most - width(row[column] ?? '')))
      .join('  ')
      .trimEnd()
  const [first = [], ...rest] = all
  return [line(first), widths.map((most) => '-'.repeat(most)).join('  '), ...rest.map(line)]
    .map((text) => `${text}\n`)
    .join('')
}
