// An operation that is held: it waits for its approval, or its asker breaks the glass.
import { performance } from 'node:perf_hooks'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Decision } from '../core/decision.ts'
import type { Refusal } from '../core/errors.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation } from '../core/operation.ts'
import type { Permit } from '../core/permit.ts'
import { mayBreakGlass, statedIn } from '../core/stated.ts'
import { holdOutcome, stateOf } from './hold-outcome.ts'
import { heldNotice, type Withdrawal } from './hold-refusals.ts'
import { termsOf } from './hold-subject.ts'
import { type Hold, type HoldResult, type Obstacle, startHold } from './holds.ts'
import type { JudgeContext } from './judge-context.ts'
import type { Judged } from './judged.ts'

/** What an operation's judge does, whether it was held or not. */
export interface Judgement {
  /** What was decided then, as it is decided now. */
  anew(operation: Operation, then: Judged): Judged | Obstacle
  /** Keeps it. @param under the masks that it was judged under, where that was a while ago */
  decided(operation: Operation, decision: Decision, request?: string, under?: Masker): void
  count(decision: Decision): void
  lockedDown(): Refusal | undefined
  /** @throws Error unless its asker may break the glass */
  permitBrokenGlass(judged: Judged, operation: Operation): Permit
  proceed(operation: Operation, judged: Judged, approval: ApprovalRequest | undefined): void
  /** @param waited it waited for an approval */
  goOn(operation: Operation, judged: Judged, leave: Permit, waited: boolean): void
}

export interface Holding {
  /** Does an operation wait for an approval? */
  held(): boolean
  hold(operation: Operation, judged: Judged): void
  /** Withdraws the operation that waits. False when none does. */
  withdraw(why: Withdrawal): boolean
  /** Withdraws the operation that waits, if it was decided by other rules than are in force now, or a lockdown refuses it. */
  policyChanged(): void
  /** the session is over: nothing may be answered any more */
  end(why: Withdrawal): void
}

export function createHolding(context: JudgeContext, judgement: Judgement): Holding {
  const { deps, journal, principal, resource, database, resume } = context
  const { anew, decided, count, lockedDown, permitBrokenGlass, proceed, goOn } = judgement
  const { metrics } = deps
  let held: Hold | undefined
  let heldUnder: string | undefined
  let over = false

  function waiting(operation: Operation, decision: Decision, request: ApprovalRequest): void {
    journal.hold(operation, request.id, 'pending')
    journal.commit()
    const { message, hint } = heldNotice(request, decision, principal)
    context.tell(message, `${hint} ${deps.approvalsHint(request.id)}`)
  }

  /** Somebody who may go on without an approval does: everybody is to hear of it. */
  function breakTheGlass(operation: Operation, judged: Judged, reason: string): void {
    const { decision } = judged
    const leave = permitBrokenGlass(judged, operation)
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
    held: () => held !== undefined,
    hold,
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
