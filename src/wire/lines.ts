// Cuts a stream of bytes into lines, with a limit on the line: a file may have been tampered with.

export interface RawLine {
  /** without its newline */
  readonly bytes: Buffer
  /** false for a last line without newline: the process died while it wrote */
  readonly complete: boolean
}

/**
 * In bytes, for writers too. The longest event of a recording or an audit log is a statement with its parameters: a message of
 * 16 MiB by default, up to six times that once escaped.
 */
export const LINE_MOST = 128 * 1024 * 1024

export class LineTooLong extends Error {
  override readonly name = 'LineTooLong'
}

/**
 * @param path for the message
 * @param most bytes of a line
 * @throws LineTooLong, and the stream's errors
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  path: string,
  most = LINE_MOST,
): AsyncGenerator<RawLine> {
  const parts: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    let rest = chunk
    for (let newline = rest.indexOf(10); newline >= 0; newline = rest.indexOf(10)) {
      if (length + newline > most) throw tooLong(path, most)
      parts.push(rest.subarray(0, newline))
      yield { bytes: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), complete: true }
      parts.length = 0
      length = 0
      rest = rest.subarray(newline + 1)
    }
    if (rest.length > 0) parts.push(rest)
    length += rest.length
    if (length > most) throw tooLong(path, most)
  }
  if (length > 0) yield { bytes: Buffer.concat(parts), complete: false }
}

const tooLong = (path: string, most: number) =>
  new LineTooLong(`${path}: a line is longer than the ${most} bytes that any is read of`)
