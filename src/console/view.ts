// What of a request for approval whom is shown.
import type { ApprovalRequest } from '../core/approval.ts'
import { type Principal, principalId } from '../core/principal.ts'

/** Characters of a statement in a list; the whole of it is under the request's own address. */
const SHOWN_IN_LIST = 200

/** Its approver groups, and its own asker. */
export function maySee(
  request: Pick<ApprovalRequest, 'principal' | 'approvers'>,
  principal: Principal,
): boolean {
  return (
    request.principal === principalId(principal) ||
    request.approvers.some((group) => principal.groups.includes(group))
  )
}

/** One line of a list. */
export function summary(request: ApprovalRequest) {
  const {
    id,
    state,
    resource,
    database,
    principal,
    principalName,
    principalKind,
    rules,
    quorum,
    createdAt,
    expiresAt,
  } = request
  return {
    ...{ id, state, resource, principal, principalName, principalKind, rules, quorum, createdAt, expiresAt },
    ...(database === undefined ? {} : { database }),
    approvals: request.votes.filter((vote) => vote.verdict === 'approve').length,
    text: request.text.slice(0, SHOWN_IN_LIST),
    truncated: request.text.length > SHOWN_IN_LIST,
  }
}
