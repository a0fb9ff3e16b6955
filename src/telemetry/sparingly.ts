// What anybody can cause without showing who they are is written a bounded number of times; the rest is counted, and told as one.
import { createLeave } from '../core/leave.ts'

export interface Sparingly {
  /** May what this address caused be written? What may not is counted. @param about one of a few names; counted apart */
  may(source: string, about?: string): boolean
  /** Tells of what was not told yet. */
  close(): void
}

export interface SparinglyOptions {
  /** Each time that something is not written. */
  readonly unwritten: (about: string) => void
  /** Once a minute, while there is something: how many were not written since it was last called. May not throw. */
  readonly summary: (count: number, about: string) => void
  readonly now?: () => number
}

/** A minute of one address: somebody who tries again and again; ten at once. */
const OF_ONE = 10
/** A minute of all of them: 86,400 events a day at most, which is some 25 MB. */
const OF_ALL = 60
/** ms */
const SUMMARY = 60_000

export function createSparingly({ unwritten, summary, now }: SparinglyOptions): Sparingly {
  const leave = createLeave({ ofOne: OF_ONE, ofAll: OF_ALL, ...(now && { now }) })
  const counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined

  function tell(): void {
    clearTimeout(timer)
    timer = undefined
    for (const [about, count] of counts) summary(count, about)
    counts.clear()
  }

  return {
    may(source, about = '') {
      if (leave.take(source)) return true
      counts.set(about, (counts.get(about) ?? 0) + 1)
      unwritten(about)
      timer ??= setTimeout(tell, SUMMARY).unref()
      return false
    },
    close: tell,
  }
}
