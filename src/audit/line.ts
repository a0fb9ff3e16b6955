// An audit event as its line of JSON (docs/audit.md).
import type { AuditEvent } from '../core/audit.ts'
import { membersOf } from '../core/json.ts'

/** Changes when a field changes its meaning or goes away; new fields and types do not change it. */
const SCHEMA = 1

/**
 * Gives the line without its newline.
 *
 * @param time milliseconds since the epoch
 * @param prev hash of the line before
 */
export type LineOf = (event: AuditEvent, time: number, prev: string) => string

export function createLines(): LineOf {
  /** the last time, and how it is written: many events have the same */
  let at = Number.NaN
  let stamp = ''

  return (event, time, prev) => {
    if (time !== at) {
      at = time
      stamp = new Date(time).toISOString()
    }
    return `{"time":"${stamp}","schema":${SCHEMA}${membersOf(event)},"prev":"${prev}"}`
  }
}
