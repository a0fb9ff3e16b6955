// One operation's way from the question to the answer: policy, masks, limits, journal. Here alone permits are asked for.
// What is held is `holding.ts`'s.
import { performance } from 'node:perf_hooks'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Decision } from '../core/decision.ts'
import type { ErrorCode, Refusal } from '../core/errors.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import type { Permit } from '../core/permit.ts'
import { countDecision } from './decision-count.ts'
import { POLICY_CHANGED, type Withdrawal } from './hold-refusals.ts'
import { sameHold } from './hold-subject.ts'
import { createHolding, type Holding } from './holding.ts'
import type { Obstacle } from './holds.ts'
import type { JudgeContext } from './judge-context.ts'
import { type Judged, unlessDoomed } from './judged.ts'
import { type Exceeded, sameLimits } from './limits.ts'
import { refusalIn } from './lockdown.ts'
import { denied, underMasks } from './under-masks.ts'

export interface Judge extends Omit<Holding, 'hold'> {
  judge(operation: Operation): void
}

export const createJudge = (context: JudgeContext): Judge => new OperationJudge(context)

class OperationJudge implements Judge {
  readonly #context: JudgeContext
  readonly #holding: Holding

  constructor(context: JudgeContext) {
    this.#context = context
    this.#holding = createHolding(context, {
      anew: (operation, then) => this.#anew(operation, then),
      decided: (operation, decision, request, under) => this.#decided(operation, decision, request, under),
      count: (decision) => this.#count(decision),
      lockedDown: () => this.#lockedDown(),
      permitBrokenGlass,
      proceed: (operation, judged, approval) => this.#proceed(operation, judged, approval),
      goOn: (operation, judged, leave, waited) => this.#goOn(operation, judged, leave, waited),
    })
  }

  judge(operation: Operation): void {
    const judged = unlessDoomed(operation, this.#withinLimits(operation, this.#decide(operation)))
    const { decision, why, exceeded } = judged
    const preparing = operation.phase === 'prepare'
    // Preparing runs nothing: what is held is held when it is to run.
    if (decision.outcome === 'hold' && !preparing) return this.#holding.hold(operation, judged)
    if (!preparing || decision.outcome === 'deny') {
      this.#count(decision)
      this.#decided(operation, decision)
      if (exceeded !== undefined) this.#context.journal.exceeded(operation, exceeded)
    }
    if (decision.outcome === 'deny') return this.#refuse(operation, decision, why)
    this.#proceed(operation, judged)
  }

  held(): boolean {
    return this.#holding.held()
  }

  withdraw(why: Withdrawal): boolean {
    return this.#holding.withdraw(why)
  }

  policyChanged(): void {
    this.#holding.policyChanged()
  }

  end(why: Withdrawal): void {
    this.#holding.end(why)
  }

  #decide(operation: Operation): Judged {
    const { deps, principal, resource } = this.#context
    const began = performance.now()
    const policy = deps.policy()
    const byPolicy = policy.judge(principal, resource, operation, this.#context.circumstances())
    deps.metrics.stage('policy', (performance.now() - began) / 1000)
    const decision =
      byPolicy.outcome === 'deny' ? byPolicy : underMasks(byPolicy, operation, this.#context.masks())
    return { policy, byPolicy, decision }
  }

  /** Masks may have held what the policy allows: the permit is the policy's, the approval that of the whole. */
  #permit({ policy, byPolicy }: Judged, operation: Operation, approval?: ApprovalRequest): Permit {
    if (byPolicy.outcome !== 'hold' || approval === undefined) return policy.permit(byPolicy, operation)
    const shape = approval.granted === undefined ? undefined : this.#context.shapeOf(operation)
    return policy.permit(byPolicy, operation, approval, shape)
  }

  /** Where nothing is left, nothing is asked of the server, nor of reviewers. */
  #withinLimits(operation: Operation, judged: Judged): Judged {
    const { decision } = judged
    if (decision.outcome === 'deny' || operation.phase === 'prepare') return judged
    const usedUp = this.#context.limits.usedUp(operation, decision.obligations)
    if (usedUp === undefined) return judged
    const { refusal } = usedUp
    return { ...judged, decision: denied(decision, refusal), why: refusal.code, exceeded: usedUp }
  }

  #proceed(operation: Operation, judged: Judged, approval?: ApprovalRequest): void {
    this.#goOn(operation, judged, this.#permit(judged, operation, approval), approval !== undefined)
  }

  #goOn(operation: Operation, judged: Judged, leave: Permit, waited: boolean): void {
    const { limits } = this.#context
    const { obligations } = judged.decision
    const meter = obligations && limits.meter(obligations, (what) => this.#exceeded(operation, what))
    const stands = this.#standing(operation, judged)
    // Of every statement: no spreads but for those that something limits, or that waited.
    if (!waited && meter === undefined && stands === undefined)
      return this.#context.resume({ kind: 'proceed', permit: leave })
    const more = { ...(waited && { waited }), ...(meter && { meter }), ...(stands && { stands }) }
    this.#context.resume({ kind: 'proceed', permit: leave, ...more })
  }

  #exceeded(operation: Operation, what: Exceeded): void {
    const { code, message } = what.refusal
    this.#context.deps.metrics.error(code)
    this.#context.log.warn({ sequence: operation.sequence }, message)
    this.#context.journal.exceeded(operation, what)
  }

  /**
   * Of what is refused nothing is shown, and the masks may be what cannot be had.
   * @param under the masks that it was judged under, where that was a while ago
   */
  #decided(operation: Operation, decision: Decision, request?: string, under?: Masker): void {
    const masks =
      decision.outcome === 'deny' ? undefined : (under ?? this.#context.masks()).touched(operation.facts)
    this.#context.journal.decided(operation, decision, { request, masks })
  }

  #lockedDown(): Refusal | undefined {
    const { deps, principal, resource } = this.#context
    return refusalIn(deps.policy(), principal, resource)
  }

  #count(decision: Decision): void {
    countDecision(this.#context.deps.metrics, this.#context.resource, decision)
  }

  /**
   * A portal may be executed, or go on, when the hours of its rules are over, or an hour's limits used up; and what is prepared
   * may be prepared again.
   */
  #standing(operation: Operation, judged: Judged): (() => boolean) | undefined {
    const { decision, policy } = judged
    if (operation.phase === 'query') return undefined
    const { principal, resource, limits } = this.#context
    if (!policy.hasHours(principal, resource) && !limits.areShared(decision.obligations)) return undefined
    return () => {
      const now = this.#anew(operation, judged)
      return !('refusal' in now) && sameLimits(now.decision, decision)
    }
  }

  #refuse(operation: Operation, decision: Decision, why?: ErrorCode): void {
    const incomplete = operation.facts.statements.some((statement) => statement.incomplete !== undefined)
    const code = why ?? (decision.lockdown ? 'locked-down' : incomplete ? 'not-understood' : 'denied')
    this.#context.deps.metrics.error(code)
    this.#context.resume({
      kind: 'refused',
      refusal: { code, message: decision.reason, ...(decision.hint ? { hint: decision.hint } : {}) },
    })
  }

  /**
   * What was decided then, as it is decided now: the policy may have changed meanwhile, the time of day, or what limits
   * leave. What the reviewers were asked must still be what is to be decided.
   */
  #anew(operation: Operation, { decision }: Judged): Judged | Obstacle {
    if (this.#context.deps.policy().version !== decision.policyVersion)
      return { refusal: POLICY_CHANGED, forGood: true }
    const now = this.#withinLimits(operation, this.#decide(operation))
    if (now.exceeded !== undefined) return now.exceeded
    const locked = this.#lockedDown()
    if (locked !== undefined) return { refusal: locked }
    if (now.decision.outcome === 'allow') return now
    return now.decision.outcome === 'hold' && sameHold(now.decision, decision)
      ? now
      : { refusal: POLICY_CHANGED }
  }
}

function permitBrokenGlass({ policy, byPolicy }: Judged, operation: Operation): Permit {
  return byPolicy.outcome === 'hold'
    ? policy.permitBrokenGlass(byPolicy, operation)
    : policy.permit(byPolicy, operation)
}
