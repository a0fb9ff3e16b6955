// Writes whole lines to a descriptor, synchronously, and never continues half a line with the next one.
import { writeSync } from 'node:fs'

/** How long a full pipe may stay full, in milliseconds: the whole process waits with it, so it may not be long. */
const STALL_MOST = 1000
const PAUSE = 5
const NEWLINE = Buffer.from('\n')

export interface LineWriter {
  /** Returns when the operating system has the whole line. Throws when it could not be kept. */
  write(line: Buffer): void
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
  return {
    write(line) {
      let rest = halfLine ? Buffer.concat([NEWLINE, line]) : line
      const deadline = performance.now() + STALL_MOST
      while (rest.length > 0) {
        const written = tryWrite(descriptor, rest)
        if (written > 0) halfLine = true
        rest = rest.subarray(written)
        if (written > 0) continue
        if (performance.now() > deadline) throw new Error('the reader of the audit log has stopped reading')
        pause()
      }
      halfLine = false
    },
  }
}
