// An operation that waits for an approval: while its client waits, and after that until its client comes back with it.
import type { Approvals } from '../approvals/contract.ts'
import type { ApprovalRequest, ApprovalSubject } from '../core/approval.ts'
import type { ApprovalEvents } from '../core/approval-events.ts'
import type { LimitExcess } from '../core/audit.ts'
import { type Refusal, reasonOf } from '../core/errors.ts'
import type { Leave } from '../core/leave.ts'
import {
  ASKS_TOO_OFTEN,
  CANNOT_COME_BACK,
  comeBack,
  isWithdrawal,
  laterAgain,
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
  /** by principal: for requests that no reviewer decided, each of which was told to all of them */
  readonly asks: Leave
}

export type HoldResult =
  /** approved and used up */
  | { readonly kind: 'approved'; readonly request: ApprovalRequest }
  | (Obstacle & { readonly kind: 'refused'; readonly request?: ApprovalRequest })
  /** approved, and not used up: it cannot run now */
  | (Obstacle & { readonly kind: 'hindered'; readonly request: ApprovalRequest })

/** Why what was approved cannot run now. */
export interface Obstacle {
  readonly refusal: Refusal
  /** of a limit that is used up */
  readonly excess?: LimitExcess
  /** the approval will never be good for it again */
  readonly forGood?: true
}

export interface Hold {
  readonly result: Promise<HoldResult>
  withdraw(why: Withdrawal): void
}

/** Whom a hold asks for. */
export interface Holder {
  /** Told when a request exists that the client now waits for, again when it has to wait for another. */
  waiting(request: ApprovalRequest): void
  /** Asked before an approval is used up: much may have changed since the operation was judged. */
  obstacle(): Obstacle | undefined
}

/**
 * Equal statements of one principal wait for one request, and one of them runs: the others ask anew. Each round ends with a
 * request that is settled, so there are no more of them than the principal may have open.
 */
const MAX_ROUNDS = 200

export function startHold(services: HoldServices, hold: HoldRequest, holder: Holder): Hold {
  const stop = new AbortController()
  return {
    result: run({ services, hold, subject: subjectOf(hold), holder, left: stop.signal }).catch(failed),
    withdraw: (why) => stop.abort(why),
  }
}

interface Run {
  readonly services: HoldServices
  readonly hold: HoldRequest
  readonly subject: ApprovalSubject
  readonly holder: Holder
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
    const result = await proceed(all, found, patience)
    if (result !== 'again') return result
  }
  return { kind: 'refused', refusal: USED }
}

function proceed(all: Run, found: ApprovalRequest | undefined, patience: number) {
  if (found === undefined) return ask(all, patience)
  return found.state === 'approved' ? use(all, found) : join(all, found, patience)
}

/** Makes a request. It is this hold's to withdraw, and to tell of. */
async function ask(all: Run, patience: number): Promise<HoldResult | 'again'> {
  const { services, hold, subject, holder, left } = all
  const { approvals, approvalEvents, asks } = services
  const terms = termsOf(hold.decision)
  const parked = terms.wait === 0
  if (!asks.take(subject.principal)) return { kind: 'refused', refusal: ASKS_TOO_OFTEN }
  const created = await approvals.create({ ...inputOf(hold, subject), parked }).catch((error: unknown) => {
    // Nobody was told of it.
    asks.giveBack(subject.principal)
    throw error
  })
  const told = !left.aborted
  if (told) {
    if (!parked) holder.waiting(created)
    safely(() => approvalEvents.requested(created, terms.notify ?? []))
  }
  const tell = (request: ApprovalRequest) => {
    if (isDecided(request)) asks.giveBack(subject.principal)
    if (told) safely(() => approvalEvents.settled(request))
  }
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
  const { services, holder, left } = all
  if (patience > performance.now()) holder.waiting(found)
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
async function use(all: Run, settled: ApprovalRequest): Promise<HoldResult | 'again'> {
  const { services, subject, holder, left } = all
  // Where the store does not know it yet, since its clock was set back, nobody is to approve what nobody waits for.
  if (settled.state === 'expired')
    void services.approvals.withdraw(settled.id, WITHDRAWN['cannot-run']).catch(() => false)
  if (settled.state !== 'approved') {
    return { kind: 'refused', refusal: refusalOf(settled), request: settled }
  }
  if (left.aborted) return { kind: 'refused', refusal: withdrawn(whyOf(left)), request: settled }
  const obstacle = holder.obstacle()
  if (obstacle !== undefined) return hindered(all, settled, obstacle)
  const used = await services.approvals.consume(settled.id, subject)
  if (used === undefined) return 'again'
  // Whoever cancelled meanwhile was told that it is withdrawn, and asks the server for nothing more: it must not run.
  if (left.aborted) return { kind: 'refused', refusal: withdrawn(whyOf(left)), request: used }
  return { kind: 'approved', request: used }
}

/** The approval stays for another time, if there can be one. */
async function hindered(
  { services, subject }: Run,
  request: ApprovalRequest,
  obstacle: Obstacle,
): Promise<HoldResult> {
  const { refusal, forGood } = obstacle
  if (forGood === undefined && subject.only === undefined)
    return { ...obstacle, kind: 'hindered', refusal: laterAgain(refusal, request), request }
  const why = WITHDRAWN[forGood ? 'policy-changed' : 'cannot-run']
  await services.approvals.withdraw(request.id, why).catch(() => false)
  return { ...obstacle, kind: 'refused', request: { ...request, state: 'withdrawn' } }
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

/** A reviewer looked at it, whether it is used or not. */
const isDecided = ({ state }: ApprovalRequest) => state !== 'withdrawn' && state !== 'expired'

const whyOf = ({ reason }: AbortSignal): Withdrawal => (isWithdrawal(reason) ? reason : 'stopping')

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
  const message = reasonOf(error)
  return {
    kind: 'refused',
    refusal: {
      code: 'internal',
      message: `the operation needs an approval and none can be asked for: ${message}`,
    },
  }
}
