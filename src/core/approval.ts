// A request for approval, as stores keep it and reviewers see it.
import type { Access } from './facts.ts'
import type { ParameterValue } from './operation.ts'
import type { PrincipalKind } from './principal.ts'
import type { ToldFunctions } from './routine.ts'

export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'withdrawn' | 'consumed'

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
}

export interface Vote {
  /** principalId of the reviewer */
  readonly reviewer: string
  readonly reviewerName: string
  readonly verdict: 'approve' | 'deny'
  readonly reason?: string
  /** milliseconds since the epoch */
  readonly at: number
}

export interface ApprovalRequest extends ApprovalSubject, ToldFunctions {
  /** 128 random bits, base32, so that it cannot be guessed and can be typed */
  readonly id: string
  readonly session: string
  readonly principalName: string
  readonly principalKind: PrincipalKind
  readonly accesses: readonly Access[]
  readonly rules: readonly string[]
  readonly approvers: readonly string[]
  readonly quorum: number
  readonly createdAt: number
  readonly expiresAt: number
  readonly state: ApprovalState
  readonly votes: readonly Vote[]
  /** why it was withdrawn */
  readonly withdrawal?: string
}
