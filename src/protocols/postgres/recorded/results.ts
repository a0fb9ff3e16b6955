// What a PostgreSQL client saw, out of the bytes that a recording has: results as tables, errors, notices, data copied out.
// Every text in it came from outside: whoever shows it makes it safe for where it is shown.
import { reasonOf } from '../../../core/errors.ts'
import {
  decodeCommandTag,
  decodeDataRow,
  decodeDiagnostic,
  decodeRowDescription,
  type FieldDescription,
} from '../messages/backend.ts'
import { BACKEND } from '../messages/codes.ts'
import { createMessageCutter } from './cutter.ts'
import { valueText } from './value.ts'

export type ShownResult =
  /** `more`: rows, or lines, that are not shown */
  | {
      readonly kind: 'rows'
      readonly heading: readonly string[]
      readonly rows: readonly (readonly string[])[]
      readonly more: number
    }
  | { readonly kind: 'copied'; readonly lines: readonly string[]; readonly more: number }
  | { readonly kind: 'completed'; readonly tag: string }
  | {
      readonly kind: 'diagnostic'
      readonly severity: string
      readonly code: string
      readonly lines: readonly string[]
    }
  | { readonly kind: 'notification'; readonly text: string }
  /** nothing after it can be shown */
  | { readonly kind: 'broken'; readonly reason: string }

export interface RecordedResults {
  /** a statement was allowed to run: what it is called, should its result come without a description */
  statement(text: string): void
  /** What these bytes complete; empty when they complete nothing. */
  push(bytes: Uint8Array): readonly ShownResult[]
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
export function createRecordedResults(most: number): RecordedResults {
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
  function finish(): readonly ShownResult[] {
    const { fields, rows, seen, copy } = result
    result = none()
    if (seen === 0 && fields === undefined) return []
    const more = seen - rows.length
    if (copy) return [{ kind: 'copied', lines: rows.map(([line = '']) => line), more }]
    const width = rows[0]?.length ?? 0
    const heading =
      fields?.map((field) => field.name) ?? Array.from({ length: width }, (_, i) => `column ${i + 1}`)
    return [{ kind: 'rows', heading, rows, more }]
  }

  function message(bytes: Uint8Array): readonly ShownResult[] {
    switch (bytes[0]) {
      case BACKEND.RowDescription:
        remember(decodeRowDescription(bytes))
        return []
      case BACKEND.DataRow:
        addRow(bytes)
        return []
      case BACKEND.CopyData:
        addCopyLine(bytes)
        return []
      case BACKEND.CommandComplete:
        return [...finish(), { kind: 'completed', tag: decodeCommandTag(bytes) }]
      case BACKEND.PortalSuspended:
        return finish()
      case BACKEND.ErrorResponse:
      case BACKEND.NoticeResponse:
        return [...finishRows(), diagnostic(decodeDiagnostic(bytes))]
      case BACKEND.NotificationResponse:
        return [{ kind: 'notification', text: notificationText(bytes) }]
      default:
        // nothing of a result: what the session's state needs
        return []
    }
  }

  /** A notice may come between two rows: the rows before it are shown before it, the description stays. */
  function finishRows(): readonly ShownResult[] {
    if (result.seen === 0) return []
    const { fields } = result
    const shown = finish()
    result.fields = fields
    return shown
  }

  return {
    statement(text) {
      current = text
    },
    push(bytes) {
      if (broken) return []
      const parts: ShownResult[] = []
      try {
        for (const whole of cutter.push(bytes)) parts.push(...message(whole))
      } catch (error) {
        broken = true
        const reason = reasonOf(error)
        parts.push({ kind: 'broken', reason })
      }
      return parts
    },
  }
}

function diagnostic(fields: ReadonlyMap<string, string>): ShownResult {
  const more = [
    ['DETAIL', fields.get('D')],
    ['HINT', fields.get('H')],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return {
    kind: 'diagnostic',
    severity: fields.get('V') ?? fields.get('S') ?? 'ERROR',
    code: fields.get('C') ?? '',
    lines: [fields.get('M') ?? '', ...more],
  }
}

/** int32 of the process, then channel and payload, each ended by a zero byte (54.7). */
function notificationText(bytes: Uint8Array): string {
  const [channel = '', payload = ''] = Buffer.from(bytes.subarray(HEADER + 4))
    .toString('utf8')
    .split('\0')
  return payload === '' ? channel : `${channel} ${payload}`
}
