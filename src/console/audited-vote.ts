// Votes and withdrawals, audited before they take effect: what cannot be audited is not done.
import type { Ballot } from '../approvals/ballot.ts'
import type { Approvals } from '../approvals/contract.ts'
import { REQUEST_ID } from '../approvals/request.ts'
import { voteObstacle } from '../approvals/vote.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import type { AuditActor, AuditEvent, AuditLog } from '../core/audit.ts'
import { type Principal, principalId } from '../core/principal.ts'
import type { Log } from '../telemetry/log.ts'
import { isFreshToken } from './fresh-token.ts'
import { Problem } from './problem.ts'
import { maySee } from './view.ts'

export interface CastBallot extends Ballot {
  readonly id: string
}

export interface VoteDependencies {
  readonly approvals: Approvals
  readonly audit: AuditLog
  readonly log: Log
}

export function auditActor(principal: Principal): AuditActor {
  const { name, kind, groups } = principal
  return { id: principalId(principal), name, kind, groups }
}

/** @throws Problem `audit-unavailable` */
export function auditOrFail(deps: Pick<VoteDependencies, 'audit' | 'log'>, event: AuditEvent): void {
  try {
    deps.audit.write(event)
  } catch (err) {
    deps.log.error({ err }, 'the audit log cannot be written')
    throw new Problem('audit-unavailable')
  }
}

/** The vote counted; its consequence is audited as well, but can no longer be stopped. */
function auditAfterwards(deps: VoteDependencies, event: AuditEvent): void {
  try {
    deps.audit.write(event)
  } catch (err) {
    deps.log.error({ err, event: event.type }, 'the audit log cannot be written after a vote')
  }
}

/** What somebody tried to do with a request. */
interface Attempt {
  readonly id: string
  readonly by: Principal
  readonly action: 'approve' | 'deny' | 'withdraw'
}

function refuse(deps: VoteDependencies, { id, by, action }: Attempt, problem: Problem): never {
  auditOrFail(deps, {
    type: 'admin',
    action: `approval.${action}`,
    outcome: 'failed',
    reason: `${id}: ${problem.code}`,
    actor: auditActor(by),
  })
  throw problem
}

/** @throws Problem `not-found`, also for a request that the caller may not see */
async function requestFor(deps: VoteDependencies, attempt: Attempt): Promise<ApprovalRequest> {
  // What is no id is not audited: it may be any text, of any length.
  if (!REQUEST_ID.test(attempt.id)) throw new Problem('not-found')
  const request = await deps.approvals.get(attempt.id)
  if (request !== undefined && maySee(request, attempt.by)) return request
  return refuse(deps, attempt, new Problem('not-found'))
}

function approvalEvent(request: ApprovalRequest, ballot: CastBallot) {
  return {
    type: 'approval' as const,
    request: request.id,
    resource: request.resource,
    session: request.session,
    actor: auditActor(ballot.reviewer),
    verdict: ballot.verdict,
    ...(ballot.reason === undefined ? {} : { reason: ballot.reason }),
    ...(ballot.window === undefined ? {} : { window: ballot.window }),
  }
}

/** @throws Problem for every refusal. A request that the reviewer may not see is not found. */
export async function castVote(deps: VoteDependencies, ballot: CastBallot): Promise<ApprovalRequest> {
  const { id, reviewer, verdict, reason, window } = ballot
  const attempt = { id, by: reviewer, action: verdict }
  const request = await requestFor(deps, attempt)
  const obstacle = voteObstacle(request, ballot, Date.now())
  if (obstacle !== undefined) return refuse(deps, attempt, new Problem(obstacle))
  auditOrFail(deps, { ...approvalEvent(request, ballot), state: 'voted' })
  const result = await deps.approvals.vote(id, reviewer, verdict, reason, window)
  // Somebody was faster; the audit then shows the attempt and that it did not count.
  if (result.kind === 'refused') return refuse(deps, attempt, new Problem(result.refusal))
  if (result.request.state !== 'pending') {
    auditAfterwards(deps, { ...approvalEvent(result.request, ballot), state: result.request.state })
  }
  return result.request
}

export interface WithdrawalDependencies extends VoteDependencies {
  /** milliseconds since a token was issued, by which its groups count */
  readonly maxTokenAge: number
}

/**
 * Takes a request back: its asker what is pending or approved, its approvers what they approved. Audited before.
 *
 * @throws Problem for every refusal. A request that the caller may not see is not found.
 */
export async function withdraw(
  deps: WithdrawalDependencies,
  id: string,
  by: Principal,
  reason?: string,
): Promise<ApprovalRequest> {
  const attempt: Attempt = { id, by, action: 'withdraw' }
  const request = await requestFor(deps, attempt)
  const isAsker = request.principal === principalId(by)
  if (!isAsker && by.kind !== 'person') refuse(deps, attempt, new Problem('not-a-person'))
  // An approver's groups are the only leave: they are to be those of now, as for a vote.
  if (!isAsker && !isFreshToken(by, deps.maxTokenAge, Date.now()))
    refuse(deps, attempt, new Problem('stale-token'))
  if (!isAsker && request.state === 'pending') {
    const detail = 'Only its asker withdraws what is pending.'
    refuse(deps, attempt, new Problem('unauthorized', detail, 'Deny it.'))
  }
  const why = `withdrawn by ${by.name}${reason === undefined ? '' : `: ${reason}`}`
  const event = { type: 'approval', request: id, resource: request.resource } as const
  auditOrFail(deps, { ...event, actor: auditActor(by), state: 'withdrawn', reason: why })
  const done = await deps.approvals.withdraw(id, why)
  // The audit then shows the attempt, and that nothing came of it.
  if (!done) refuse(deps, attempt, new Problem('already-decided'))
  return { ...request, state: 'withdrawn', withdrawal: why }
}
