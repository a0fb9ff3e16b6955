// What masks make of a decision of the policy: they refuse ways out, and refuse or hold probes and copies.
import type { Decision } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import { bothTerms } from '../core/hold-terms.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import { demandingReason } from '../policy/stated.ts'

/** @param decision of the policy, which does not deny */
export function underMasks(decision: Decision, operation: Operation, masker: Masker): Decision {
  const verdict = masker.verdict(operation)
  const refusal = verdict?.kind === 'refuse' ? verdict.refusal : masker.refuses(operation)
  if (refusal !== undefined) return denied(decision, refusal)
  if (verdict?.kind !== 'hold') return decision
  // Nothing runs at `prepare`: what is held is held when it is to run.
  if (operation.phase === 'prepare') return decision
  const { terms, reason } = verdict
  if (decision.hold === undefined)
    return demandingReason({ ...decision, outcome: 'hold', reason, hold: terms }, operation)
  // Whoever approves must do for both.
  const both = bothTerms(decision.hold, terms)
  if (both !== undefined)
    return demandingReason({ ...decision, reason: `${decision.reason}. ${reason}`, hold: both }, operation)
  return denied(decision, {
    code: 'denied',
    message: 'the rule and the mask that hold it have no approvers in common',
    hint: 'Send its parts alone.',
  })
}

/** The decision as a refusal that is no rule's. */
export function denied(decision: Decision, { message, hint }: Refusal): Decision {
  const { hold: _, hint: __, ...rest } = decision
  return { ...rest, outcome: 'deny', reason: message, ...(hint === undefined ? {} : { hint }) }
}
