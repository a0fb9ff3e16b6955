// Reads a recording line by line as raw bytes.
import { createReadStream } from 'node:fs'
import { type RawLine, splitLines } from '../wire/lines.ts'

/** The longest event is a statement with its parameters: a message of 16 MiB by default, up to six times that once escaped. */
export const LINE_MOST = 256 * 1024 * 1024

/** Throws for a line that is too long, and the file system's errors. */
export function readLines(path: string): AsyncGenerator<RawLine> {
  return splitLines(createReadStream(path, { highWaterMark: 256 * 1024 }), path, LINE_MOST)
}
