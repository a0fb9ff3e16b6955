// Writes whole lines to a descriptor, synchronously, and never continues half a line with the next one.
import { Buffer } from 'node:buffer'
import { writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { reasonOf, Unrecorded } from '../core/errors.ts'

/** How long a full pipe may stay full, in milliseconds: the whole process waits with it, so it may not be long. */
const STALL_MOST = 1000
const PAUSE = 5
const NEWLINE = 10
const NEWLINE_BYTES = Buffer.of(NEWLINE)

/** Not all could be written. */
export class Unwritten extends Unrecorded {
  override readonly name = 'Unwritten'
  /** how much of it was, in bytes */
  readonly kept: number

  constructor(kept: number, cause: unknown) {
    const why = reasonOf(cause)
    super(`the audit log cannot be written: ${why}`, { cause })
    this.kept = kept
  }
}

export interface LineWriter {
  /** Returns when the operating system has all the lines, each with its newline. Throws Unwritten. */
  write(lines: Buffer): void
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))
const pause = () => Atomics.wait(sleeper, 0, 0, PAUSE)

const isFull = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EAGAIN'

/** One write; a full pipe (standard output of a slow log collector) counts as nothing written. */
function tryWrite(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes)
  } catch (error) {
    if (isFull(error)) return 0
    throw error
  }
}

/** @param torn whether the descriptor's file ends in half a line, left by a killed process */
export function lineWriter(descriptor: number, torn = false): LineWriter {
  let halfLine = torn

  function writeAll(bytes: Buffer, wrote: (left: number) => void): void {
    let rest = bytes
    let deadline: number | undefined
    while (rest.length > 0) {
      const written = tryWrite(descriptor, rest)
      if (written > 0) {
        halfLine = rest[written - 1] !== NEWLINE
        rest = rest.subarray(written)
        wrote(rest.length)
        continue
      }
      deadline ??= performance.now() + STALL_MOST
      if (performance.now() > deadline) throw new Error('the reader of the audit log has stopped reading')
      pause()
    }
  }

  return {
    write(lines) {
      let left = lines.length
      try {
        writeAll(halfLine ? Buffer.concat([NEWLINE_BYTES, lines]) : lines, (rest) => {
          left = Math.min(left, rest)
        })
      } catch (error) {
        throw new Unwritten(lines.length - left, error)
      }
    },
  }
}
