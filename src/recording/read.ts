// Finds and reads recordings.
import { type FileHandle, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBatches } from './batches.ts'
import { openAsItIs } from './lines.ts'
import { sessionIn } from './name.ts'
import { parseEvent, type RecordedEnd, type RecordedEvent, type RecordedStart } from './recorded.ts'
import { RecordedOriginals } from './repeated.ts'

export interface RecordingSummary {
  /** the session's id, from the file's name */
  readonly id: string
  readonly path: string
  /** bytes */
  readonly size: number
  /** absent when the file does not begin as a recording does */
  readonly start?: RecordedStart
  /** why it is not read: what has its name is no file of its own */
  readonly unusable?: string
  /** absent when the session still lives, or its process was killed */
  readonly end?: RecordedEnd
}

/** Start and end are found without reading what lies between: neither is longer than this. */
const EDGE = 256 * 1024

/** All recordings of a directory, oldest first. Throws the file system's errors. */
export async function listRecordings(directory: string): Promise<RecordingSummary[]> {
  const summaries: RecordingSummary[] = []
  for (const name of (await recordingNames(directory)).sort()) {
    const summary = await summaryOf(directory, name)
    if (summary !== undefined) summaries.push(summary)
  }
  return summaries
}

/** The newest recordings, newest first, of those whose file's name is before another's. Throws the file system's errors. */
export async function newestRecordings(
  directory: string,
  { most, before }: { readonly most: number; readonly before?: string | undefined },
): Promise<readonly { readonly name: string; readonly summary: RecordingSummary }[]> {
  const names = (await recordingNames(directory))
    .filter((name) => before === undefined || name < before)
    .sort()
    .slice(-most)
    .reverse()
  const found: { name: string; summary: RecordingSummary }[] = []
  for (const name of names) {
    const summary = await summaryOf(directory, name)
    if (summary !== undefined) found.push({ name, summary })
  }
  return found
}

/** The recording of exactly this session; undefined when there is none. Throws the file system's errors. */
export async function findRecording(directory: string, id: string): Promise<RecordingSummary | undefined> {
  const name = (await recordingNames(directory)).find((one) => sessionIn(one) === id)
  return name === undefined ? undefined : summaryOf(directory, name)
}

const recordingNames = async (directory: string) =>
  (await readdir(directory)).filter((name) => sessionIn(name) !== undefined)

/** Undefined for what was removed meanwhile: recordings are kept for their time. */
async function summaryOf(directory: string, name: string): Promise<RecordingSummary | undefined> {
  const [id, path] = [sessionIn(name) ?? '', join(directory, name)]
  const unusable = (why: string) => ({ id, path, size: 0, unusable: why })
  try {
    const handle = await openAsItIs(path)
    try {
      const stat = await handle.stat()
      return stat.isFile() ? await summarize(handle, stat.size, id, path) : unusable('it is no file')
    } finally {
      await handle.close()
    }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') return unusable('it is a link, which is not followed')
    if (code === 'ENXIO') return unusable('it is no file')
    // One that cannot be read, as its owner or the disk has it, hides none of the others.
    if (code !== undefined) return unusable(String(code))
    throw error
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined)

async function summarize(
  handle: FileHandle,
  size: number,
  id: string,
  path: string,
): Promise<RecordingSummary> {
  const first = firstLine(await readAt(handle, 0, Math.min(EDGE, size)))
  const last = lastLine(await readAt(handle, Math.max(0, size - EDGE), Math.min(EDGE, size)))
  const start = first && parseEvent(first)
  const end = last && parseEvent(last)
  return {
    id,
    path,
    size,
    ...(start?.kind === 'start' ? { start } : {}),
    ...(end?.kind === 'end' ? { end } : {}),
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function firstLine(bytes: Buffer): Buffer | undefined {
  const newline = bytes.indexOf(10)
  return newline < 0 ? undefined : bytes.subarray(0, newline)
}

function lastLine(bytes: Buffer): Buffer | undefined {
  if (bytes.at(-1) !== 10) return undefined
  return bytes.subarray(bytes.lastIndexOf(10, bytes.length - 2) + 1, -1)
}

/**
 * The events of a recording, in order, without holding the file in memory. Ends quietly at what a killed process left
 * unfinished: half a line, or lines without the hash of their batch. It does not check the hashes: verifyRecording does.
 *
 * @param most bytes of a line; what a session may write when absent
 * @throws LineTooLong, and for any other line that is no event
 */
export async function* readRecording(path: string, most?: number): AsyncGenerator<RecordedEvent> {
  const originals = new RecordedOriginals()
  let seq = 0
  for await (const { lines, state } of readBatches(path, most)) {
    for (const line of lines) {
      const parsed = parseEvent(line)
      const event = parsed && originals.whole(parsed)
      seq++
      if (event === undefined) throw new Error(`${path}: line ${seq} is not an event of a recording`)
      if (state === 'sealed') yield event
    }
  }
}
