// Audit events as JSON lines, to a file or to standard output, each tied to the one before (docs/audit.md).
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { makeDirectory } from '../config/directory.ts'
import type { Config } from '../config/schema.ts'
import type { AuditBatch, AuditEvent, AuditSink } from '../core/audit.ts'
import { lastEvent, openLogFile } from './file.ts'
import { createLines } from './line.ts'
import { GENESIS } from './verify.ts'
import { lineWriter, Unwritten } from './write.ts'

const STDOUT = 1
const NEWLINE = 10
/** A batch is written without waiting for anybody beyond this, in characters: memory stays bounded. */
const BATCH_MOST = 256 * 1024

export interface AuditClock {
  /** milliseconds since the epoch */
  readonly now: () => number
  /** milliseconds, monotonic */
  readonly monotonic: () => number
}

const systemClock: AuditClock = { now: () => Date.now(), monotonic: () => performance.now() }

function openSink(path: string | undefined, clock: AuditClock) {
  if (path === undefined) return { ...lineWriter(STDOUT), close: () => {} }
  // As for recordings: a directory that is there keeps its mode, a new one is its owner's.
  makeDirectory(dirname(path), 0o700)
  return openLogFile(path, clock.monotonic)
}

interface Batch extends AuditBatch {
  lines: string
  /** hash of the event before the first */
  readonly before: string
  failure: { readonly error: unknown } | undefined
}

/** Throws when the file cannot be opened. Its chain goes on where the last process left it: one process a file. */
export function createAudit(config: Config['audit'], clock: AuditClock = systemClock): AuditSink {
  const last = config.file === undefined ? undefined : lastEvent(config.file)
  const sink = openSink(config.file, clock)
  const lineOf = createLines()
  let previous = last === undefined ? GENESIS : hash('sha256', last, 'hex')
  let waiting: Batch | undefined

  function begin(): Batch {
    const batch: Batch = {
      lines: '',
      before: previous,
      failure: undefined,
      confirm() {
        if (batch === waiting) write()
        if (batch.failure !== undefined) throw batch.failure.error
      },
    }
    waiting = batch
    return batch
  }

  /** Writes what waits. Whoever waits for it hears of a failure from `confirm`. */
  function write(): void {
    if (waiting === undefined) return
    const batch = waiting
    waiting = undefined
    const bytes = Buffer.from(batch.lines)
    batch.lines = ''
    try {
      sink.write(bytes)
    } catch (error) {
      batch.failure = { error }
      const kept = error instanceof Unwritten ? error.kept : 0
      // An event that could not be kept is no link of the chain.
      previous = lastHash(bytes, kept) ?? batch.before
    }
  }

  function append(event: AuditEvent): AuditBatch {
    const batch = waiting ?? begin()
    const line = lineOf(event, clock.now(), previous)
    batch.lines += `${line}\n`
    previous = hash('sha256', line, 'hex')
    if (batch.lines.length > BATCH_MOST) write()
    return batch
  }

  return {
    append,
    write: (event) => append(event).confirm(),
    close() {
      write()
      sink.close()
    },
  }
}

/** Of the last line that is whole within the first `kept` bytes, with or without its newline; undefined when there is none. */
function lastHash(bytes: Buffer, kept: number): string | undefined {
  const end = bytes[kept] === NEWLINE ? kept : bytes.subarray(0, kept).lastIndexOf(NEWLINE)
  if (end <= 0) return undefined
  const start = bytes.lastIndexOf(NEWLINE, end - 1) + 1
  return hash('sha256', bytes.subarray(start, end), 'hex')
}
