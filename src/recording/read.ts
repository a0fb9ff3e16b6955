// Finds and reads recordings.
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBatches } from './batches.ts'
import { parseEvent, type RecordedEnd, type RecordedEvent, type RecordedStart } from './recorded.ts'

export interface RecordingSummary {
  /** the session's id, from the file's name */
  readonly id: string
  readonly path: string
  /** bytes */
  readonly size: number
  /** absent when the file does not begin as a recording does */
  readonly start?: RecordedStart
  /** absent when the session still lives, or its process was killed */
  readonly end?: RecordedEnd
}

/** Start and end are found without reading what lies between: neither is longer than this. */
const EDGE = 256 * 1024
const FILE_NAME = /^\d{8}T\d{6}\.\d{3}Z_([A-Za-z0-9_-]{1,64})\.jsonl$/

/** All recordings of a directory, oldest first. Throws the file system's errors. */
export async function listRecordings(directory: string): Promise<RecordingSummary[]> {
  const summaries: RecordingSummary[] = []
  for (const name of (await readdir(directory)).sort()) {
    const id = FILE_NAME.exec(name)?.[1]
    if (id !== undefined) summaries.push(await summarize(join(directory, name), id))
  }
  return summaries
}

/** The newest recordings, newest first, of those whose file's name is before another's. Throws the file system's errors. */
export async function newestRecordings(
  directory: string,
  { most, before }: { readonly most: number; readonly before?: string | undefined },
): Promise<readonly { readonly name: string; readonly summary: RecordingSummary }[]> {
  const names = (await readdir(directory))
    .filter((name) => FILE_NAME.test(name) && (before === undefined || name < before))
    .sort()
    .slice(-most)
    .reverse()
  const found: { name: string; summary: RecordingSummary }[] = []
  for (const name of names) {
    const id = FILE_NAME.exec(name)?.[1] ?? ''
    found.push({ name, summary: await summarize(join(directory, name), id) })
  }
  return found
}

/** The recording of exactly this session; undefined when there is none. Throws the file system's errors. */
export async function findRecording(directory: string, id: string): Promise<RecordingSummary | undefined> {
  const name = (await readdir(directory)).find((one) => FILE_NAME.exec(one)?.[1] === id)
  return name === undefined ? undefined : summarize(join(directory, name), id)
}

async function summarize(path: string, id: string): Promise<RecordingSummary> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
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
  } finally {
    await handle.close()
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
 * unfinished: half a line, or lines without the hash of their batch. Throws for any other line that is no event. It does not
 * check the hashes: verifyRecording does.
 */
export async function* readRecording(path: string): AsyncGenerator<RecordedEvent> {
  let seq = 0
  for await (const { lines, state } of readBatches(path)) {
    for (const line of lines) {
      const event = parseEvent(line)
      seq++
      if (event === undefined) throw new Error(`${path}: line ${seq} is not an event of a recording`)
      if (state === 'sealed') yield event
    }
  }
}
