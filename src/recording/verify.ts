// Tells whether a recording is what was written: the chain of hashes, the order, the beginning and the end.
import { readBatches } from './batches.ts'
import { checkSeal, GENESIS } from './chain.ts'
import { parseEvent, type RecordedEvent } from './recorded.ts'

export type Verification =
  | { readonly state: 'ok'; readonly events: number; readonly hash: string }
  /** the chain holds, but there is no end: the session lives, its process was killed, or the end was cut off */
  | { readonly state: 'unfinished'; readonly events: number; readonly hash: string }
  | { readonly state: 'tampered'; readonly at: number; readonly reason: string }

/** Reads the whole file. Throws the file system's errors; a file that is anything but a recording is `tampered`. */
export async function verifyRecording(path: string): Promise<Verification> {
  let previous = GENESIS
  let seq = 0
  let ended = false
  for await (const { lines, state } of readBatches(path)) {
    if (ended) return tampered(seq, 'something follows the end event')
    const hash = state === 'open' ? previous : checkSeal(previous, lines)
    if (hash === undefined) return tampered(seq, 'the hash does not follow from the lines before')
    const events = lines.map(parseEvent)
    for (const [place, event] of events.entries()) {
      const reason = misplaced(event, seq + place)
      if (reason !== undefined) return tampered(seq + place, reason)
    }
    if (state === 'open') break
    if (events.slice(0, -1).some((event) => event?.kind === 'end'))
      return tampered(seq, 'something follows the end event')
    ended = events.at(-1)?.kind === 'end'
    seq += events.length
    previous = hash
  }
  return { state: ended ? 'ok' : 'unfinished', events: seq, hash: previous }
}

/** The chain can be forged by who can write the file, so what it carries is looked at as well. */
function misplaced(event: RecordedEvent | undefined, seq: number): string | undefined {
  if (event === undefined) return 'it is not an event of a recording'
  if (event.seq !== seq) return `its sequence number is ${event.seq}`
  if ((event.kind === 'start') !== (seq === 0)) return 'a recording begins with one start event'
  if (event.kind === 'end' && event.events !== seq + 1) return `the end event counts ${event.events} events`
  return undefined
}

const tampered = (at: number, reason: string): Verification => ({ state: 'tampered', at, reason })
