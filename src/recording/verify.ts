// Tells whether a recording is what was written: the chain of hashes, the order, the beginning and the end.
import { basename } from 'node:path'
import { readBatches } from './batches.ts'
import { checkSeal, GENESIS } from './chain.ts'
import { recordingName, sessionIn } from './name.ts'
import { type ParsedEvent, parseEvent } from './recorded.ts'
import { RecordedOriginals } from './repeated.ts'

export type Verification =
  | ({ readonly state: 'ok' } & Verified)
  /** the chain holds, but there is no end: the session lives, its process was killed, or the end was cut off */
  | ({ readonly state: 'unfinished' } & Verified)
  | { readonly state: 'tampered'; readonly at: number; readonly reason: string }

export interface Verified {
  readonly events: number
  /** of the last batch */
  readonly hash: string
  /** number of the last operation that it tells of; 0 when it tells of none */
  readonly operations: number
}

/** Reads the whole file. Throws the file system's errors; a file that is anything but a recording is `tampered`. */
export async function verifyRecording(path: string): Promise<Verification> {
  const originals = new RecordedOriginals()
  let previous = GENESIS
  let seq = 0
  let operations = 0
  let ended = false
  for await (const { lines, state } of readBatches(path)) {
    if (ended) return tampered(seq, 'something follows the end event')
    const hash = state === 'open' ? previous : checkSeal(previous, lines)
    if (hash === undefined) return tampered(seq, 'the hash does not follow from the lines before')
    const events = lines.map(parseEvent)
    for (const [place, event] of events.entries()) {
      const reason =
        misplaced(event, seq + place) ?? misnamed(event, basename(path)) ?? misleading(event, originals)
      if (reason !== undefined) return tampered(seq + place, reason)
    }
    if (state === 'open') break
    if (events.slice(0, -1).some((event) => event?.kind === 'end'))
      return tampered(seq, 'something follows the end event')
    ended = events.at(-1)?.kind === 'end'
    for (const event of events)
      if (event?.kind === 'statement' || event?.kind === 'again')
        operations = Math.max(operations, event.sequence)
    seq += events.length
    previous = hash
  }
  return { state: ended ? 'ok' : 'unfinished', events: seq, hash: previous, operations }
}

/** The chain can be forged by who can write the file, so what it carries is looked at as well. */
function misplaced(event: ParsedEvent | undefined, seq: number): string | undefined {
  if (event === undefined) return 'it is not an event of a recording'
  if (event.seq !== seq) return `its sequence number is ${event.seq}`
  if ((event.kind === 'start') !== (seq === 0)) return 'a recording begins with one start event'
  if (event.kind === 'end' && event.events !== seq + 1) return `the end event counts ${event.events} events`
  return undefined
}

/** One session's recording in the place of another's is whole. */
function misnamed(event: ParsedEvent | undefined, name: string): string | undefined {
  if (event?.kind !== 'start' || sessionIn(name) === undefined) return undefined
  if (recordingName({ ...event, startedAt: Date.parse(event.startedAt) }) === name) return undefined
  return 'its file has not the name of the session that it tells of'
}

function misleading(event: ParsedEvent | undefined, originals: RecordedOriginals): string | undefined {
  if (event === undefined || originals.whole(event) !== undefined) return undefined
  return 'it refers to no statement that it may refer to'
}

const tampered = (at: number, reason: string): Verification => ({ state: 'tampered', at, reason })
