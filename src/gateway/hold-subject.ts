// What exactly is asked for: the subject of a request for approval (invariant 6), and what its reviewers are shown.
import { createHash } from 'node:crypto'
import type { ApprovalInput } from '../approvals/contract.ts'
import type { ApprovalSubject } from '../core/approval.ts'
import { toldBehind } from '../core/behind.ts'
import type { Decision } from '../core/decision.ts'
import type { HoldTerms } from '../core/hold-terms.ts'
import type { Masker } from '../core/masking.ts'
import type { Operation, Reached } from '../core/operation.ts'
import { aliasesOf, type Principal, principalId } from '../core/principal.ts'
import { toldFunctions } from '../core/routine.ts'
import { isTemporarySchema } from '../core/search-path.ts'
import { sessionReasonOf, statedOf } from '../core/stated.ts'
import { toldMasks } from '../core/told-masks.ts'
import { toldNames } from '../core/told-names.ts'

export interface HoldRequest {
  readonly session: string
  readonly resource: string
  readonly database: string
  /** login of the target */
  readonly user: string
  readonly principal: Principal
  readonly operation: Operation
  readonly decision: Decision
  /** in force for who asks */
  readonly masker: Pick<Masker, 'masks' | 'told'>
  /** of the operation (Protocol.shapeOf) */
  readonly shape: string | undefined
}

export function termsOf({ hold }: Pick<Decision, 'hold'>): HoldTerms {
  if (!hold) throw new Error('invariant: a hold without its terms')
  return hold
}

export function subjectOf(hold: HoldRequest): ApprovalSubject {
  const { resource, database, user, principal, operation, decision, masker, shape } = hold
  const { facts, role, sequence } = operation
  const sessionReason = sessionReasonOf(operation)
  return {
    ...{ resource, database, user },
    principal: principalId(principal),
    text: operation.text,
    parameters: operation.parameters,
    fingerprint: facts.fingerprint,
    policyVersion: decision.policyVersion,
    heldBy: heldBy(decision, operation.reached ?? [], masker.masks),
    ...(role === undefined ? {} : { role: role === 'any' ? 'not known' : role.name }),
    ...(canBeToldAnywhere(operation) ? {} : { only: `${hold.session}:${sequence}` }),
    ...(sessionReason === undefined ? {} : { sessionReason }),
    ...(shape === undefined ? {} : { shape }),
  }
}

/** An approval that is used later, or elsewhere, has to be for what means the same there. */
function canBeToldAnywhere({ facts, role, reached = [] }: Operation): boolean {
  const isTemporary =
    facts.statements.some(({ accesses }) =>
      accesses.some(({ relation }) => isTemporarySchema(relation?.schema)),
    ) || reached.some(({ from }) => isTemporarySchema(from.schema))
  return role !== 'any' && facts.path !== 'any' && facts.ofSession === undefined && !isTemporary
}

/**
 * Reviewers under other rules, or other terms, have not approved it. Nor what a view shows by now, or a function of the name
 * that belongs to somebody else: what the catalog says of the statement is a part of what was judged. Nor values that a mask
 * hid: the same person may come back in a group that it excepts.
 */
function heldBy(decision: Decision, reached: readonly Reached[], masks: readonly string[]): string {
  // Who is told, and how long the client waits, is no matter of theirs.
  const { notify: _, wait: __, ...terms } = termsOf(decision)
  const rules = decision.hits.filter(({ shadow }) => !shadow).map(({ rule }) => rule)
  return createHash('sha256')
    .update(JSON.stringify([terms, rules, reached.map((one) => JSON.stringify(one)).sort(), masks]))
    .digest('hex')
    .slice(0, 32)
}

/** Would the same be asked, of the same reviewers, now? */
export function sameHold(now: Decision, then: Decision): boolean {
  return (
    JSON.stringify([now.hold, now.hits.map(({ rule }) => rule)]) ===
    JSON.stringify([then.hold, then.hits.map(({ rule }) => rule)])
  )
}

export function inputOf(hold: HoldRequest, subject: ApprovalSubject): ApprovalInput {
  const { decision, principal, operation, masker } = hold
  const stated = statedOf(operation)
  return {
    subject,
    session: hold.session,
    principalName: principal.name,
    principalKind: principal.kind,
    aliases: aliasesOf(principal),
    ...(stated === undefined ? {} : { stated: stated.reason }),
    accesses: operation.facts.statements.flatMap(({ accesses }) => accesses),
    ...toldNames(operation.facts),
    ...toldFunctions(decision),
    ...toldBehind(decision),
    ...toldMasks(masker.told(operation)),
    rules: [...new Set(decision.hits.filter((hit) => hit.outcome === 'hold').map((hit) => hit.rule))],
    terms: termsOf(decision),
  }
}
