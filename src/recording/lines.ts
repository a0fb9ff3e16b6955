// Reads a file line by line as raw bytes, with a limit on the line: a recording may have been tampered with.
import { createReadStream } from 'node:fs'

/** The longest event is a statement with its parameters: a message of 16 MiB by default, up to six times that once escaped. */
export const LINE_MOST = 256 * 1024 * 1024

export interface RawLine {
  /** without its newline */
  readonly bytes: Buffer
  /** false for a last line without newline: the process died while it wrote */
  readonly complete: boolean
}

/** Throws for a line that is too long, and the file system's errors. */
export async function* readLines(path: string): AsyncGenerator<RawLine> {
  const parts: Buffer[] = []
  let length = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    let rest = chunk as Buffer
    for (let newline = rest.indexOf(10); newline >= 0; newline = rest.indexOf(10)) {
      parts.push(rest.subarray(0, newline))
      yield { bytes: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), complete: true }
      parts.length = 0
      length = 0
      rest = rest.subarray(newline + 1)
    }
    if (rest.length > 0) parts.push(rest)
    length += rest.length
    if (length > LINE_MOST) throw new Error(`${path}: a line is longer than ${LINE_MOST} bytes`)
  }
  if (length > 0) yield { bytes: Buffer.concat(parts), complete: false }
}
