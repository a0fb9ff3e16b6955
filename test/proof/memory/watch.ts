// Resident memory of processes while something runs.
import { resident } from '../../integration/failures/footprint.ts'

export interface Memory {
  readonly name: string
  /** MiB */
  readonly before: number
  readonly most: number
}

const EVERY = 100

export function watchMemory(pids: Readonly<Record<string, number>>): { stop(): Memory[] } {
  const seen = Object.entries(pids).map(([name, pid]) => ({
    name,
    pid,
    before: resident(pid),
    most: resident(pid),
  }))
  const timer = setInterval(() => {
    for (const one of seen) one.most = Math.max(one.most, resident(one.pid))
  }, EVERY)
  return {
    stop() {
      clearInterval(timer)
      return seen.map(({ name, before, most }) => ({
        name,
        before: Math.round(before),
        most: Math.round(most),
      }))
    },
  }
}
