// What went through one session, and when something last did.
import { performance } from 'node:perf_hooks'

export interface Traffic {
  /** Counts what came, or goes out. */
  add(direction: Direction, bytes: number): void
  /** bytes so far */
  of(direction: Direction): number
  /** milliseconds since the last byte of any direction */
  quietFor(): number
}

export type Direction = 'from-client' | 'from-server' | 'to-client'

/** @param now milliseconds, monotonic */
export function createTraffic(now: () => number = () => performance.now()): Traffic {
  const bytes: Record<Direction, number> = { 'from-client': 0, 'from-server': 0, 'to-client': 0 }
  let last = now()
  return {
    add(direction, count) {
      bytes[direction] += count
      last = now()
    },
    of: (direction) => bytes[direction],
    quietFor: () => now() - last,
  }
}
