// Which requests somebody looks for, among those that they may see: the same in the console and by the API.
import type { ApprovalFilter } from '../approvals/contract.ts'
import type { RequestHead } from '../approvals/head.ts'
import type { ApprovalState, Vote } from '../core/approval.ts'
import type { Principal } from '../core/principal.ts'
import { maySee } from './view.ts'

export interface Search {
  readonly state?: ApprovalState | undefined
  readonly resource?: string | undefined
  /** part of the asker's name or id */
  readonly asker?: string | undefined
  /** part of the id of a rule that held it */
  readonly rule?: string | undefined
  /** part of the name or id of somebody who voted */
  readonly decider?: string | undefined
  /** asked at this time or later, in milliseconds since the epoch */
  readonly since?: number | undefined
  /** asked before this time */
  readonly until?: number | undefined
  /** another one of the same shape on the same resource */
  readonly like?: RequestHead | undefined
}

/** Longest text that is looked for. */
export const MAX_SOUGHT = 200

/** The same but for values; where it has no shape, of the same fingerprint. */
function isLike(one: RequestHead, other: RequestHead): boolean {
  const same = other.shape === undefined ? one.fingerprint === other.fingerprint : one.shape === other.shape
  return same && one.id !== other.id && one.resource === other.resource
}

function contains(sought: string): (text: string) => boolean {
  const wanted = sought.toLowerCase()
  return (text) => text.toLowerCase().includes(wanted)
}

export function searchFilter(
  search: Search,
  principal: Principal,
): Pick<ApprovalFilter, 'state' | 'resource' | 'voted'> & Required<Pick<ApprovalFilter, 'where'>> {
  const { state, resource, asker, rule, decider, like, since = 0, until = Number.POSITIVE_INFINITY } = search
  const isAsker = contains(asker ?? '')
  return {
    ...(state === undefined ? {} : { state }),
    ...(resource === undefined ? {} : { resource }),
    where: (request, { createdAt }) =>
      maySee(request, principal) &&
      createdAt >= since &&
      createdAt < until &&
      (isAsker(request.principalName) || isAsker(request.principal)) &&
      (rule === undefined || request.rules.some(contains(rule))) &&
      (like === undefined || isLike(request, like)),
    ...(decider === undefined ? {} : { voted: votedBy(decider) }),
  }
}

function votedBy(decider: string): (votes: readonly Vote[]) => boolean {
  const isDecider = contains(decider)
  return (votes) => votes.some(({ reviewer, reviewerName }) => isDecider(reviewerName) || isDecider(reviewer))
}
