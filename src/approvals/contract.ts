// What every store of approvals promises. test/support/approvals-contract.ts holds each store to it.
import type { ApprovalRequest, ApprovalState, ApprovalSubject, Grant, Vote } from '../core/approval.ts'
import type { ToldBehind } from '../core/behind.ts'
import type { Access } from '../core/facts.ts'
import type { HoldTerms } from '../core/hold-terms.ts'
import type { Principal, PrincipalKind } from '../core/principal.ts'
import type { ToldFunctions } from '../core/routine.ts'
import type { ToldMasks } from '../core/told-masks.ts'
import type { ToldNames } from '../core/told-names.ts'
import type { Verdict, VoteRefusal } from './ballot.ts'
import type { RequestHead, Standing } from './head.ts'
import type { Order } from './place.ts'

export interface ApprovalInput extends ToldFunctions, ToldBehind, ToldMasks, ToldNames {
  readonly subject: ApprovalSubject
  readonly session: string
  readonly principalName: string
  readonly principalKind: PrincipalKind
  /** other identities of the same person */
  readonly aliases?: readonly string[]
  /** why, in the asker's words */
  readonly stated?: string
  readonly accesses: readonly Access[]
  readonly rules: readonly string[]
  readonly terms: HoldTerms
  /** its client does not wait: it is told to come back */
  readonly parked?: boolean
}

export interface ApprovalFilter extends Order {
  readonly state?: ApprovalState
  readonly resource?: string
  /** most that are returned; 100 when absent, never more than MAX_LISTED */
  readonly limit?: number
  /** applied before the limit, in that order, for what a reviewer may see */
  readonly where?: (head: RequestHead, standing: Standing) => boolean
  /** the same, of the votes: asked of what fits otherwise, and where it is absent a store reads none */
  readonly voted?: (votes: readonly Vote[]) => boolean
}

export type VoteResult =
  | { readonly kind: 'counted'; readonly request: ApprovalRequest }
  | { readonly kind: 'refused'; readonly refusal: VoteRefusal }

/** Every method rejects with ApprovalStoreError when the store cannot answer: whoever asked then refuses. */
export interface Approvals {
  create(input: ApprovalInput): Promise<ApprovalRequest>
  get(id: string): Promise<ApprovalRequest | undefined>
  /** Newest first, unless the filter says otherwise. It costs the heads of what is kept, and the requests that are returned. */
  list(filter: ApprovalFilter): Promise<readonly ApprovalRequest[]>
  /** How many a list without a limit would have. It costs the heads of what is kept. */
  count(filter: Omit<ApprovalFilter, 'limit'>): Promise<number>
  /**
   * For whoever follows what happens: visits each request that is not as it was at an earlier look, newest first, a few in
   * memory at a time. It costs what has changed, and a mark of each request that is kept.
   *
   * @param seen what the look before gave back; at the first, undefined: those are visited that are open
   * @param visit may not throw
   * @returns marks by id; one that is gone has none
   */
  look(
    seen: ReadonlyMap<string, string> | undefined,
    visit: (request: ApprovalRequest) => void,
  ): Promise<ReadonlyMap<string, string>>
  /**
   * The request that this subject can still use: the newest approved one for exactly it, else the newest whose window has
   * uses left for its shape, else the newest pending one for exactly it.
   */
  find(subject: ApprovalSubject): Promise<ApprovalRequest | undefined>
  /**
   * Resolves when the request leaves `pending`, also if that was before the call or in another process.
   * Rejects with the signal's reason on abort. A store that is lost for longer than the request lives
   * makes it `expired`; a store that forgot the request makes it `withdrawn`.
   */
  settled(id: string, signal: AbortSignal): Promise<ApprovalRequest>
  vote(
    id: string,
    reviewer: Principal,
    verdict: Verdict,
    reason?: string,
    window?: Grant,
  ): Promise<VoteResult>
  /** Its client is told to come back: it stays without anybody waiting. False when it is no longer pending. */
  park(id: string): Promise<boolean>
  /** Takes back a request that is pending, or approved and not used. After `true`, nothing can consume it. */
  withdraw(id: string, reason: string): Promise<boolean>
  /**
   * approved → consumed, exactly once, only for a subject that is the same in every field (invariant 6); or one use of a
   * granted window, for a subject of the same shape. What is given back is consumed, also where the window has uses left.
   */
  consume(id: string, subject: ApprovalSubject): Promise<ApprovalRequest | undefined>
  /** Can the store answer now? For readiness. */
  ready(): boolean
  /** Whoever still waits is rejected. */
  close(): Promise<void>
}

export type ApprovalStoreErrorCode =
  /** too many requests are open, altogether or of one principal */
  | 'full'
  /** nobody can review a request of this size */
  | 'too-large'
  /** quorum, approvers or expiry that can never be met */
  | 'invalid-terms'
  | 'not-found'
  | 'unavailable'
  /** the store holds something that Chaperone did not write */
  | 'corrupt'
  | 'closed'

/** Its message may be told to a client; addresses and the like are in its cause, for the log. */
export class ApprovalStoreError extends Error {
  override readonly name = 'ApprovalStoreError'
  readonly code: ApprovalStoreErrorCode

  constructor(code: ApprovalStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
