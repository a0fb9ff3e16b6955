// Finds the recording that the demo replays.
import { listRecordings, readRecording } from '../../src/recording/read.ts'

/** @throws Error when no recording holds a held statement */
export async function findHeldSession(directory: string): Promise<string> {
  for (const { path, id } of await listRecordings(directory)) {
    for await (const event of readRecording(path)) if (event.kind === 'hold') return id
  }
  throw new Error('no recording holds the held statement')
}
