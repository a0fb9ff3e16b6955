// What a PostgreSQL client saw, as text: results as tables, errors, notices, data copied out.
import {
  decodeCommandTag,
  decodeDataRow,
  decodeDiagnostic,
  decodeRowDescription,
  type FieldDescription,
} from '../../protocols/postgres/messages/backend.ts'
import { BACKEND } from '../../protocols/postgres/messages/codes.ts'
import { printable, table } from '../terminal.ts'
import { createMessageCutter } from './postgres-messages.ts'
import { valueText } from './postgres-value.ts'

export interface ResultView {
  /** a statement was allowed to run: what it is called, should its result come without a description */
  statement(text: string): void
  /** Text for people about what these bytes complete; empty when they complete nothing. */
  push(bytes: Uint8Array): string
}

/** Descriptions of prepared statements are kept for so many texts: later executions come without one. */
const DESCRIPTIONS_MOST = 1000
const HEADER = 5

interface OpenResult {
  fields: readonly FieldDescription[] | undefined
  rows: (readonly string[])[]
  /** rows or lines seen, shown or not */
  seen: number
  copy: boolean
}

const none = (): OpenResult => ({ fields: undefined, rows: [], seen: 0, copy: false })

/** @param most rows shown of each result */
export function createPostgresView(most: number): ResultView {
  const cutter = createMessageCutter()
  const described = new Map<string, readonly FieldDescription[]>()
  let current = ''
  let result = none()
  let broken = false

  function remember(fields: readonly FieldDescription[]): void {
    if (described.size >= DESCRIPTIONS_MOST) described.clear()
    described.set(current, fields)
    result = { ...none(), fields }
  }

  function addRow(bytes: Uint8Array): void {
    result.seen++
    if (result.rows.length >= most) return
    const values = decodeDataRow(bytes)
    const known = result.fields ?? described.get(current)
    // a description of another width is another statement's
    result.fields = known?.length === values.length ? known : undefined
    result.rows.push(values.map((value, i) => valueText(value, result.fields?.[i])))
  }

  function addCopyLine(bytes: Uint8Array): void {
    result.copy = true
    result.seen++
    if (result.rows.length < most) result.rows.push([valueText(bytes.subarray(HEADER), undefined).trimEnd()])
  }

  /** The result so far; it begins anew. */
  function finish(): string {
    const { fields, rows, seen, copy } = result
    result = none()
    if (seen === 0 && fields === undefined) return ''
    const width = rows[0]?.length ?? 0
    const heading =
      fields?.map((field) => field.name) ?? Array.from({ length: width }, (_, i) => `column ${i + 1}`)
    const body = copy ? rows.map(([line = '']) => `${printable(line)}\n`).join('') : table(heading, rows)
    return seen > rows.length ? `${body}… and ${seen - rows.length} more\n` : body
  }

  function message(bytes: Uint8Array): string {
    switch (bytes[0]) {
      case BACKEND.RowDescription:
        remember(decodeRowDescription(bytes))
        return ''
      case BACKEND.DataRow:
        addRow(bytes)
        return ''
      case BACKEND.CopyData:
        addCopyLine(bytes)
        return ''
      case BACKEND.CommandComplete:
        return `${finish()}${printable(decodeCommandTag(bytes))}\n`
      case BACKEND.PortalSuspended:
        return finish()
      case BACKEND.ErrorResponse:
      case BACKEND.NoticeResponse:
        return `${finishRows()}${diagnosticText(decodeDiagnostic(bytes))}`
      case BACKEND.NotificationResponse:
        return `notification: ${printable(notificationText(bytes))}\n`
      default:
        // nothing of a result: what the session's state needs
        return ''
    }
  }

  /** A notice may come between two rows: the rows before it are shown before it, the description stays. */
  function finishRows(): string {
    if (result.seen === 0) return ''
    const { fields } = result
    const text = finish()
    result.fields = fields
    return text
  }

  return {
    statement(text) {
      current = text
    },
    push(bytes) {
      if (broken) return ''
      const parts: string[] = []
      try {
        for (const whole of cutter.push(bytes)) parts.push(message(whole))
      } catch (error) {
        broken = true
        const reason = error instanceof Error ? error.message : String(error)
        parts.push(`results cannot be shown from here on: ${printable(reason)}\n`)
      }
      return parts.join('')
    },
  }
}

function diagnosticText(fields: ReadonlyMap<string, string>): string {
  const first = `${fields.get('V') ?? fields.get('S') ?? 'ERROR'} ${fields.get('C') ?? ''}: ${fields.get('M') ?? ''}`
  const more = [
    ['DETAIL', fields.get('D')],
    ['HINT', fields.get('H')],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return [first, ...more].map((line) => `${printable(line)}\n`).join('')
}

/** int32 of the process, then channel and payload, each ended by a zero byte (54.7). */
function notificationText(bytes: Uint8Array): string {
  const [channel = '', payload = ''] = Buffer.from(bytes.subarray(HEADER + 4))
    .toString('utf8')
    .split('\0')
  return payload === '' ? channel : `${channel} ${payload}`
}
