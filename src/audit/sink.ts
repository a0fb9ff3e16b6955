// Audit events as JSON lines, to a file or to standard output, each tied to the one before (docs/audit.md).
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { dirname } from 'node:path'
import { makeDirectory } from '../config/directory.ts'
import type { Config } from '../config/schema.ts'
import type { AuditBatch, AuditEvent, AuditSink } from '../core/audit.ts'
import { turnTime } from '../core/turn-time.ts'
import { lastEvent, openLogFile } from './file.ts'
import { createLines } from './line.ts'
import { GENESIS } from './verify.ts'
import { lineWriter, Unwritten } from './write.ts'

const STDOUT = 1
const NEWLINE = 10
/** A batch is written without waiting for anybody beyond this, in bytes: memory stays bounded. */
const BATCH_MOST = 256 * 1024
/** A code unit is at most so many bytes. */
const BYTES_MOST = 3
const ROOM_LEAST = 16 * 1024
/** What is kept for the next batch, in bytes: one that is full, with its last line. */
const ROOM_MOST = 1024 * 1024

/** A pipe that nobody reads keeps the whole process for a second each time, in milliseconds. */
const TRY_EVERY = 5_000

export interface AuditClock {
  /** milliseconds since the epoch */
  readonly now: () => number
  /** milliseconds, monotonic */
  readonly monotonic: () => number
}

const systemClock: AuditClock = { now: () => Date.now(), monotonic: turnTime }

function openSink(path: string | undefined, clock: AuditClock) {
  if (path === undefined) return { ...lineWriter(STDOUT), close: () => {} }
  // As for recordings: a directory that is there keeps its mode, a new one is its owner's.
  makeDirectory(dirname(path), 0o700)
  return openLogFile(path, clock.monotonic)
}

/** Since the first event that could not be kept. */
interface Failing {
  /** milliseconds since the epoch */
  readonly since: number
  /** monotonic, milliseconds */
  triedAt: number
}

interface Batch extends AuditBatch {
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
  /** Where the lines of a batch are made, once, and hashed: one batch waits at a time. */
  let room = Buffer.alloc(0)
  /** how much of it waits, in bytes */
  let used = 0
  let failing: Failing | undefined

  function begin(): Batch {
    const batch: Batch = {
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
    const bytes = room.subarray(0, used)
    used = 0
    // A line may be far longer than a batch.
    if (room.length > ROOM_MOST) room = Buffer.alloc(0)
    try {
      sink.write(bytes)
      failing = undefined
    } catch (error) {
      batch.failure = { error }
      failing ??= { since: clock.now(), triedAt: clock.monotonic() }
      const kept = error instanceof Unwritten ? error.kept : 0
      // An event that could not be kept is no link of the chain.
      previous = lastHash(bytes, kept) ?? batch.before
    }
  }

  /** @returns the line's bytes, without its newline */
  function add(line: string): Buffer {
    // Bytes are only counted where there might be too many.
    if (room.length - used <= line.length * BYTES_MOST) makeRoom(Buffer.byteLength(line) + 1)
    const start = used
    used += room.write(line, start, 'utf8')
    const bytes = room.subarray(start, used)
    room[used] = NEWLINE
    used += 1
    return bytes
  }

  function makeRoom(length: number): void {
    if (room.length - used >= length) return
    const larger = Buffer.allocUnsafeSlow(
      Math.max(used + length, Math.min(room.length * 2, ROOM_MOST), ROOM_LEAST),
    )
    room.copy(larger, 0, 0, used)
    room = larger
  }

  function append(event: AuditEvent): AuditBatch {
    const batch = waiting ?? begin()
    previous = hash('sha256', add(lineOf(event, clock.now(), previous)), 'hex')
    if (used > BATCH_MOST) write()
    return batch
  }

  function tryAgain({ since }: Failing): void {
    const reason = `the audit log could not be written since ${new Date(since).toISOString()}`
    try {
      append({ type: 'admin', action: 'audit-resumed', outcome: 'ok', reason }).confirm()
    } catch {
      // It is as it was.
    }
  }

  return {
    append,
    write: (event) => append(event).confirm(),
    writable() {
      const now = clock.monotonic()
      if (failing !== undefined && now - failing.triedAt >= TRY_EVERY) {
        failing.triedAt = now
        tryAgain(failing)
      }
      return failing === undefined
    },
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
