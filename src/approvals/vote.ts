// Who may vote on what: the rules that both stores and the admin API apply.
import type { ApprovalRequest, Vote } from '../core/approval.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { MAX_REASON } from './limits.ts'

export type VoteRefusal =
  | 'not-found'
  /** workloads ask, people answer */
  | 'not-a-person'
  | 'own-request'
  | 'not-an-approver'
  | 'already-decided'
  | 'already-voted'

/** May this principal ever vote on this request? Looks only at what never changes, so no lock is needed. */
export function reviewerObstacle(
  request: Pick<ApprovalRequest, 'principal' | 'approvers'>,
  reviewer: Principal,
): VoteRefusal | undefined {
  if (reviewer.kind !== 'person') return 'not-a-person'
  if (request.principal === principalId(reviewer)) return 'own-request'
  if (!request.approvers.some((group) => reviewer.groups.includes(group))) return 'not-an-approver'
  return undefined
}

/** May this principal vote on this request as it is now? */
export function voteObstacle(request: ApprovalRequest, reviewer: Principal): VoteRefusal | undefined {
  const obstacle = reviewerObstacle(request, reviewer)
  if (obstacle !== undefined) return obstacle
  if (request.state !== 'pending') return 'already-decided'
  return request.votes.some((vote) => vote.reviewer === principalId(reviewer)) ? 'already-voted' : undefined
}

/** A vote without its time, which the store's clock gives. */
export function newVote(
  reviewer: Principal,
  verdict: Vote['verdict'],
  reason: string | undefined,
): Omit<Vote, 'at'> {
  return {
    reviewer: principalId(reviewer),
    reviewerName: reviewer.name,
    verdict,
    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON) }),
  }
}

/** What votes make of a pending request: any deny denies, enough distinct people approve. */
export function outcome(votes: readonly Vote[], quorum: number): 'pending' | 'approved' | 'denied' {
  if (votes.some((vote) => vote.verdict === 'deny')) return 'denied'
  const people = new Set(votes.map((vote) => vote.reviewer))
  return people.size >= quorum ? 'approved' : 'pending'
}
