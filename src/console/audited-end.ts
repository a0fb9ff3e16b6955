// The end of a live session, for pages and API alike: who may, for which reason, and audited before it is done.
import type { AuditEvent } from '../core/audit.ts'
import type { Principal } from '../core/principal.ts'
import { printable } from '../core/printable.ts'
import { type LiveSessions, SESSION_ID } from '../core/sessions-view.ts'
import { accessOf, type ConsoleConfig } from './access.ts'
import { auditActor, auditOrFail, type VoteDependencies } from './audited-vote.ts'
import { Problem } from './problem.ts'

export interface SessionDependencies extends Pick<VoteDependencies, 'audit' | 'log'> {
  /** of all processes */
  readonly sessions: LiveSessions
  /** `admin.console`: who may */
  readonly settings?: ConsoleConfig | undefined
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
  if (printable(reason) !== reason)
    throw new Problem('invalid-request', 'A reason has no control characters.')
  return reason
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
  if (!accessOf(deps.settings, by).end) {
    audit('failed', 'not allowed')
    throw new Problem('unauthorized', 'You are in none of the groups of `admin.console.terminators`.')
  }
  const reason = oneLine(stated)
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
