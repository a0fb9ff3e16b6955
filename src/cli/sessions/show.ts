// The header of a recording and its statements with their decisions, without results.
import { readRecording } from '../../recording/read.ts'
import { type Print, printableJson } from '../terminal.ts'
import { eventLine, headerText } from './events.ts'

/** Throws when the file cannot be read or is no recording. JSON is an array of all events but results. */
export async function showSession(path: string, json: boolean, print: Print): Promise<void> {
  let count = 0
  let ended = false
  for await (const event of readRecording(path)) {
    if (event.kind === 'result') continue
    if (json) await print(`${count === 0 ? '[' : ','}\n${printableJson(event)}`)
    else await print(event.kind === 'start' ? `${headerText(event)}\n` : eventLine(event))
    count++
    ended = event.kind === 'end'
  }
  if (json) await print(`${count === 0 ? '[' : ''}\n]\n`)
  else if (!ended) await print('unfinished: the session lives, or its process was killed\n')
}
