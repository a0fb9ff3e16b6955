// One line a recording, and an exit code for scripts.
import type { RecordingSummary } from '../../recording/read.ts'
import { type Verification, verifyRecording } from '../../recording/verify.ts'
import { type Print, printable } from '../terminal.ts'

const OK = 0
const TAMPERED = 1
const UNFINISHED = 3

function describe(verdict: Verification): string {
  switch (verdict.state) {
    case 'ok':
      return `ok, ${verdict.events} events, ends in ${verdict.hash}`
    case 'unfinished':
      return `unfinished after ${verdict.events} events: the session lives, or its process was killed`
    case 'tampered':
      return `tampered at seq ${verdict.at}: ${verdict.reason}`
  }
}

/** Returns the exit code. */
export async function verifySessions(chosen: readonly RecordingSummary[], print: Print): Promise<number> {
  const states = new Set<Verification['state']>()
  for (const { id, path } of chosen) {
    const verdict = await verifyRecording(path)
    states.add(verdict.state)
    await print(`${printable(id)}: ${printable(describe(verdict))}\n`)
  }
  if (states.has('tampered')) return TAMPERED
  return states.has('unfinished') ? UNFINISHED : OK
}
