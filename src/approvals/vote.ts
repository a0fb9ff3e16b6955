// Who may vote on what: the rules that both stores and the admin API apply.
import type { ApprovalRequest, Grant, Vote } from '../core/approval.ts'
import { aliasesOf, principalId } from '../core/principal.ts'
import { type TimeWindow, timeWindow } from '../core/time-window.ts'
import type { Ballot, VoteRefusal } from './ballot.ts'
import { MAX_REASON } from './limits.ts'
import { isComplete, placesFilled } from './places.ts'

/** May this principal cast this vote on this request as it is now? @param now milliseconds since the epoch */
export function voteObstacle(request: ApprovalRequest, ballot: Ballot, now: number): VoteRefusal | undefined {
  const { reviewer, verdict, window } = ballot
  const voter = { id: principalId(reviewer), aliases: aliasesOf(reviewer) }
  if (reviewer.kind !== 'person') return 'not-a-person'
  if (isSamePerson({ id: request.principal, aliases: request.aliases }, voter)) return 'own-request'
  if (!request.approvers.some((group) => reviewer.groups.includes(group))) return 'not-an-approver'
  if (request.state !== 'pending') return 'already-decided'
  if (request.votes.some((vote) => isSamePerson({ id: vote.reviewer, aliases: vote.aliases }, voter))) {
    return 'already-voted'
  }
  if (verdict === 'deny') return undefined
  if (!(request.approveWhen ?? []).every((hours) => isOpenAt(hours, now))) return 'not-now'
  if (window !== undefined && !mayGrant(request, window)) return 'window-refused'
  const cast = { ...newVote(request, ballot), at: now }
  return placesFilled(request, [...request.votes, cast]) > placesFilled(request, request.votes)
    ? undefined
    : 'not-needed'
}

/** Of a zone that this process does not know, as another version may have written it, nobody can tell the time. */
function isOpenAt(hours: TimeWindow, now: number): boolean {
  try {
    return timeWindow(hours)(now)
  } catch {
    return false
  }
}

interface Identities {
  readonly id: string
  readonly aliases: readonly string[] | undefined
}

function isSamePerson(a: Identities, b: Identities): boolean {
  return a.id === b.id || (a.aliases?.some((alias) => b.aliases?.includes(alias)) ?? false)
}

function mayGrant({ window, shape, only }: ApprovalRequest, grant: Grant): boolean {
  if (window === undefined || shape === undefined || only !== undefined) return false
  const isWithin = (value: number, most: number) => Number.isInteger(value) && value >= 1 && value <= most
  return isWithin(grant.for, window.for) && isWithin(grant.uses, window.uses)
}

/** A vote without its time, which the store's clock gives; with the groups that count, as they are now. */
export function newVote(
  { approvers }: Pick<ApprovalRequest, 'approvers'>,
  { reviewer, verdict, reason, window }: Ballot,
): Omit<Vote, 'at'> {
  const aliases = aliasesOf(reviewer)
  return {
    reviewer: principalId(reviewer),
    reviewerName: reviewer.name,
    groups: approvers.filter((group) => reviewer.groups.includes(group)),
    verdict,
    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON) }),
    ...(window === undefined || verdict === 'deny' ? {} : { window }),
    ...(aliases.length === 0 ? {} : { aliases }),
  }
}

/** What votes make of a pending request: any deny denies, enough distinct people in their places approve. */
export function outcome(
  request: Pick<ApprovalRequest, 'approvers' | 'quorum' | 'each'>,
  votes: readonly Vote[],
): 'pending' | 'approved' | 'denied' {
  if (votes.some((vote) => vote.verdict === 'deny')) return 'denied'
  return isComplete(request, votes) ? 'approved' : 'pending'
}

/** What all who approved have granted together; undefined when one of them meant a single execution. */
export function grantOf(votes: readonly Vote[]): Grant | undefined {
  const grants = votes.filter(({ verdict }) => verdict === 'approve').map(({ window }) => window)
  const given = grants.filter((grant) => grant !== undefined)
  if (given.length === 0 || given.length < grants.length) return undefined
  return { for: Math.min(...given.map((one) => one.for)), uses: Math.min(...given.map((one) => one.uses)) }
}
