// An operation that waits for an approval: while its client waits, and after that until its client comes back with it.
import type { Approvals } from '../approvals/contract.ts'
import type { ApprovalRequest, ApprovalSubject } from '../core/approval.ts'
import type { ApprovalEvents } from '../core/approval-events.ts'
import type { Refusal } from '../core/errors.ts'
import {
  CANNOT_COME_BACK,
  comeBack,
  refusalOf,
  USED,
  WITHDRAWN,
  type Withdrawal,
  withdrawn,
} from './hold-refusals.ts'
import { type HoldRequest, inputOf, subjectOf, termsOf } from './hold-subject.ts'

export interface HoldServices {
  readonly approvals: Approvals
  readonly approvalEvents: ApprovalEvents
  /** a sentence: where reviewers see it */
  readonly approvalsHint: (request: string) => string
}

export type HoldResult =
  /** approved and used up */
  | { readonly kind: 'approved'; readonly request: ApprovalRequest }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly request?: ApprovalRequest }

export interface Hold {
  readonly result: Promise<HoldResult>
  withdraw(why: Withdrawal): void
}

/** Told when a request exists that the client now waits for, again when it has to wait for another. */
type Waiting = (request: ApprovalRequest) => void

/**
 * Equal statements of one principal wait for one request, and one of them runs: the others ask anew. Each round ends with a
 * request that is settled, so there are no more of them than the principal may have open.
 */
const MAX_ROUNDS = 200

export function startHold(services: HoldServices, hold: HoldRequest, waiting: Waiting): Hold {
  const stop = new AbortController()
  return {
    result: run({ services, hold, subject: subjectOf(hold), waiting, left: stop.signal }).catch(failed),
    withdraw: (why) => stop.abort(why),
  }
}

interface Run {
  readonly services: HoldServices
  readonly hold: HoldRequest
  readonly subject: ApprovalSubject
  readonly waiting: Waiting
  /** aborted with a Withdrawal */
  readonly left: AbortSignal
}

async function run(all: Run): Promise<HoldResult> {
  const { services, subject, left } = all
  const { approvals } = services
  const { wait } = termsOf(all.hold.decision)
  const patience = wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + wait
  if (wait === 0 && subject.only !== undefined) return { kind: 'refused', refusal: CANNOT_COME_BACK }
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await approvals.find(subject)
    if (left.aborted) return { kind: 'refused', refusal: withdrawn(whyOf(left)) }
    if (found?.state === 'approved') {
      const used = await approvals.consume(found.id, subject)
      if (used !== undefined) return { kind: 'approved', request: used }
      continue
    }
    const result = await (found === undefined ? ask(all, patience) : join(all, found, patience))
    if (result !== 'again') return result
  }
  return { kind: 'refused', refusal: USED }
}

/** Makes a request. It is this hold's to withdraw, and to tell of. */
async function ask(all: Run, patience: number): Promise<HoldResult | 'again'> {
  const { services, hold, subject, waiting, left } = all
  const { approvals, approvalEvents } = services
  const terms = termsOf(hold.decision)
  const parked = terms.wait === 0
  const created = await approvals.create({ ...inputOf(hold, subject), parked })
  const told = !left.aborted
  if (told) {
    if (!parked) waiting(created)
    safely(() => approvalEvents.requested(created, terms.notify ?? []))
  }
  const tell = (request: ApprovalRequest) => told && safely(() => approvalEvents.settled(request))
  const seen = parked ? 'patience' : await untilSettled(approvals, created.id, left, patience)
  // An approval may come in the moment in which the asker goes: it is taken back unused.
  if (seen === 'left' || (left.aborted && !parked)) {
    const why = whyOf(left)
    tell({ ...created, state: 'withdrawn', withdrawal: WITHDRAWN[why] })
    return takeBack(approvals, created, why)
  }
  if (seen !== 'patience') {
    tell(seen)
    return use(all, seen)
  }
  if (subject.only !== undefined) {
    const withdrawal = 'the asker waited no longer, and it is for one session alone'
    tell({ ...created, state: 'withdrawn', withdrawal })
    await approvals.withdraw(created.id, withdrawal)
    return { kind: 'refused', refusal: CANNOT_COME_BACK, request: created }
  }
  if (!parked && !(await approvals.park(created.id))) return settledMeanwhile(all, created.id, tell)
  // Whoever is told of requests is told what became of this one as well, as long as this process lives.
  approvals.settled(created.id, new AbortController().signal).then(tell, () => undefined)
  return backLater(all, created)
}

/** Waits for a request that stands already: its client was told to come back, or waits in another session. */
async function join(all: Run, found: ApprovalRequest, patience: number): Promise<HoldResult | 'again'> {
  const { services, waiting, left } = all
  if (patience > performance.now()) waiting(found)
  const seen = await untilSettled(services.approvals, found.id, left, patience)
  if (seen === 'left') return { kind: 'refused', refusal: withdrawn(whyOf(left)), request: found }
  if (seen === 'patience') return backLater(all, found)
  // Whoever asked for it first has gone: that was another session.
  const gone = seen.state === 'withdrawn' && Object.values(WITHDRAWN).some((why) => why === seen.withdrawal)
  return gone || seen.state === 'consumed' ? 'again' : use(all, seen)
}

async function settledMeanwhile(
  all: Run,
  id: string,
  tell: (request: ApprovalRequest) => void,
): Promise<HoldResult | 'again'> {
  const seen = await all.services.approvals.settled(id, all.left)
  tell(seen)
  return use(all, seen)
}

/** Another session of the same principal may have used it first: then this one asks anew. */
async function use({ services, subject }: Run, settled: ApprovalRequest): Promise<HoldResult | 'again'> {
  if (settled.state !== 'approved') {
    return { kind: 'refused', refusal: refusalOf(settled), request: settled }
  }
  const used = await services.approvals.consume(settled.id, subject)
  return used === undefined ? 'again' : { kind: 'approved', request: used }
}

function backLater({ services, hold }: Run, request: ApprovalRequest): HoldResult {
  const refusal = comeBack(request, hold.decision.reason, services.approvalsHint(request.id))
  return { kind: 'refused', refusal, request }
}

async function untilSettled(
  approvals: Approvals,
  id: string,
  left: AbortSignal,
  patience: number,
): Promise<ApprovalRequest | 'left' | 'patience'> {
  const stop = new AbortController()
  const give = (why: 'left' | 'patience') => () => stop.abort(why)
  const leave = give('left')
  if (left.aborted) return 'left'
  left.addEventListener('abort', leave)
  const timer = Number.isFinite(patience)
    ? setTimeout(give('patience'), Math.max(0, patience - performance.now()))
    : undefined
  try {
    return await approvals.settled(id, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    return stop.signal.reason === 'left' ? 'left' : 'patience'
  } finally {
    clearTimeout(timer)
    left.removeEventListener('abort', leave)
  }
}

const whyOf = (left: AbortSignal): Withdrawal => {
  const why: unknown = left.reason
  return why === 'canceled' || why === 'left' || why === 'policy-changed' ? why : 'stopping'
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
