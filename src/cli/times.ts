// Times for people, in a terminal.
import { duration } from '../core/duration.ts'

/** `in 12 min` or `3 h 20 min ago`. */
export function relative(time: number, now: number): string {
  const amount = duration(Math.abs(time - now))
  return time >= now ? `in ${amount}` : `${amount} ago`
}
