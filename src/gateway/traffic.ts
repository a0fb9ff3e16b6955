// What went through one session, and when something last did.
import { turnTime } from '../core/turn-time.ts'

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
export function createTraffic(now: () => number = turnTime): Traffic {
  const bytes: Record<Direction, number> = { 'from-client': 0, 'from-server': 0, 'to-client': 0 }
  let last = now()
  return {
    add(direction, count) {
      last = now()
      // As for what metrics count: not by a member that is looked up by its name.
      if (direction === 'from-client') bytes['from-client'] += count
      else if (direction === 'from-server') bytes['from-server'] += count
      else bytes['to-client'] += count
    },
    of: (direction) => bytes[direction],
    quietFor: () => now() - last,
  }
}
