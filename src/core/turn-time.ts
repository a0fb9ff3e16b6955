// A clock that is read once for all that one read from Envoy brings: a statement looks at it some twenty times, and what it
// looks for lasts seconds.
import { performance } from 'node:perf_hooks'

let began: number | undefined

/** Milliseconds that only go forward: now, or when the turn began that is under way. */
export const turnTime = (): number => began ?? performance.now()

/** From here on the time stands still; the turn is to be ended. */
export function beginTurn(): void {
  began = performance.now()
}

export function endTurn(): void {
  began = undefined
}
