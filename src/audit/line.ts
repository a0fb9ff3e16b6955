// An audit event as its line of JSON (docs/audit.md). One is written for every statement, so what repeats is kept as text.
import type { AuditEvent } from '../core/audit.ts'
import { quoted } from '../core/json.ts'

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
  /** of values that are the same object in many events: who acts, and the rules of a decision */
  const texts = new WeakMap<object, string>()
  let at = Number.NaN
  let stamp = ''

  function textOf(value: unknown): string | undefined {
    if (typeof value === 'string') return quoted(value)
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    let text = texts.get(value)
    if (text === undefined) {
      text = JSON.stringify(value)
      texts.set(value, text)
    }
    return text
  }

  return (event, time, prev) => {
    if (time !== at) {
      at = time
      stamp = new Date(time).toISOString()
    }
    let line = `{"time":"${stamp}","schema":${SCHEMA}`
    for (const name in event) {
      const text = textOf(event[name as keyof AuditEvent])
      if (text !== undefined) line += `,"${name}":${text}`
    }
    return `${line},"prev":"${prev}"}`
  }
}
