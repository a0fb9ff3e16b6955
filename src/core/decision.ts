// A decision is a value that carries its reasons.
import type { ToldBehind } from './behind.ts'
import type { Access } from './facts.ts'
import type { HoldTerms } from './hold-terms.ts'
import type { ToldFunctions } from './routine.ts'

export type Outcome = 'allow' | 'deny' | 'hold'

/** A rule that had a part in a decision, and for which access. */
export interface RuleHit {
  readonly rule: string
  readonly outcome: Outcome
  readonly access: Access
  /** recorded, not enforced */
  readonly shadow: boolean
  /** a shadow rule that would only add limits */
  readonly obliges?: true
}

/** `full`: with results as the client saw them. `commands`: without results. `off`: nothing is written. */
export type RecordingLevel = 'full' | 'commands' | 'off'

/** How much a result may have. What is absent has no limit. */
export interface ResultLimit {
  readonly rows?: number | undefined
  /** as the client gets them */
  readonly bytes?: number | undefined
}

/** The limits of one rule. Each counts on its own, for the results of statements that this rule means. */
export interface RuleLimits {
  readonly rule: string
  readonly statement: ResultLimit
  readonly session: ResultLimit
  /** over all sessions of a principal on a resource */
  readonly hour: ResultLimit
}

/** What goes with leave. */
export interface Obligations {
  readonly limits: readonly RuleLimits[]
}

/** What records say of a decision. */
export interface MadeDecision {
  readonly outcome: Outcome
  /** ids of the rules that made the outcome */
  readonly rules: readonly string[]
  /** ids of shadow rules that would have changed it */
  readonly shadow: readonly string[]
  readonly policyVersion: string
  readonly reason: string
}

/** What is behind the names is told of what is allowed or held. */
export interface Decision extends ToldFunctions, ToldBehind {
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
  /** no rule's doing: everything is refused there */
  readonly lockdown?: true
  /** absent when there are none, and when the outcome is `deny` */
  readonly obligations?: Obligations
}
