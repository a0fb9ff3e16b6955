// What a client is told of a hold that did not let its operation through.
import type { ApprovalRequest } from '../core/approval.ts'
import type { Decision } from '../core/decision.ts'
import type { ErrorCode, Refusal } from '../core/errors.ts'
import { describeApproval } from '../core/hold-terms.ts'
import type { Principal } from '../core/principal.ts'
import { printable } from '../core/printable.ts'
import { mayBreakGlass, REASON_SETTING } from '../core/stated.ts'
import { termsOf } from './hold-subject.ts'

/** Why a hold ended before its reviewers decided. */
export type Withdrawal = 'canceled' | 'left' | 'stopping' | 'policy-changed' | 'cannot-run' | 'lockdown'

export const WITHDRAWN: Readonly<Record<Withdrawal, string>> = {
  canceled: 'the asker cancelled the operation',
  left: 'the asker left',
  stopping: 'the session was ended',
  'policy-changed': 'the policy changed',
  'cannot-run': 'it could not run any more',
  lockdown: 'a lockdown began',
}

export const USED: Refusal = {
  code: 'approval-denied',
  message: 'the approval was used or withdrawn before the operation ran',
}

/** Whoever asks and takes it back, again and again, sends reviewers as many messages. */
export const ASKS_TOO_OFTEN: Refusal = {
  code: 'limit-exceeded',
  message: 'it needs an approval, and too many were asked for in the last minute that no reviewer decided',
  hint: 'Wait a while, and let a request stand until it is decided.',
}

/** Reviewers were asked under other rules than those that now decide. */
export const POLICY_CHANGED: Refusal = {
  code: 'denied',
  message: 'the policy, or the time that its rules go by, changed while the operation waited',
  hint: 'Send the statement again.',
}

/** What the server would say, without an approval for it. */
export const DOOMED: Refusal = {
  code: 'transaction-failed',
  message: 'current transaction is aborted, commands ignored until end of transaction block',
  hint: 'It is held for approval: send it again after the transaction has ended.',
}

export const isWithdrawal = (why: unknown): why is Withdrawal =>
  typeof why === 'string' && Object.hasOwn(WITHDRAWN, why)

const CODES: Readonly<Record<Withdrawal, ErrorCode>> = {
  canceled: 'canceled',
  left: 'shutting-down',
  stopping: 'shutting-down',
  'policy-changed': 'denied',
  'cannot-run': 'denied',
  lockdown: 'locked-down',
}

export function withdrawn(why: Withdrawal): Refusal {
  if (why === 'policy-changed') return POLICY_CHANGED
  return {
    code: CODES[why],
    message: `the request was withdrawn: ${WITHDRAWN[why]}`,
  }
}

/** What the client is told while it waits. */
export function heldNotice(
  request: ApprovalRequest,
  decision: Decision,
  principal: Principal,
): { readonly message: string; readonly hint: string } {
  const terms = termsOf(decision)
  const { wait, breakGlass = [] } = terms
  const until = new Date(request.expiresAt).toISOString()
  const hints = [
    `It goes on when ${describeApproval(request)}, until ${until}.`,
    ...(wait === undefined ? [] : [`After ${wait / 1000} s you are told to send it again later.`]),
    ...(mayBreakGlass(principal, terms)
      ? [`Members of ${breakGlass.join(' or ')} go on at once with /* break-glass: why */.`]
      : []),
  ]
  return {
    message: `held for approval as request ${request.id}: ${decision.reason}`,
    hint: hints.join(' '),
  }
}

/** It was approved and cannot run now. */
export function laterAgain({ hint = '', ...refusal }: Refusal, { id, expiresAt }: ApprovalRequest): Refusal {
  const until = new Date(expiresAt).toISOString()
  return { ...refusal, hint: `${hint} Request ${id} stays approved, and unused, until ${until}.`.trim() }
}

/** Many a client is somebody's terminal, and prints an error as it comes. */
const onTerminal = (reason: string) => printable(reason.replace(/\s*[\r\n]\s*/g, ' '))

export function refusalOf(request: ApprovalRequest): Refusal {
  const denial = request.votes.find((vote) => vote.verdict === 'deny')
  switch (request.state) {
    case 'denied':
      return {
        code: 'approval-denied',
        message: `${onTerminal(denial?.reviewerName ?? 'a reviewer')} refused request ${request.id}${denial?.reason ? `: ${onTerminal(denial.reason)}` : ''}`,
      }
    case 'expired':
      return {
        code: 'approval-expired',
        message: `nobody approved request ${request.id} in time`,
        hint: `Send the statement again and ask a member of ${request.approvers.join(', ')}.`,
      }
    default:
      return { code: 'approval-denied', message: `request ${request.id} was ${request.state}` }
  }
}

/** @param where a sentence: where reviewers see it */
export function comeBack(request: ApprovalRequest, reason: string, where: string): Refusal {
  const until = new Date(request.expiresAt).toISOString()
  const under = request.sessionReason === undefined ? '' : ` with the same ${REASON_SETTING}`
  return {
    code: 'approval-pending',
    message: `request ${request.id} waits for approval: ${reason}`,
    hint: `Send exactly the same statement again${under} once ${describeApproval(request)}, until ${until}. ${where}`,
  }
}

/** It would mean something else, or nothing, when it came again. */
export const CANNOT_COME_BACK: Refusal = {
  code: 'approval-expired',
  message: 'nobody approved it in time, and it cannot wait for its approval without its session',
  hint: 'What it does depends on a cursor, a name, the role or the search_path of this session. Name relations with their schema, or send it first in a new session.',
}
