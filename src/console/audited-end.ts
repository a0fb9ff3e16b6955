// The end of a live session, for pages and API alike: who may, for which reason, and audited before it is done.
import type { AuditEvent } from '../core/audit.ts'
import type { Principal } from '../core/principal.ts'
import { hasControls } from '../core/printable.ts'
import { type LiveSessions, SESSION_ID } from '../core/sessions-view.ts'
import { type Access, type AccessSettings, accessOf } from './access.ts'
import { auditActor, auditOrFail, type VoteDependencies } from './audited-vote.ts'
import { Problem } from './problem.ts'

export interface SessionDependencies extends Pick<VoteDependencies, 'audit' | 'log'> {
  /** of all processes */
  readonly sessions: LiveSessions
  /** who may; nobody when absent */
  readonly who?: AccessSettings | undefined
}

/** Characters of the reason that the client is told. */
export const MAX_END_REASON = 200

/** One line, since it becomes a part of the client's error. @throws Problem `invalid-request` */
function oneLine(stated: string | undefined): string {
  const reason = stated?.trim().replace(/\s*[\r\n]\s*/g, ' ') ?? ''
  if (reason === '') throw new Problem('invalid-request', 'Ending a session needs a reason.')
  if (reason.length > MAX_END_REASON)
    throw new Problem('invalid-request', `A reason has at most ${MAX_END_REASON} characters.`)
  // The client may be somebody's terminal.
  if (hasControls(reason)) throw new Problem('invalid-request', 'A reason has no control characters.')
  return reason
}

/** Of those who end sessions of some resources alone: what is of another is to them as if it were not there. */
async function obstacleTo(sessions: LiveSessions, access: Access, id: string) {
  const { sessions: live, unanswered } = await sessions.list()
  const session = live.find((one) => one.id === id)
  if (session === undefined) return unanswered > 0 ? 'worker-unavailable' : 'not-found'
  return access.endsSessionsOf(session.resource) ? undefined : 'not-found'
}

/**
 * @throws Problem: `unauthorized`, whatever the id; `invalid-request` without a good reason; `not-found`; `worker-unavailable`
 * when nobody knows whether it was ended
 */
export async function endSession(
  deps: SessionDependencies,
  id: string,
  by: Principal,
  stated: string | undefined,
): Promise<void> {
  const isId = SESSION_ID.test(id)
  const audit = (outcome: 'ok' | 'failed', what: string) => {
    const reason = `${isId ? id : 'no id of a session'}: ${what}`
    const event: AuditEvent = { type: 'admin', action: 'session.end', actor: auditActor(by), outcome, reason }
    auditOrFail(deps, event)
  }
  const access = accessOf(deps.who, by)
  if (!access.endsSome) {
    audit('failed', 'not allowed')
    const groups = '`admin.console.terminators` and `resources.NAME.terminators`'
    throw new Problem('unauthorized', `You are in none of the groups of ${groups}.`)
  }
  const reason = oneLine(stated)
  const obstacle = access.endsAll ? undefined : await obstacleTo(deps.sessions, access, id)
  if (obstacle !== undefined) {
    audit('failed', obstacle === 'not-found' ? 'not of a resource of theirs' : 'a worker did not answer')
    throw new Problem(obstacle)
  }
  audit('ok', reason)
  const outcome = isId ? await deps.sessions.end(id, by, reason) : 'not-found'
  if (outcome === 'ended') return
  if (outcome === 'no-answer') {
    audit('failed', 'a worker did not answer, and may end it yet')
    throw new Problem('worker-unavailable', undefined, 'Look whether it still lives.')
  }
  audit('failed', 'not found')
  throw new Problem('not-found', 'There is no such session any more.')
}
