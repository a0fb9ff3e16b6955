// Plays a recording back on a time line: statements with their decisions, and results as the client saw them.
import { setTimeout as delay } from 'node:timers/promises'
import { createRecordedResults, type RecordedResults } from '../../protocols/postgres/recorded/results.ts'
import { readRecording } from '../../recording/read.ts'
import type { RecordedEvent } from '../../recording/recorded.ts'
import type { Print } from '../terminal.ts'
import { eventLine, headerText, timestamp } from './events.ts'
import { resultText } from './results.ts'

export interface ReplayOptions {
  /** rows shown of each result */
  readonly rows: number
  /** waits as the session did, this many times as fast; no waiting when absent */
  readonly speed?: number
}

const indented = (text: string) => text.replace(/^(?=.)/gm, '    ')

/** Results say themselves how statements ended; without results, only events do. */
function hasOwnText(event: RecordedEvent, view: RecordedResults | undefined): boolean {
  return view === undefined || (event.kind !== 'completed' && event.kind !== 'failed')
}

function shownText(
  event: Extract<RecordedEvent, { kind: 'result' }>,
  view: RecordedResults | undefined,
): string {
  const text = view?.push(event.bytes).map(resultText).join('') ?? ''
  return text === '' ? '' : `${timestamp(event.t)}\n${indented(text)}`
}

/** Throws when the file cannot be read or is no recording. */
export async function replaySession(path: string, options: ReplayOptions, print: Print): Promise<void> {
  let view: RecordedResults | undefined
  let at = 0
  let ended = false
  for await (const event of readRecording(path)) {
    if (options.speed !== undefined) await delay(Math.max(0, event.t - at) / options.speed)
    at = event.t
    ended = event.kind === 'end'
    if (event.kind === 'start') {
      if (event.level === 'full' && event.protocol === 'postgres') view = createRecordedResults(options.rows)
      await print(`${headerText(event)}\n`)
      continue
    }
    if (event.kind === 'statement') view?.statement(event.text)
    const text =
      event.kind === 'result' ? shownText(event, view) : hasOwnText(event, view) ? eventLine(event) : ''
    if (text !== '') await print(text)
  }
  if (!ended) await print('unfinished: the session lives, or its process was killed\n')
}
