// Recorded events as text for people: a time line with statements, decisions and what became of them.
import type { RecordedEvent, RecordedStart, RecordedStatement } from '../../recording/recorded.ts'
import { printable, printableLines } from '../terminal.ts'

/** Milliseconds since the start of the session, as `+1:02:03.456`. */
export function timestamp(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const seconds = Math.floor(ms / 1000)
  const fraction = String(Math.floor(ms % 1000)).padStart(3, '0')
  return `+${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`
}

const indented = (text: string) =>
  printableLines(text)
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('')

export function headerText(start: RecordedStart): string {
  const { principal } = start
  const fields: readonly (readonly [string, string])[] = [
    ['session', start.session],
    ['started', start.startedAt],
    ['who', `${principal.name} (${principal.kind}, ${principal.method}) ${principal.id}`],
    ['groups', principal.groups.join(', ')],
    ['resource', `${start.resource} (${start.protocol})`],
    ['database', start.database ?? ''],
    ['as role', start.role ?? ''],
    ['from', start.source],
    ['application', start.application ?? ''],
    ['policy', start.policyVersion],
    ['recorded', start.level],
  ]
  return fields
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name.padEnd(12)}${printable(value)}\n`)
    .join('')
}

function parameterText(parameter: RecordedStatement['parameters'][number]): string {
  switch (parameter.kind) {
    case 'null':
      return 'NULL'
    case 'text':
      return `'${printable(parameter.value.replaceAll("'", "''"))}'`
    case 'binary':
      return `\\x${printable(parameter.hex)}`
  }
}

function statementText(event: RecordedStatement): string {
  const rules = event.rules.length > 0 ? ` by ${event.rules.join(', ')}` : ''
  const shadow = event.shadow.length > 0 ? ` (in shadow: ${event.shadow.join(', ')})` : ''
  const request = event.request === undefined ? '' : `, request ${event.request}`
  const phase = event.phase === 'query' ? '' : ` ${event.phase}`
  const parameters = event.parameters.map((value, i) => `    $${i + 1} = ${parameterText(value)}\n`).join('')
  const decision = printable(`#${event.sequence}${phase} ${event.outcome}${rules}${shadow}${request}`)
  const reason = event.outcome === 'allow' ? '' : `    -- ${printable(event.reason)}\n`
  return `${decision}\n${indented(event.text)}${parameters}${reason}`
}

const because = (reason: string | undefined) => (reason === undefined ? '' : `: ${reason}`)

/** Undefined for events that have their own place: the header, and bytes of results. */
function eventText(event: RecordedEvent): string | undefined {
  switch (event.kind) {
    case 'start':
    case 'result':
      return undefined
    case 'statement':
      return statementText(event)
    case 'ready':
      return 'logged in to the target\n'
    case 'hold':
      return printable(
        `#${event.sequence} hold ${event.request} is ${event.state}${because(event.reason)}`,
      ).concat('\n')
    case 'completed':
      return printable(`#${event.sequence} ${event.tag}: ${event.rows} rows, ${event.bytes} bytes`).concat(
        '\n',
      )
    case 'failed': {
      const which = event.sequence === undefined ? '' : `#${event.sequence} `
      return printable(`${which}failed, ${event.sqlstate}: ${event.message}`).concat('\n')
    }
    case 'copy-in':
      return `#${event.sequence} ${event.bytes} bytes copied in\n`
    case 'notice':
      return printable(`told the client: ${event.message}${event.hint ? ` (${event.hint})` : ''}`).concat(
        '\n',
      )
    case 'end':
      return printable(`end: ${event.reason}; ${event.statements} statements`).concat('\n')
  }
}

/** The event with its time, ready for a terminal; empty for events that are shown elsewhere. */
export function eventLine(event: RecordedEvent): string {
  const text = eventText(event)
  return text === undefined ? '' : `${timestamp(event.t)}  ${text}`
}
