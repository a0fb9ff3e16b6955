// A limit on frames that cost work and carry none: pings, settings, empty data, streams that are reset before they said
// anything (CVE-2019-9512 to 9518, CVE-2023-44487).
import { ConnectionError, ENHANCE_YOUR_CALM } from './errors.ts'

/** Far more than Envoy sends without data: a ping every ten seconds, and a reset for each client that comes and goes. */
const BURST = 2_000
const PER_SECOND = 200
/** Window updates come with data: each frame that is sent pays for as many. */
const PER_SENT_FRAME = 2

export interface Budget {
  /** @throws ConnectionError of type ENHANCE_YOUR_CALM */
  spend(): void
  earn(): void
}

/** @param now milliseconds of a clock that only goes forward */
export const createBudget = (now: () => number): Budget => new RefilledBudget(now)

class RefilledBudget implements Budget {
  readonly #now: () => number
  #left = BURST
  #since: number

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  spend(): void {
    if (this.#left < 1) this.#refill()
    if (this.#left < 1) throw new ConnectionError(ENHANCE_YOUR_CALM, 'too many frames without work')
    this.#left -= 1
  }

  earn(): void {
    if (this.#left < BURST) this.#left += PER_SENT_FRAME
  }

  #refill(): void {
    const at = this.#now()
    this.#left = Math.min(BURST, this.#left + ((at - this.#since) / 1000) * PER_SECOND)
    this.#since = at
  }
}
