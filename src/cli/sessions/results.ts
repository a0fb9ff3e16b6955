// Recorded results as text for a terminal.
import type { ShownResult } from '../../protocols/postgres/recorded/results.ts'
import { printable, table } from '../terminal.ts'

const line = (text: string) => `${printable(text)}\n`
const rest = (more: number) => (more > 0 ? `… and ${more} more\n` : '')

export function resultText(result: ShownResult): string {
  switch (result.kind) {
    case 'rows':
      return table(result.heading, result.rows) + rest(result.more)
    case 'copied':
      return result.lines.map(line).join('') + rest(result.more)
    case 'completed':
      return line(result.tag)
    case 'diagnostic': {
      const [message = '', ...more] = result.lines
      return [`${result.severity} ${result.code}: ${message}`, ...more].map(line).join('')
    }
    case 'notification':
      return `notification: ${line(result.text)}`
    case 'broken':
      return `results cannot be shown from here on: ${line(result.reason)}`
  }
}
