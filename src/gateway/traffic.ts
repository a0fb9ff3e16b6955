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
export const createTraffic = (now: () => number = turnTime): Traffic => new TrafficCount(now)

class TrafficCount implements Traffic {
  readonly #now: () => number
  #fromClient = 0
  #fromServer = 0
  #toClient = 0
  #last: number

  constructor(now: () => number) {
    this.#now = now
    this.#last = now()
  }

  add(direction: Direction, bytes: number): void {
    this.#last = this.#now()
    if (direction === 'from-client') this.#fromClient += bytes
    else if (direction === 'from-server') this.#fromServer += bytes
    else this.#toClient += bytes
  }

  of(direction: Direction): number {
    if (direction === 'from-client') return this.#fromClient
    return direction === 'from-server' ? this.#fromServer : this.#toClient
  }

  quietFor(): number {
    return this.#now() - this.#last
  }
}
