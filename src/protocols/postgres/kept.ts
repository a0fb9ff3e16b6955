// What the names of a session keep in memory: texts, parameters, and facts, which several names may share.
import { weightOf } from '../../analysis/postgres/weight.ts'
import { ProtocolError } from '../../core/errors.ts'
import type { StatementFacts } from '../../core/facts.ts'
import type { SessionMemory } from '../../core/memory.ts'

/** Said to whoever keeps much while all sessions together keep too much. */
export const TOO_MUCH = 'the sessions of this process keep too much in memory, and this one a part of it'

export interface Kept {
  /** @throws ProtocolError when it is more than a session may keep */
  add(statements: readonly StatementFacts[], bytes: number): void
  /** What was added. */
  remove(statements: readonly StatementFacts[], bytes: number): void
}

/**
 * @param limit bytes of one session
 * @param memory where it counts among all sessions; nowhere when absent
 */
export const createKept = (limit: number, memory?: SessionMemory): Kept => new KeptOfSession(limit, memory)

class KeptOfSession implements Kept {
  readonly #limit: number
  readonly #memory: SessionMemory | undefined
  /** how often each is kept */
  readonly #shared = new Map<StatementFacts, number>()
  #kept = 0

  constructor(limit: number, memory: SessionMemory | undefined) {
    this.#limit = limit
    this.#memory = memory
  }

  add(statements: readonly StatementFacts[], bytes: number): void {
    const memory = this.#memory
    this.#kept += bytes
    let fits = memory?.keep(bytes) ?? true
    for (const statement of statements) {
      const times = this.#shared.get(statement) ?? 0
      this.#shared.set(statement, times + 1)
      if (times > 0) continue
      const weight = weightOf(statement)
      this.#kept += weight
      fits = (memory?.hold(statement, weight) ?? true) && fits
    }
    if (this.#kept > this.#limit) {
      const message = `prepared statements and portals of one session take more than ${this.#limit} bytes`
      throw new ProtocolError(message, 'too-large')
    }
    if (!fits) throw new ProtocolError(TOO_MUCH, 'too-large')
  }

  remove(statements: readonly StatementFacts[], bytes: number): void {
    const memory = this.#memory
    this.#kept -= bytes
    memory?.keep(-bytes)
    for (const statement of statements) {
      const times = this.#shared.get(statement) ?? 0
      if (times > 1) this.#shared.set(statement, times - 1)
      else if (this.#shared.delete(statement)) {
        this.#kept -= weightOf(statement)
        memory?.drop(statement)
      }
    }
  }
}
