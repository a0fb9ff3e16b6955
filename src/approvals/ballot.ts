// A vote as it is cast, and why one may not count.
import type { Grant } from '../core/approval.ts'
import type { Principal } from '../core/principal.ts'

export type Verdict = 'approve' | 'deny'

export interface Ballot {
  readonly reviewer: Principal
  readonly verdict: Verdict
  readonly reason?: string
  /** approve: executions of any operation of the same shape, within what the request's terms permit */
  readonly window?: Grant
}

export function ballotOf(reviewer: Principal, verdict: Verdict, reason?: string, window?: Grant): Ballot {
  return {
    reviewer,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    ...(window === undefined ? {} : { window }),
  }
}

export type VoteRefusal =
  | 'not-found'
  /** workloads ask, people answer */
  | 'not-a-person'
  /** also under another account of the same person */
  | 'own-request'
  | 'not-an-approver'
  | 'already-decided'
  | 'already-voted'
  /** approvals of this request are taken at other hours */
  | 'not-now'
  /** the places that this person could fill are filled: others are waited for */
  | 'not-needed'
  /** more than the rule lets a reviewer grant, or of something that has no shape */
  | 'window-refused'
