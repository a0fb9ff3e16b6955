// Reads a recording line by line as raw bytes.
import { createReadStream } from 'node:fs'
import { type RawLine, splitLines } from '../wire/lines.ts'

/** Throws for a line that is too long, and the file system's errors. */
export function readLines(path: string): AsyncGenerator<RawLine> {
  return splitLines(createReadStream(path, { highWaterMark: 256 * 1024 }), path)
}
