// What ran in a session whose results are not seen, as far as what comes later depends on it: how texts are read, and the role.
import type { Facts } from '../../../core/facts.ts'
import { movesOf } from '../search-path/moves.ts'
import type { PathTracker } from '../search-path/tracker.ts'
import { maySet } from './readable.ts'

export interface Ran {
  /** @param facts of a statement that is sent to run, with all that its names stand for */
  note(facts: Facts): void
  /** how many statements ran that may have changed the role */
  moves(): number
  /** code ran that may have changed how texts are read */
  unreadable(): boolean
}

export const createRan = (path: Pick<PathTracker, 'sent'>): Ran => new RanInSession(path)

class RanInSession implements Ran {
  readonly #path: Pick<PathTracker, 'sent'>
  #moves = 0
  #unreadable = false

  constructor(path: Pick<PathTracker, 'sent'>) {
    this.#path = path
  }

  moves(): number {
    return this.#moves
  }

  unreadable(): boolean {
    return this.#unreadable
  }

  note(facts: Facts): void {
    this.#unreadable ||= maySet(facts)
    const { all } = movesOf(facts)
    if (all.size > 0) this.#moves += 1
    this.#path.sent(all)
  }
}
