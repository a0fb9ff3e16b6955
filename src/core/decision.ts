// A decision is a value that carries its reasons.
import type { Access } from './facts.ts'

export type Outcome = 'allow' | 'deny' | 'hold'

/** A rule that had a part in a decision, and for which access. */
export interface RuleHit {
  readonly rule: string
  readonly outcome: Outcome
  readonly access: Access
  /** recorded, not enforced */
  readonly shadow: boolean
}

export interface HoldTerms {
  /** who may approve: members of any of these groups */
  readonly approvers: readonly string[]
  /** how many distinct people */
  readonly quorum: number
  /** milliseconds until the request expires */
  readonly expiresAfter: number
}

export interface Decision {
  readonly outcome: Outcome
  /** rules that made the outcome, then shadow rules that would have changed it */
  readonly hits: readonly RuleHit[]
  /** one sentence for the client */
  readonly reason: string
  /** what to do next, for the client */
  readonly hint?: string
  readonly policyVersion: string
  /** present when the outcome is `hold` */
  readonly hold?: HoldTerms
}
