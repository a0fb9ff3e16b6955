// How long a worker has said nothing: one that hangs serves nobody, and is not noticed otherwise.

export interface Silence {
  heard(): void
  /** Once a second. True when it has been silent for too long. */
  tick(): boolean
  /** Too long to count on it. */
  doubtful(): boolean
}

/** Seconds. The longest statement takes a part of one; by this time Envoy has ended all the worker's connections (E6). */
const TOO_LONG = 15
const DOUBTFUL = 3

/** Counts ticks, not time: after a pause of the whole machine one has passed, and nothing was missed. */
export function createSilence(): Silence {
  let seconds = 0
  return {
    heard() {
      seconds = 0
    },
    tick() {
      seconds += 1
      return seconds >= TOO_LONG
    },
    doubtful: () => seconds >= DOUBTFUL,
  }
}
