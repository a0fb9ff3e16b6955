// Whether what was measured holds: everything went as it was decided, and soon, where the machine had nothing else to do.
import { percentile } from '../../bench/statistics.ts'
import type { HoldsReport } from './holds.ts'

/** From a reviewer's sending an approval to the statement in the server, p99, in milliseconds. */
const AIM = 50
/** Load average of a core before the run, below which the machine counts as idle: building takes part of one core just before. */
const IDLE = 0.5

interface Machine {
  /** load average of the last minute, before the run */
  readonly load: number
  readonly cores: number
}

export interface Verdict {
  readonly holds: boolean
  /** the last line that the proof prints */
  readonly line: string
}

/** @param count statements that were to be held */
export function judge(report: HoldsReport, count: number, { load, cores }: Machine): Verdict {
  const { held, workers, wrong, sinceSent } = report
  const asDecided = wrong.length === 0 && held === count && workers.every((holds) => holds > 0)
  const p99 = percentile(sinceSent, 99)
  // Not a number, when none was approved, is not soon.
  const soon = p99 <= AIM
  const idle = load < IDLE * cores
  const holds = asDecided && (soon || !idle)
  const time = soon
    ? `within ${AIM} ms`
    : `beyond ${AIM} ms${idle ? '' : `, not judged: load ${load.toFixed(1)} on ${cores} cores`}`
  return {
    holds,
    line: `proof:holds: ${wrong.length} went otherwise than decided, p99 ${time}: ${holds ? 'holds' : 'FAILS'}`,
  }
}
