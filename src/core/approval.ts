// A request for approval, as stores keep it and reviewers see it.
import type { ToldBehind } from './behind.ts'
import type { Access } from './facts.ts'
import type { ApprovalDemand, WindowTerms } from './hold-terms.ts'
import type { ParameterValue } from './operation.ts'
import type { PrincipalKind } from './principal.ts'
import type { ToldFunctions } from './routine.ts'
import type { TimeWindow } from './time-window.ts'
import type { ToldMasks } from './told-masks.ts'
import type { ToldNames } from './told-names.ts'

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed'] as const

export type ApprovalState = (typeof APPROVAL_STATES)[number]

/** Everything that makes an operation the one that was asked for (invariant 6). */
export interface ApprovalSubject {
  readonly resource: string
  /** within the resource: the same text means another thing in each */
  readonly database?: string
  /** principalId of who asks */
  readonly principal: string
  readonly text: string
  readonly parameters: readonly ParameterValue[]
  readonly fingerprint: string
  readonly policyVersion: string
  /** login of the target */
  readonly user?: string
  /** the role that the session took on since its login */
  readonly role?: string
  /** digest of the rules that hold it and their terms, and of the masks that its asker is under */
  readonly heldBy?: string
  /** session and operation for which alone it is: what it means can be told nowhere else */
  readonly only?: string
  /** why, by a setting of the session, where no comment in the text says it */
  readonly sessionReason?: string
  /** the same for operations that differ in their literals only; absent for what has no shape. No part of what makes it this one */
  readonly shape?: string
}

/** What a reviewer grants: executions of any operation of the same shape. */
export interface Grant {
  /** milliseconds from the approval on */
  readonly for: number
  readonly uses: number
}

/** What all who approved have granted. */
export interface GrantedWindow {
  /** milliseconds since the epoch */
  readonly until: number
  readonly uses: number
  readonly used: number
}

export interface Vote {
  /** principalId of the reviewer */
  readonly reviewer: string
  readonly reviewerName: string
  /** those of the request's approver groups that the reviewer was in, when voting */
  readonly groups: readonly string[]
  readonly verdict: 'approve' | 'deny'
  readonly reason?: string
  /** absent: for one execution of exactly what was asked */
  readonly window?: Grant
  /** other identities of the same person (core/principal.ts) */
  readonly aliases?: readonly string[]
  /** milliseconds since the epoch */
  readonly at: number
}

export interface ApprovalRequest extends ApprovalSubject, ToldFunctions, ToldBehind, ToldMasks, ToldNames {
  /** 128 random bits, base32, so that it cannot be guessed and can be typed */
  readonly id: string
  readonly session: string
  readonly principalName: string
  readonly principalKind: PrincipalKind
  /** of the statement's own words */
  readonly accesses: readonly Access[]
  /** other identities of the person who asks (core/principal.ts) */
  readonly aliases?: readonly string[]
  /** why, in the asker's words */
  readonly stated?: string
  readonly rules: readonly string[]
  /** groups whose members may vote */
  readonly approvers: readonly string[]
  /** how many distinct people have to approve, in all */
  readonly quorum: number
  /** who they have to be, where it is not enough that each is an approver; one person fills one place */
  readonly each?: readonly ApprovalDemand[]
  /** approvals are taken only while all of these are open */
  readonly approveWhen?: readonly TimeWindow[]
  /** the most that reviewers may grant for operations of equal shape */
  readonly window?: WindowTerms
  readonly createdAt: number
  readonly expiresAt: number
  readonly state: ApprovalState
  readonly votes: readonly Vote[]
  /** its client was told to come back: it waits for its approval without anybody connected */
  readonly parked?: true
  /** of an approval for more than one execution */
  readonly granted?: GrantedWindow
  /** why it was withdrawn */
  readonly withdrawal?: string
}
