// What was prepared last. A driver that parses its texts anew sends the same one again and again: it is let through as the
// last time, without another question to the policy, for as long as all that the answer rests on is the same.
import type { Masker } from '../../core/masking.ts'
import type { Role } from '../../core/operation.ts'
import type { Behind } from './behind.ts'
import { type Running, stillStands } from './statement.ts'

/** What a judgement of `prepare` rests on, beside the principal, the time and the policy. */
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

export interface LastPrepared {
  /** What was let through as the same, when it would be again. */
  again(as: PreparedAs): Running | undefined
  note(as: PreparedAs, run: Running): void
}

export function createLastPrepared(): LastPrepared {
  let last: { readonly as: PreparedAs; readonly run: Running } | undefined
  return {
    again(now) {
      if (last === undefined) return undefined
      const { as, run } = last
      const same =
        as.behind === now.behind && as.text === now.text && as.role === now.role && as.said === now.said
      return same && stillStands(run, now.masker) ? run : undefined
    },
    note(as, run) {
      last = { as, run }
    },
  }
}
