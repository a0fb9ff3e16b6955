// An operation as it was judged, by rules, masks and limits.
import type { Decision } from '../core/decision.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Operation } from '../core/operation.ts'
import type { Policy } from '../policy/policy.ts'
import { DOOMED } from './hold-refusals.ts'
import type { Exceeded } from './limits.ts'
import { denied } from './under-masks.ts'

export interface Judged {
  /** what made the decision, and alone can permit what it allows */
  readonly policy: Policy
  readonly byPolicy: Decision
  /** with what the masks make of it */
  readonly decision: Decision
  /** of a refusal that is no rule's */
  readonly why?: ErrorCode
  /** of a limit that is used up */
  readonly exceeded?: Exceeded
}

/** Nobody is asked for leave for what would not run. */
export function unlessDoomed(operation: Operation, judged: Judged): Judged {
  const { decision } = judged
  if (decision.outcome !== 'hold' || operation.doomed === undefined) return judged
  return { ...judged, decision: denied(decision, DOOMED), why: DOOMED.code }
}
