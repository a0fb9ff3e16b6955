// Opens a recording, and reads it line by line as raw bytes.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type RawLine, splitLines } from '../wire/lines.ts'

/** Not through a link, which may lead anywhere, and without waiting for whoever writes to a pipe. */
const AS_IT_IS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Throws the file system's errors: ELOOP for a link. What it opens may be no file. */
export const openAsItIs = (path: string): Promise<FileHandle> => open(path, AS_IT_IS)

/** @param most bytes of a line. Throws LineTooLong, for what is no file, and the file system's errors. */
export async function* readLines(path: string, most: number | undefined): AsyncGenerator<RawLine> {
  // What it was when the directory was listed, it need not be any more.
  const handle = await openAsItIs(path)
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${path} is no file`)
    yield* splitLines(handle.createReadStream({ highWaterMark: 256 * 1024, autoClose: false }), path, most)
  } finally {
    await handle.close()
  }
}
