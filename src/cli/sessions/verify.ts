// One line a recording, and an exit code for scripts.
import type { RecordingSummary } from '../../recording/read.ts'
import { type Verification, verifyRecording } from '../../recording/verify.ts'
import { type Print, printable } from '../terminal.ts'

const OK = 0
const TAMPERED = 1
const UNFINISHED = 3

interface Unreadable {
  readonly state: 'unreadable'
  readonly reason: string
}

function describe(verdict: Verification | Unreadable): string {
  switch (verdict.state) {
    case 'unreadable':
      return `cannot be read: ${verdict.reason}`
    case 'ok':
      return `ok, ${verdict.events} events, ends in ${verdict.hash}`
    case 'unfinished':
      return `unfinished after ${verdict.events} events: the session lives, or its process was killed`
    case 'tampered':
      return `tampered at seq ${verdict.at}: ${verdict.reason}`
  }
}

/** What cannot be read is told, so that the others are looked at as well. */
async function verify({ path, unusable }: RecordingSummary): Promise<Verification | Unreadable> {
  if (unusable !== undefined) return { state: 'unreadable', reason: unusable }
  try {
    return await verifyRecording(path)
  } catch (error) {
    return { state: 'unreadable', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Returns the exit code. */
export async function verifySessions(chosen: readonly RecordingSummary[], print: Print): Promise<number> {
  const states = new Set<(Verification | Unreadable)['state']>()
  for (const summary of chosen) {
    const verdict = await verify(summary)
    states.add(verdict.state)
    await print(`${printable(summary.id)}: ${printable(describe(verdict))}\n`)
  }
  if (states.has('tampered') || states.has('unreadable')) return TAMPERED
  return states.has('unfinished') ? UNFINISHED : OK
}
