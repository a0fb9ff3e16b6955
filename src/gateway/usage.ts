// How much of results was let through under rules with limits: of a session, and within an hour of a principal.
import type { ResultLimit } from '../core/decision.ts'

export interface Used {
  rows: number
  bytes: number
}

/** What is counted against one limit. */
export interface Usage {
  used(): Readonly<Used>
  add(rows: number, bytes: number): void
}

/** An hour is counted in parts, of which those that reach into it count whole: never too little. */
const PART_MS = 5 * 60_000
const PARTS = 60 / 5 + 1

/** Of rules with hourly limits times principals times resources, a few hundred bytes each: 20 MB or so. */
const MAX_WINDOWS = 50_000

/** Nobody else may be counted: then nothing may be let through. */
const TOO_MANY: Readonly<Used> = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

interface Parts {
  /** number of the part that was counted in last */
  last: number
  /** the newest first */
  readonly used: Used[]
}

/** Usage of the last 60 to 65 minutes, by key. It is of this process, and outlives sessions and policies. */
export type HourlyUsage = (key: string) => Usage

/** @param now milliseconds, monotonic */
export function createHourlyUsage(now: () => number, most = MAX_WINDOWS): HourlyUsage {
  const windows = new Map<string, Parts>()
  const part = () => Math.floor(now() / PART_MS)

  /** Those that are over make room: they count as nothing. */
  function makeRoom(): void {
    for (const [key, { last }] of windows) if (last <= part() - PARTS) windows.delete(key)
  }

  /** Up to date. It is found anew each time: a long statement may see its window go, and another come. */
  function partsOf(key: string): Parts | undefined {
    const current = part()
    let found = windows.get(key)
    if (found === undefined) {
      if (windows.size >= most) makeRoom()
      if (windows.size >= most) return undefined
      found = { last: current, used: [{ rows: 0, bytes: 0 }] }
      windows.set(key, found)
    }
    const passed = Math.min(current - found.last, PARTS)
    for (let i = 0; i < passed; i += 1) found.used.unshift({ rows: 0, bytes: 0 })
    found.used.length = Math.min(found.used.length, PARTS)
    found.last = current
    return found
  }

  return (key) => ({
    used() {
      const parts = partsOf(key)
      if (parts === undefined) return TOO_MANY
      const sum = { rows: 0, bytes: 0 }
      for (const { rows, bytes } of parts.used) {
        sum.rows += rows
        sum.bytes += bytes
      }
      return sum
    },
    add(rows, bytes) {
      const newest = partsOf(key)?.used[0]
      if (newest !== undefined) addTo(newest, rows, bytes)
    },
  })
}

export function createUsage(): Usage {
  const used = { rows: 0, bytes: 0 }
  return { used: () => used, add: (rows, bytes) => addTo(used, rows, bytes) }
}

function addTo(used: Used, rows: number, bytes: number): void {
  used.rows += rows
  used.bytes += bytes
}

/** What a limit leaves; infinite where it has none. */
export function left(limit: ResultLimit, used: Readonly<Used>): Used {
  return {
    rows: limit.rows === undefined ? Number.POSITIVE_INFINITY : limit.rows - used.rows,
    bytes: limit.bytes === undefined ? Number.POSITIVE_INFINITY : limit.bytes - used.bytes,
  }
}
