// Tells whether an audit log is what was written: every event carries the hash of the one before.
import { hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { parseLine } from '../core/parse-json.ts'
import { splitLines } from '../wire/lines.ts'

/** `prev` of the first event of a chain */
export const GENESIS = '0'.repeat(64)

export type AuditVerdict =
  | {
      readonly state: 'ok'
      readonly events: number
      /** lines that a killed process or a full disk left of an event */
      readonly torn: number
      /** `prev` of the first event: GENESIS, or the hash of an event of another file; undefined without events */
      readonly after: string | undefined
      /** hash of the last event; undefined without events */
      readonly last: string | undefined
    }
  /** @property line from 1 on */
  | { readonly state: 'tampered'; readonly line: number; readonly reason: string }

const HASH = /^[0-9a-f]{64}$/

/**
 * Reads the whole file; anything but an audit log is `tampered`.
 * @param told the hash of each event, and what it has, in order
 * @throws the file system's errors
 */
export async function verifyAudit(
  path: string,
  told: (hash: string, event: object) => void,
): Promise<AuditVerdict> {
  let [line, events, torn] = [0, 0, 0]
  let after: string | undefined
  let last: string | undefined
  for await (const { bytes } of splitLines(createReadStream(path), path)) {
    line++
    const event = parseLine(bytes)
    if (event === undefined) {
      torn++
      continue
    }
    const previous = previousOf(event)
    if (previous === undefined || typeof event !== 'object' || event === null)
      return { state: 'tampered', line, reason: 'it is not an event' }
    if (last !== undefined && previous !== last) {
      return { state: 'tampered', line, reason: 'it does not follow the event before it' }
    }
    after ??= previous
    last = hash('sha256', bytes, 'hex')
    told(last, event)
    events++
  }
  return { state: 'ok', events, torn, after, last }
}

function previousOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('prev' in event)) return undefined
  return typeof event.prev === 'string' && HASH.test(event.prev) ? event.prev : undefined
}
