// An operation that waits for an approval while its client waits.
import type { Approvals } from '../approvals/contract.ts'
import type { ApprovalRequest, ApprovalSubject } from '../core/approval.ts'
import type { ApprovalEvents } from '../core/approval-events.ts'
import type { Decision } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import type { Access, Facts } from '../core/facts.ts'
import type { Operation } from '../core/operation.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { toldFunctions } from '../core/routine.ts'

export interface HoldServices {
  readonly approvals: Approvals
  readonly approvalEvents: ApprovalEvents
}

export interface HoldRequest {
  readonly session: string
  readonly resource: string
  readonly database: string
  readonly principal: Principal
  readonly operation: Operation
  readonly decision: Decision
}

export type HoldResult =
  /** approved and used up */
  | { readonly kind: 'approved'; readonly request: ApprovalRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly request?: ApprovalRequest }

/** Why a hold ended before its reviewers decided. */
export type Withdrawal = 'canceled' | 'left' | 'stopping' | 'policy-changed'

export interface Hold {
  readonly result: Promise<HoldResult>
  withdraw(why: Withdrawal): void
}

/** @param waiting told when the request exists and its reviewers can be sent for */
export function startHold(
  services: HoldServices,
  hold: HoldRequest,
  waiting: (request: ApprovalRequest) => void,
): Hold {
  const stop = new AbortController()
  return {
    result: run(services, hold, waiting, stop.signal).catch((error: unknown) => failed(error)),
    withdraw: (why) => stop.abort(why),
  }
}

async function run(
  { approvals, approvalEvents }: HoldServices,
  hold: HoldRequest,
  waiting: (request: ApprovalRequest) => void,
  signal: AbortSignal,
): Promise<HoldResult> {
  const subject = subjectOf(hold)
  const created = await approvals.create({
    subject,
    session: hold.session,
    principalName: hold.principal.name,
    principalKind: hold.principal.kind,
    accesses: accessesOf(hold.operation.facts),
    ...toldFunctions(hold.decision),
    rules: [...new Set(hold.decision.hits.filter((hit) => hit.outcome === 'hold').map((hit) => hit.rule))],
    terms: termsOf(hold.decision),
  })
  const told = !signal.aborted
  if (told) {
    waiting(created)
    safely(() => approvalEvents.requested(created, hold.decision.hold?.notify ?? []))
  }
  const settled = await approvals.settled(created.id, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
    return undefined
  })
  // An approval may come in the moment in which the asker goes: it is taken back unused.
  if (!settled || signal.aborted) {
    const why = signal.reason as Withdrawal
    const gone = { ...created, state: 'withdrawn' as const, withdrawal: WITHDRAWN[why] }
    if (told) safely(() => approvalEvents.settled(gone))
    return takeBack(approvals, created, why)
  }
  safely(() => approvalEvents.settled(settled))
  if (settled.state !== 'approved') return { kind: 'refused', refusal: refusalOf(settled), request: settled }
  const used = await approvals.consume(settled.id, subject)
  if (!used) return { kind: 'refused', refusal: USED, request: settled }
  return { kind: 'approved', request: used }
}

/** Messages are no part of the hold: whoever sends them says what went wrong, and nothing here depends on it. */
function safely(tell: () => void): void {
  try {
    tell()
  } catch {}
}

/** A store that cannot be reached lets the request expire; nobody runs the operation in either case. */
async function takeBack(
  approvals: Approvals,
  request: ApprovalRequest,
  why: Withdrawal,
): Promise<HoldResult> {
  await approvals.withdraw(request.id, WITHDRAWN[why]).catch(() => false)
  return { kind: 'refused', refusal: withdrawn(why), request }
}

/** With the path, where it says what the names mean. */
function accessesOf({ statements, path }: Facts): readonly Access[] {
  const accesses = statements.flatMap((statement) => statement.accesses)
  if (path === undefined) return accesses
  const schemas = path === 'any' ? 'not known' : path.join(', ')
  return [...accesses, { effect: 'session', object: `search_path: ${schemas}` }]
}

function subjectOf({ resource, database, principal, operation, decision }: HoldRequest): ApprovalSubject {
  return {
    resource,
    database,
    principal: principalId(principal),
    text: operation.text,
    parameters: operation.parameters,
    fingerprint: operation.facts.fingerprint,
    policyVersion: decision.policyVersion,
  }
}

function termsOf(decision: Decision) {
  if (!decision.hold) throw new Error('invariant: a hold without its terms')
  return decision.hold
}

const WITHDRAWN: Readonly<Record<Withdrawal, string>> = {
  canceled: 'the asker cancelled the operation',
  left: 'the asker left',
  stopping: 'the session was ended',
  'policy-changed': 'the policy changed',
}

const USED: Refusal = {
  code: 'approval-denied',
  message: 'the approval was used or withdrawn before the operation ran',
}

/** Reviewers were asked under other rules than those that now decide. */
export const POLICY_CHANGED: Refusal = {
  code: 'denied',
  message: 'the policy, or the time that its rules go by, changed while the operation waited',
  hint: 'Send the statement again.',
}

function withdrawn(why: Withdrawal): Refusal {
  if (why === 'policy-changed') return POLICY_CHANGED
  return {
    code: why === 'canceled' ? 'canceled' : 'shutting-down',
    message: `the request was withdrawn: ${WITHDRAWN[why]}`,
  }
}

function refusalOf(request: ApprovalRequest): Refusal {
  const denial = request.votes.find((vote) => vote.verdict === 'deny')
  switch (request.state) {
    case 'denied':
      return {
        code: 'approval-denied',
        message: `${denial?.reviewerName ?? 'a reviewer'} refused request ${request.id}${denial?.reason ? `: ${denial.reason}` : ''}`,
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

function failed(error: unknown): HoldResult {
  const message = error instanceof Error ? error.message : String(error)
  return {
    kind: 'refused',
    refusal: {
      code: 'internal',
      message: `the operation needs an approval and none can be asked for: ${message}`,
    },
  }
}
