// One operation's way from the question to the answer: policy, masks, hold, journal. Here alone permits are asked for.
import { performance } from 'node:perf_hooks'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Circumstances } from '../core/circumstances.ts'
import type { Decision } from '../core/decision.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import type { Principal } from '../core/principal.ts'
import type { Answer } from '../core/session.ts'
import type { Policy } from '../policy/policy.ts'
import type { Log } from '../telemetry/log.ts'
import type { HoldOutcome } from '../telemetry/metrics.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { type Hold, type HoldResult, POLICY_CHANGED, startHold, type Withdrawal } from './holds.ts'
import type { Journal } from './journal.ts'
import type { Exceeded, Limits } from './limits.ts'
import { denied, underMasks } from './under-masks.ts'

export interface JudgeContext {
  readonly deps: GatewayDependencies
  readonly journal: Journal
  readonly log: Log
  readonly session: string
  readonly resource: string
  readonly database: string
  readonly principal: Principal
  readonly masks: () => Masker
  /** of this moment */
  readonly circumstances: () => Circumstances
  /** of this session */
  readonly limits: Limits
  /** gives the answer to the session */
  readonly resume: (answer: Answer) => void
  /** tells the client something while it waits */
  readonly tell: (message: string, hint: string) => void
}

interface Judged {
  /** what made the decision, and alone can permit what it allows */
  readonly policy: Policy
  readonly byPolicy: Decision
  /** with what the masks make of it */
  readonly decision: Decision
  /** of a refusal that is no rule's */
  readonly why?: ErrorCode
  /** of a limit that is used up */
  readonly exceeded?: Exceeded
}

export interface Judge {
  /** Does an operation wait for an approval? */
  held(): boolean
  judge(operation: Operation): void
  /** Withdraws the operation that waits. False when none does. */
  withdraw(why: Withdrawal): boolean
  /** Withdraws the operation that waits, if it was decided by other rules than are in force now. */
  policyChanged(): void
  /** the session is over: nothing may be answered any more */
  end(why: Withdrawal): void
}

export function createJudge(context: JudgeContext): Judge {
  const { deps, journal, principal, resource, database, resume } = context
  const { metrics } = deps
  let hold: Hold | undefined
  let heldUnder: string | undefined
  let over = false

  function decide(operation: Operation): Judged {
    const began = performance.now()
    const policy = deps.policy()
    const byPolicy = policy.judge(principal, resource, operation, context.circumstances())
    metrics.stage('policy', (performance.now() - began) / 1000)
    const decision = byPolicy.outcome === 'deny' ? byPolicy : underMasks(byPolicy, operation, context.masks())
    return { policy, byPolicy, decision }
  }

  /** Masks may have held what the policy allows: the permit is the policy's, the approval that of the whole. */
  function permit({ policy, byPolicy }: Judged, operation: Operation, approval?: ApprovalRequest) {
    return policy.permit(byPolicy, operation, byPolicy.outcome === 'hold' ? approval : undefined)
  }

  /** Where nothing is left, nothing is asked of the server, nor of reviewers. */
  function withinLimits(operation: Operation, judged: Judged): Judged {
    const { decision } = judged
    if (decision.outcome === 'deny' || operation.phase === 'prepare') return judged
    const usedUp = context.limits.usedUp(operation, decision.obligations)
    if (usedUp === undefined) return judged
    const { refusal } = usedUp
    return { ...judged, decision: denied(decision, refusal), why: refusal.code, exceeded: usedUp }
  }

  function proceed(operation: Operation, judged: Judged, approval?: ApprovalRequest): void {
    const leave = permit(judged, operation, approval)
    const meter = context.limits.meter(judged.decision.obligations, (exceeded) => {
      const { code, message } = exceeded.refusal
      metrics.error(code)
      context.log.warn({ sequence: operation.sequence }, message)
      journal.exceeded(operation, exceeded)
    })
    resume(
      meter === undefined ? { kind: 'proceed', permit: leave } : { kind: 'proceed', permit: leave, meter },
    )
  }

  function count(decision: Decision): void {
    const rule =
      decision.hits.find((hit) => !hit.shadow && hit.outcome === decision.outcome)?.rule ?? 'default'
    metrics.decision(resource, rule, decision.outcome)
    // Once for an operation, however many of its accesses the rule means.
    if (!decision.hits.some((hit) => hit.shadow)) return
    const shadow = new Map(decision.hits.filter((hit) => hit.shadow).map((hit) => [hit.rule, hit.outcome]))
    for (const [id, outcome] of shadow) metrics.shadow(resource, id, outcome)
  }

  function refuse(operation: Operation, decision: Decision, why?: ErrorCode): void {
    const incomplete = operation.facts.statements.some((statement) => statement.incomplete !== undefined)
    const code = why ?? (incomplete ? 'not-understood' : 'denied')
    metrics.error(code)
    resume({
      kind: 'refused',
      refusal: { code, message: decision.reason, ...(decision.hint ? { hint: decision.hint } : {}) },
    })
  }

  function waiting(operation: Operation, decision: Decision, request: ApprovalRequest): void {
    journal.decided(operation, decision, request.id)
    journal.hold(operation, request.id, 'pending')
    journal.commit()
    const who = request.approvers.join(' or ')
    context.tell(
      `held for approval as request ${request.id}: ${decision.reason}`,
      `It goes on when ${request.quorum} of ${who} approve it, until ${new Date(request.expiresAt).toISOString()}. ${deps.approvalsHint(request.id)}`,
    )
  }

  /** Does what was decided then still stand? The policy may have changed meanwhile, or the time of day. */
  function stands(operation: Operation, { decision }: Judged): boolean {
    if (deps.policy().version !== decision.policyVersion) return false
    const now = decide(operation).decision
    return now.outcome === 'allow' || (now.outcome === 'hold' && sameHold(now, decision))
  }

  /** The answer came. What the reviewers were asked must still be what is to be decided. */
  function settle(operation: Operation, judged: Judged, result: HoldResult): void {
    const { decision } = judged
    hold = undefined
    // No reviewer was ever asked: the decision has not been kept yet.
    if (!result.request) journal.decided(operation, decision)
    metrics.holdClosed(resource, holdOutcome(result))
    if (result.request) {
      const denied = result.kind === 'refused' ? result.refusal.message : undefined
      journal.hold(operation, result.request.id, stateOf(result), denied)
    }
    if (over) return
    if (result.kind === 'refused') return resume({ kind: 'refused', refusal: result.refusal })
    if (!stands(operation, judged)) {
      return resume({ kind: 'refused', refusal: POLICY_CHANGED })
    }
    proceed(operation, judged, result.request)
  }

  function keepWaiting(operation: Operation, judged: Judged): void {
    const { decision } = judged
    metrics.holdOpened(resource)
    count(decision)
    const began = performance.now()
    const request = { session: context.session, resource, database, principal, operation, decision }
    const started = startHold(deps, request, (created) => waiting(operation, decision, created))
    hold = started
    heldUnder = decision.policyVersion
    started.result
      .then(
        (result) => {
          metrics.stage('hold', (performance.now() - began) / 1000)
          settle(operation, judged, result)
        },
        (error: unknown) => context.log.error({ err: error }, 'a hold ended badly'),
      )
      .catch((error: unknown) => {
        context.log.error({ err: error }, 'the end of a hold could not be kept')
        resume({
          kind: 'refused',
          refusal: { code: 'internal', message: 'the approval could not be recorded' },
        })
      })
  }

  return {
    judge(operation) {
      const judged = withinLimits(operation, decide(operation))
      const { decision, why, exceeded } = judged
      const preparing = operation.phase === 'prepare'
      // Preparing runs nothing: what is held is held when it is to run.
      if (decision.outcome === 'hold' && !preparing) return keepWaiting(operation, judged)
      if (!preparing || decision.outcome === 'deny') {
        count(decision)
        journal.decided(operation, decision)
        if (exceeded !== undefined) journal.exceeded(operation, exceeded)
      }
      if (decision.outcome === 'deny') return refuse(operation, decision, why)
      proceed(operation, judged)
    },
    held: () => hold !== undefined,
    withdraw(why) {
      if (!hold) return false
      hold.withdraw(why)
      return true
    },
    policyChanged() {
      if (heldUnder !== undefined && heldUnder !== deps.policy().version) hold?.withdraw('policy-changed')
    },
    end(why) {
      over = true
      hold?.withdraw(why)
    },
  }
}

function sameHold(now: Decision, then: Decision): boolean {
  return (
    JSON.stringify([now.hold, now.hits.map(({ rule }) => rule)]) ===
    JSON.stringify([then.hold, then.hits.map(({ rule }) => rule)])
  )
}

function holdOutcome(result: HoldResult): HoldOutcome {
  if (result.kind === 'approved') return 'approved'
  switch (result.refusal.code) {
    case 'approval-denied':
      return 'denied'
    case 'approval-expired':
      return 'expired'
    case 'canceled':
    case 'denied':
    case 'shutting-down':
      return 'withdrawn'
    default:
      return 'failed'
  }
}

function stateOf(result: HoldResult) {
  if (result.kind === 'approved') return 'consumed'
  const outcome = holdOutcome(result)
  return outcome === 'withdrawn' ? 'withdrawn' : (result.request?.state ?? 'withdrawn')
}
