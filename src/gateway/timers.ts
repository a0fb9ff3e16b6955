// A session's limits in time. A timer that is due ends the session, so each is set once and cleared with it.

export interface Timers {
  /** @param after milliseconds; what lies beyond a timer's reach is looked at again then */
  set(name: string, after: number, action: () => void): void
  clear(name: string): void
  clearAll(): void
}

/** Node's timers hold 31 bits of milliseconds. */
const LONGEST = 2 ** 31 - 1

export function createTimers(): Timers {
  const timers = new Map<string, NodeJS.Timeout>()

  function clear(name: string): void {
    clearTimeout(timers.get(name))
    timers.delete(name)
  }

  function set(name: string, after: number, action: () => void): void {
    clear(name)
    if (after === Number.POSITIVE_INFINITY) return
    const next = after > LONGEST ? () => set(name, after - LONGEST, action) : action
    timers.set(name, setTimeout(next, Math.min(Math.max(after, 0), LONGEST)))
  }

  return {
    set,
    clear,
    clearAll() {
      for (const name of [...timers.keys()]) clear(name)
    },
  }
}
