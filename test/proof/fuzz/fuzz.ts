// Runs every target in turns until the time is over, and counts runs, crashes and the slowest input.
import { random } from './mutate.ts'
import type { Target } from './target.ts'

export interface Fuzzed {
  readonly name: string
  runs: number
  /** milliseconds */
  slowest: number
  readonly crashes: string[]
}

/** An input that takes longer hangs, for everybody else in the process. In milliseconds. */
export const HANGS = 2000
/** Of each target, before the next has its turn. In milliseconds. */
const TURN = 200
const MOST_CRASHES = 10

/** @param minutes of all targets together */
export function fuzz(targets: readonly Target[], minutes: number, seed: number): Fuzzed[] {
  const next = random(seed)
  const all = targets.map(({ name }): Fuzzed => ({ name, runs: 0, slowest: 0, crashes: [] }))
  for (const end = performance.now() + minutes * 60_000; performance.now() < end; ) {
    for (const [index, target] of targets.entries()) {
      const count = all[index]
      for (const until = performance.now() + TURN; count !== undefined && performance.now() < until; ) {
        const before = performance.now()
        const used = process.cpuUsage()
        try {
          target.run(next)
        } catch (error) {
          if (count.crashes.length < MOST_CRASHES) count.crashes.push(String(error))
        }
        count.runs += 1
        const { user, system } = process.cpuUsage(used)
        // A machine that is busy with something else stops what it runs for seconds: that is no work for the input.
        const took = Math.min(performance.now() - before, (user + system) / 1000)
        count.slowest = Math.max(count.slowest, took)
      }
    }
  }
  return all
}
