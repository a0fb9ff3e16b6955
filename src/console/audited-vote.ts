// A vote, audited before it takes effect: a vote that cannot be audited is not cast.
import type { Ballot, VoteRefusal } from '../approvals/ballot.ts'
import type { Approvals } from '../approvals/contract.ts'
import { voteObstacle } from '../approvals/vote.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import type { AuditActor, AuditEvent, AuditLog } from '../core/audit.ts'
import { type Principal, principalId } from '../core/principal.ts'
import type { Log } from '../telemetry/log.ts'
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

function refuse(deps: VoteDependencies, ballot: CastBallot, refusal: VoteRefusal): never {
  auditOrFail(deps, {
    type: 'admin',
    action: `approval.${ballot.verdict}`,
    outcome: 'failed',
    reason: `${ballot.id}: ${refusal}`,
    actor: auditActor(ballot.reviewer),
  })
  throw new Problem(refusal)
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
  const request = await deps.approvals.get(id)
  if (request === undefined || !maySee(request, reviewer)) return refuse(deps, ballot, 'not-found')
  const obstacle = voteObstacle(request, ballot, Date.now())
  if (obstacle !== undefined) return refuse(deps, ballot, obstacle)
  auditOrFail(deps, { ...approvalEvent(request, ballot), state: 'voted' })
  const result = await deps.approvals.vote(id, reviewer, verdict, reason, window)
  // Somebody was faster; the audit then shows the attempt and that it did not count.
  if (result.kind === 'refused') return refuse(deps, ballot, result.refusal)
  if (result.request.state !== 'pending') {
    auditAfterwards(deps, { ...approvalEvent(result.request, ballot), state: result.request.state })
  }
  return result.request
}

/**
 * Takes a request back: its asker what is pending or approved, its approvers a window that they granted. Audited before.
 *
 * @throws Problem for every refusal. A request that the caller may not see is not found.
 */
export async function withdraw(
  deps: VoteDependencies,
  id: string,
  by: Principal,
  reason?: string,
): Promise<ApprovalRequest> {
  const request = await deps.approvals.get(id)
  if (request === undefined || !maySee(request, by)) throw new Problem('not-found')
  const isAsker = request.principal === principalId(by)
  if (!isAsker && by.kind !== 'person') throw new Problem('not-a-person')
  if (!isAsker && request.state === 'pending') {
    throw new Problem('unauthorized', 'Only its asker withdraws what is pending.', 'Deny it.')
  }
  const why = `withdrawn by ${by.name}${reason === undefined ? '' : `: ${reason}`}`
  const event = { type: 'approval', request: id, resource: request.resource } as const
  auditOrFail(deps, { ...event, actor: auditActor(by), state: 'withdrawn', reason: why })
  const done = await deps.approvals.withdraw(id, why)
  if (!done) throw new Problem('already-decided')
  return { ...request, state: 'withdrawn', withdrawal: why }
}
