// How often something may be done: a bucket of leave that fills by itself.

export interface Rate {
  /** Takes leave for one attempt. */
  take(): boolean
  /** What was taken was not used. */
  giveBack(): void
  /** when there is leave again, in milliseconds from now */
  wait(): number
}

/** Attempts that may come at once after a quiet time. */
const BURST = 20

export function createRate(perMinute: number, now: () => number, burst = BURST): Rate {
  const most = Math.min(burst, perMinute)
  const perMs = perMinute / 60_000
  let left = most
  let at = now()
  const fill = () => {
    const time = now()
    left = Math.min(most, left + Math.max(0, time - at) * perMs)
    at = time
  }
  return {
    take() {
      fill()
      if (left < 1) return false
      left -= 1
      return true
    },
    giveBack() {
      left = Math.min(most, left + 1)
    },
    wait() {
      fill()
      return left >= 1 ? 0 : Math.ceil((1 - left) / perMs)
    },
  }
}
