// Audit events as JSON lines, to a file or to standard output, each tied to the one before (docs/audit.md).
import { hash } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import type { AuditEvent, AuditSink } from '../core/audit.ts'
import { lastEvent, openLogFile } from './file.ts'
import { lineWriter } from './write.ts'

/** Changes when a field changes its meaning or goes away; new fields and types do not change it. */
const SCHEMA = 1
/** `prev` of the first event of a chain */
const GENESIS = '0'.repeat(64)
const STDOUT = 1

export interface AuditClock {
  /** milliseconds since the epoch */
  readonly now: () => number
  /** milliseconds, monotonic */
  readonly monotonic: () => number
}

const systemClock: AuditClock = { now: () => Date.now(), monotonic: () => performance.now() }

function openSink(path: string | undefined, clock: AuditClock) {
  if (path === undefined) return { ...lineWriter(STDOUT), close: () => {} }
  return openLogFile(path, clock.monotonic)
}

/** Throws when the file cannot be opened. Its chain goes on where the last process left it: one process a file. */
export function createAudit(config: Config['audit'], clock: AuditClock = systemClock): AuditSink {
  const before = config.file === undefined ? undefined : lastEvent(config.file)
  const sink = openSink(config.file, clock)
  let previous = before === undefined ? GENESIS : hash('sha256', before, 'hex')
  return {
    write(event: AuditEvent) {
      const time = new Date(clock.now()).toISOString()
      const line = JSON.stringify({ time, schema: SCHEMA, ...event, prev: previous })
      sink.write(Buffer.from(`${line}\n`))
      // after the write: an event that could not be kept is no link of the chain
      previous = hash('sha256', line, 'hex')
    },
    close: () => sink.close(),
  }
}
