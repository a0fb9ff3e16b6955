// What was prepared last. A driver that parses its texts anew sends the same one again and again: it is let through as the
// last time, without another question to the policy, for as long as all that the answer rests on is the same.
import type { Masker } from '../../core/masking.ts'
import type { Role } from '../../core/operation.ts'
import type { Behind } from './behind.ts'
import { type Running, stillStands } from './statement.ts'

/** What a judgement of `prepare` rests on, beside the principal and the time. */
export interface PreparedAs {
  readonly text: string
  /** another object when the policy is another, or a lockdown begins */
  readonly masker: Masker
  /** one object for the facts, the masks and what the catalog says; another when any of these is */
  readonly behind: Behind
  readonly role: Role
  /** why, in what the session says */
  readonly said: string | undefined
}

/** In characters: a session keeps one text for no other reason. */
const LONGEST = 16 * 1024

export interface LastPrepared {
  /** What was let through as the same, when it would be again. */
  again(now: PreparedAs): Running | undefined
  note(as: PreparedAs, run: Running): void
}

export const createLastPrepared = (): LastPrepared => new OnePrepared()

class OnePrepared implements LastPrepared {
  #as: PreparedAs | undefined
  #run: Running | undefined

  again(now: PreparedAs): Running | undefined {
    const as = this.#as
    const run = this.#run
    if (as === undefined || run === undefined) return undefined
    const same =
      as.behind === now.behind && as.text === now.text && as.role === now.role && as.said === now.said
    return same && stillStands(run, now.masker) ? run : undefined
  }

  note({ text, masker, behind, role, said }: PreparedAs, run: Running): void {
    if (text.length > LONGEST) return
    this.#as = { text, masker, behind, role, said }
    this.#run = run
  }
}
