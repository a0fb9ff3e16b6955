// The audit log's file: only appended to, and opened anew when a log rotator has moved it away.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { parseJson } from '../core/parse-json.ts'
import { type LineWriter, lineWriter } from './write.ts'

export interface LogFile extends LineWriter {
  close(): void
}

/** A file that was moved away gets lines for so long, in milliseconds: none is lost, and most writes need no look. */
const LOOK_EVERY = 1000
/** How much of an existing file is read to find its last event, at most: longer than any event. */
const TAIL_MOST = 32 * 1024 * 1024
const TAIL_FIRST = 64 * 1024
const NEWLINE = 10

function openAppending(path: string): { readonly descriptor: number; readonly writer: LineWriter } {
  const descriptor = openSync(path, 'a', 0o600)
  const last = readTail(path, 1)
  return { descriptor, writer: lineWriter(descriptor, last.length > 0 && last[0] !== NEWLINE) }
}

/** The last bytes of a regular file; nothing of a pipe or device. */
function readTail(path: string, length: number): Buffer {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) return Buffer.alloc(0)
  const descriptor = openSync(path, 'r')
  try {
    const wanted = Math.min(length, stats.size)
    const buffer = Buffer.alloc(wanted)
    return buffer.subarray(0, readSync(descriptor, buffer, 0, wanted, stats.size - wanted))
  } finally {
    closeSync(descriptor)
  }
}

const isEvent = (line: Buffer): boolean => parseJson(line.toString('utf8')) !== undefined

/**
 * The last whole event in `tail`, without its newline, which a killed process may not have come to write. What lies before the
 * first newline may be cut off.
 */
function lastEventIn(tail: Buffer, fromStart: boolean): Buffer | undefined {
  let end = tail.length
  while (end > 0) {
    const start = tail.lastIndexOf(NEWLINE, end - 1) + 1
    const line = tail.subarray(start, end)
    if ((start > 0 || fromStart) && isEvent(line)) return line
    end = start - 1
  }
  return undefined
}

/** The last whole event of a log, without its newline; undefined when it has none. Throws when it is no audit log. */
export function lastEvent(path: string): Buffer | undefined {
  for (let length = TAIL_FIRST; length <= TAIL_MOST; length *= 8) {
    const tail = readTail(path, length)
    const fromStart = tail.length < length
    const line = lastEventIn(tail, fromStart)
    if (line !== undefined || fromStart) return line
  }
  throw new Error(`${path} is not an audit log: its last ${TAIL_MOST} bytes hold no event`)
}

/** Opens the file (0600). Throws when that fails. `clock` is monotonic, in milliseconds. */
export function openLogFile(path: string, clock: () => number): LogFile {
  let current = openAppending(path)
  let lookedAt = clock()

  function reopenWhenMoved(): void {
    if (clock() - lookedAt < LOOK_EVERY) return
    lookedAt = clock()
    const mine = fstatSync(current.descriptor)
    const named = statSync(path, { throwIfNoEntry: false })
    if (named?.ino === mine.ino && named.dev === mine.dev) return
    const fresh = openAppending(path)
    closeSync(current.descriptor)
    current = fresh
  }

  return {
    write(line) {
      reopenWhenMoved()
      current.writer.write(line)
    },
    close: () => closeSync(current.descriptor),
  }
}
