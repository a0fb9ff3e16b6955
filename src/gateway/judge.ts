// One operation's way from the question to the answer: policy, masks, limits, journal. Here alone permits are asked for.
// What is held is `holding.ts`'s.
import { performance } from 'node:perf_hooks'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Decision } from '../core/decision.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import type { Permit } from '../core/permit.ts'
import { countDecision } from './decision-count.ts'
import { POLICY_CHANGED } from './hold-refusals.ts'
import { sameHold } from './hold-subject.ts'
import { createHolding, type Holding } from './holding.ts'
import type { Obstacle } from './holds.ts'
import type { JudgeContext } from './judge-context.ts'
import { type Judged, unlessDoomed } from './judged.ts'
import { sameLimits } from './limits.ts'
import { refusalIn } from './lockdown.ts'
import { denied, underMasks } from './under-masks.ts'

export interface Judge extends Omit<Holding, 'hold'> {
  judge(operation: Operation): void
}

export function createJudge(context: JudgeContext): Judge {
  const { deps, journal, principal, resource, resume } = context
  const { metrics } = deps

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

  function permitBrokenGlass({ policy, byPolicy }: Judged, operation: Operation): Permit {
    return byPolicy.outcome === 'hold'
      ? policy.permitBrokenGlass(byPolicy, operation)
      : policy.permit(byPolicy, operation)
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

  /**
   * A portal may be executed, or go on, when the hours of its rules are over, or an hour's limits used up; and what is prepared
   * may be prepared again.
   */
  function standing(operation: Operation, judged: Judged): (() => boolean) | undefined {
    const { decision, policy } = judged
    if (operation.phase === 'query') return undefined
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

  const holding = createHolding(context, {
    anew,
    decided,
    count,
    lockedDown,
    permitBrokenGlass,
    proceed,
    goOn,
  })

  return {
    judge(operation) {
      const judged = unlessDoomed(operation, withinLimits(operation, decide(operation)))
      const { decision, why, exceeded } = judged
      const preparing = operation.phase === 'prepare'
      // Preparing runs nothing: what is held is held when it is to run.
      if (decision.outcome === 'hold' && !preparing) return holding.hold(operation, judged)
      if (!preparing || decision.outcome === 'deny') {
        count(decision)
        decided(operation, decision)
        if (exceeded !== undefined) journal.exceeded(operation, exceeded)
      }
      if (decision.outcome === 'deny') return refuse(operation, decision, why)
      proceed(operation, judged)
    },
    held: holding.held,
    withdraw: holding.withdraw,
    policyChanged: holding.policyChanged,
    end: holding.end,
  }
}
