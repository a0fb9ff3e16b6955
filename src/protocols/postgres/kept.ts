// What the names of a session keep in memory: texts, parameters, and facts, which several names may share.
import { weightOf } from '../../analysis/postgres/weight.ts'
import { ProtocolError } from '../../core/errors.ts'
import type { StatementFacts } from '../../core/facts.ts'

export interface Kept {
  /** @throws ProtocolError when it is more than a session may keep */
  add(statements: readonly StatementFacts[], bytes: number): void
  /** What was added. */
  remove(statements: readonly StatementFacts[], bytes: number): void
}

/** @param limit bytes */
export function createKept(limit: number): Kept {
  /** how often each is kept */
  const shared = new Map<StatementFacts, number>()
  let kept = 0

  return {
    add(statements, bytes) {
      kept += bytes
      for (const statement of statements) {
        const times = shared.get(statement) ?? 0
        if (times === 0) kept += weightOf(statement)
        shared.set(statement, times + 1)
      }
      if (kept > limit) {
        const message = `prepared statements and portals of one session take more than ${limit} bytes`
        throw new ProtocolError(message, 'too-large')
      }
    },
    remove(statements, bytes) {
      kept -= bytes
      for (const statement of statements) {
        const times = shared.get(statement) ?? 0
        if (times > 1) shared.set(statement, times - 1)
        else if (shared.delete(statement)) kept -= weightOf(statement)
      }
    },
  }
}
