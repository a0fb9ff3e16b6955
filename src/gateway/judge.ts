// One operation's way from the question to the answer: policy, masks, hold, journal. Here alone permits are asked for.
import { performance } from 'node:perf_hooks'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Circumstances } from '../core/circumstances.ts'
import type { Decision } from '../core/decision.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import type { Permit } from '../core/permit.ts'
import type { Principal } from '../core/principal.ts'
import type { Answer } from '../core/session.ts'
import { mayBreakGlass, statedIn } from '../core/stated.ts'
import type { Log } from '../telemetry/log.ts'
import { countDecision } from './decision-count.ts'
import type { GatewayDependencies } from './dependencies.ts'
import { holdOutcome, stateOf } from './hold-outcome.ts'
import { heldNotice, POLICY_CHANGED, type Withdrawal } from './hold-refusals.ts'
import { sameHold, termsOf } from './hold-subject.ts'
import { type Hold, type HoldResult, type HoldServices, type Obstacle, startHold } from './holds.ts'
import type { Journal } from './journal.ts'
import { type Judged, unlessDoomed } from './judged.ts'
import { type Limits, sameLimits } from './limits.ts'
import { refusalIn } from './lockdown.ts'
import { denied, underMasks } from './under-masks.ts'

export interface JudgeContext {
  readonly deps: GatewayDependencies & HoldServices
  readonly journal: Journal
  readonly log: Log
  readonly session: string
  readonly resource: string
  readonly database: string
  /** login of the target */
  readonly user: string
  readonly principal: Principal
  readonly masks: () => Masker
  /** of this moment */
  readonly circumstances: () => Circumstances
  /** of this session */
  readonly limits: Limits
  /** of the protocol */
  readonly shapeOf: (operation: Operation) => string | undefined
  /** gives the answer to the session */
  readonly resume: (answer: Answer) => void
  /** tells the client something while it waits */
  readonly tell: (message: string, hint: string) => void
}

export interface Judge {
  /** Does an operation wait for an approval? */
  held(): boolean
  judge(operation: Operation): void
  /** Withdraws the operation that waits. False when none does. */
  withdraw(why: Withdrawal): boolean
  /** Withdraws the operation that waits, if it was decided by other rules than are in force now, or a lockdown refuses it. */
  policyChanged(): void
  /** the session is over: nothing may be answered any more */
  end(why: Withdrawal): void
}

export function createJudge(context: JudgeContext): Judge {
  const { deps, journal, principal, resource, database, resume } = context
  const { metrics } = deps
  let held: Hold | undefined
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
    if (byPolicy.outcome !== 'hold' || approval === undefined) return policy.permit(byPolicy, operation)
    const shape = approval.granted === undefined ? undefined : context.shapeOf(operation)
    return policy.permit(byPolicy, operation, approval, shape)
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
    goOn(operation, judged, permit(judged, operation, approval), approval !== undefined)
  }

  function goOn(operation: Operation, judged: Judged, leave: Permit, waited: boolean): void {
    const meter = context.limits.meter(judged.decision.obligations, (exceeded) => {
      const { code, message } = exceeded.refusal
      metrics.error(code)
      context.log.warn({ sequence: operation.sequence }, message)
      journal.exceeded(operation, exceeded)
    })
    const stands = standing(operation, judged)
    // Of every statement: no spreads but for those that something limits, or that waited.
    if (!waited && meter === undefined && stands === undefined)
      return resume({ kind: 'proceed', permit: leave })
    const more = { ...(waited && { waited }), ...(meter && { meter }), ...(stands && { stands }) }
    resume({ kind: 'proceed', permit: leave, ...more })
  }

  /**
   * Of what is refused nothing is shown, and the masks may be what cannot be had.
   * @param under the masks that it was judged under, where that was a while ago
   */
  function decided(operation: Operation, decision: Decision, request?: string, under?: Masker): void {
    const masks =
      decision.outcome === 'deny' ? undefined : (under ?? context.masks()).touched(operation.facts)
    journal.decided(operation, decision, { request, masks })
  }

  const lockedDown = () => refusalIn(deps.policy(), principal, resource)

  const count = (decision: Decision) => countDecision(metrics, resource, decision)

  /** A portal may be executed, or go on, when the hours of its rules are over, or an hour's limits used up. */
  function standing(operation: Operation, judged: Judged): (() => boolean) | undefined {
    const { decision, policy } = judged
    if (operation.phase !== 'execute') return undefined
    if (!policy.hasHours(principal, resource) && !context.limits.areShared(decision.obligations))
      return undefined
    return () => {
      const now = anew(operation, judged)
      return !('refusal' in now) && sameLimits(now.decision, decision)
    }
  }

  function refuse(operation: Operation, decision: Decision, why?: ErrorCode): void {
    const incomplete = operation.facts.statements.some((statement) => statement.incomplete !== undefined)
    const code = why ?? (decision.lockdown ? 'locked-down' : incomplete ? 'not-understood' : 'denied')
    metrics.error(code)
    resume({
      kind: 'refused',
      refusal: { code, message: decision.reason, ...(decision.hint ? { hint: decision.hint } : {}) },
    })
  }

  function waiting(operation: Operation, decision: Decision, request: ApprovalRequest): void {
    journal.hold(operation, request.id, 'pending')
    journal.commit()
    const { message, hint } = heldNotice(request, decision, principal)
    context.tell(message, `${hint} ${deps.approvalsHint(request.id)}`)
  }

  /** Somebody who may go on without an approval does: everybody is to hear of it. */
  function breakTheGlass(operation: Operation, judged: Judged, reason: string): void {
    const { decision, policy, byPolicy } = judged
    const leave =
      byPolicy.outcome === 'hold'
        ? policy.permitBrokenGlass(byPolicy, operation)
        : policy.permit(byPolicy, operation)
    count(decision)
    decided(operation, decision)
    journal.brokeGlass(operation, decision, reason)
    journal.commit()
    metrics.holdOpened(resource)
    metrics.holdClosed(resource, 'break-glass')
    context.log.warn({ sequence: operation.sequence, reason }, 'a held operation goes on without an approval')
    context.tell('it goes on without an approval, and the audit log says so', `Stated reason: ${reason}`)
    goOn(operation, judged, leave, false)
  }

  function hold(operation: Operation, judged: Judged): void {
    const stated = statedIn(operation.text)
    const breaks = stated?.breakGlass === true && mayBreakGlass(principal, termsOf(judged.decision))
    if (breaks) breakTheGlass(operation, judged, stated.reason)
    else keepWaiting(operation, judged)
  }

  /**
   * What was decided then, as it is decided now: the policy may have changed meanwhile, the time of day, or what limits
   * leave. What the reviewers were asked must still be what is to be decided.
   */
  function anew(operation: Operation, { decision }: Judged): Judged | Obstacle {
    if (deps.policy().version !== decision.policyVersion) return { refusal: POLICY_CHANGED, forGood: true }
    const now = withinLimits(operation, decide(operation))
    if (now.exceeded !== undefined) return now.exceeded
    const locked = lockedDown()
    if (locked !== undefined) return { refusal: locked }
    if (now.decision.outcome === 'allow') return now
    return now.decision.outcome === 'hold' && sameHold(now.decision, decision)
      ? now
      : { refusal: POLICY_CHANGED }
  }

  /** The answer came. */
  function settle(operation: Operation, judged: Judged, result: HoldResult): void {
    held = undefined
    metrics.holdClosed(resource, holdOutcome(result))
    if (result.request) {
      const why = result.kind === 'approved' ? undefined : result.refusal.message
      journal.hold(operation, result.request.id, stateOf(result), why)
    }
    if (over) return
    if (result.kind !== 'approved') {
      const refusal = lockedDown()
      return hindered(operation, refusal === undefined ? result : { refusal })
    }
    const now = anew(operation, judged)
    if ('refusal' in now) return hindered(operation, now)
    proceed(operation, now, result.request)
  }

  function hindered(operation: Operation, { refusal, excess }: Obstacle): void {
    if (excess !== undefined) {
      metrics.error(refusal.code)
      journal.exceeded(operation, { refusal, excess })
    }
    resume({ kind: 'refused', refusal })
  }

  function keepWaiting(operation: Operation, judged: Judged): void {
    const { decision } = judged
    metrics.holdOpened(resource)
    count(decision)
    const began = performance.now()
    const shape = termsOf(decision).window === undefined ? undefined : context.shapeOf(operation)
    const asked = { session: context.session, resource, database, user: context.user, principal }
    const masker = context.masks()
    // The decision is kept once, with the first request that is made or found for it.
    let kept = false
    const keep = (request: ApprovalRequest | undefined) => {
      // The masks may be others by now.
      if (!kept) decided(operation, decision, request?.id, masker)
      kept = true
    }
    const started = startHold(
      deps,
      { ...asked, operation, decision, masker, shape },
      {
        waiting(request) {
          keep(request)
          waiting(operation, decision, request)
        },
        obstacle() {
          const now = anew(operation, judged)
          return 'refusal' in now ? now : undefined
        },
      },
    )
    held = started
    heldUnder = decision.policyVersion
    started.result
      .then(
        (result) => {
          metrics.stage('hold', (performance.now() - began) / 1000)
          keep(result.request)
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

  function withdraw(why: Withdrawal): boolean {
    if (held === undefined) return false
    held.withdraw(why)
    return true
  }

  return {
    judge(operation) {
      const judged = unlessDoomed(operation, withinLimits(operation, decide(operation)))
      const { decision, why, exceeded } = judged
      const preparing = operation.phase === 'prepare'
      // Preparing runs nothing: what is held is held when it is to run.
      if (decision.outcome === 'hold' && !preparing) return hold(operation, judged)
      if (!preparing || decision.outcome === 'deny') {
        count(decision)
        decided(operation, decision)
        if (exceeded !== undefined) journal.exceeded(operation, exceeded)
      }
      if (decision.outcome === 'deny') return refuse(operation, decision, why)
      proceed(operation, judged)
    },
    held: () => held !== undefined,
    withdraw,
    policyChanged() {
      if (lockedDown() !== undefined) withdraw('lockdown')
      else if (heldUnder !== undefined && heldUnder !== deps.policy().version) withdraw('policy-changed')
    },
    end(why) {
      over = true
      withdraw(why)
    },
  }
}
