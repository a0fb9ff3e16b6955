// Who gets a permit: an operation that a decision of this policy allows, or that was approved as exactly what it is.
import type { ApprovalRequest } from '../core/approval.ts'
import type { Decision } from '../core/decision.ts'
import type { Facts } from '../core/facts.ts'
import type { Operation, ParameterValue } from '../core/operation.ts'
import { issuePermit, type Permit } from '../core/permit-issuer.ts'
import { sessionReasonOf, statedIn } from '../core/stated.ts'

/** What a decision was about. Decisions are shared between equal operations, so it is the facts that count. */
export interface JudgedAs {
  readonly facts: Facts
  readonly phase: Operation['phase']
  readonly reached: Operation['reached'] | undefined
  readonly resource: string
  /** principalId of who asked */
  readonly principal: string
  /** they may go on without an approval, by saying so */
  readonly breaksGlass: boolean
}

/** An approval, with the shape of the operation that it is to be used for. */
export interface Leave {
  readonly approval: ApprovalRequest
  readonly shape: string | undefined
}

/** @throws Error unless the decision allows the operation, or holds it and the approval was consumed for it */
export function permitFor(
  decision: Decision,
  judged: JudgedAs | undefined,
  operation: Operation,
  leave?: Leave,
): Permit {
  const about = judgedAs(judged, operation)
  if (decision.outcome === 'allow') return issuePermit(operation)
  if (decision.outcome === 'hold' && leave !== undefined && isFor(leave, decision, about, operation)) {
    return issuePermit(operation)
  }
  throw new Error('invariant: a permit was asked for without leave')
}

/** @throws Error unless the decision holds the operation of somebody who may break the glass, and says so in it */
export function permitBrokenGlass(
  decision: Decision,
  judged: JudgedAs | undefined,
  operation: Operation,
): Permit {
  const { breaksGlass } = judgedAs(judged, operation)
  if (decision.outcome === 'hold' && breaksGlass && statedIn(operation.text)?.breakGlass === true) {
    return issuePermit(operation)
  }
  throw new Error('invariant: a permit was asked for without leave')
}

function judgedAs(judged: JudgedAs | undefined, operation: Operation): JudgedAs {
  if (judged === undefined) throw new Error('invariant: a decision that this policy did not make')
  const { facts, phase, reached } = operation
  if (judged.facts !== facts || judged.phase !== phase || judged.reached !== reached) {
    throw new Error('invariant: a decision about another operation')
  }
  return judged
}

/** Invariant 6: for exactly what was asked, and used up. */
function isFor(
  { approval, shape }: Leave,
  decision: Decision,
  judged: JudgedAs,
  operation: Operation,
): boolean {
  return (
    approval.state === 'consumed' &&
    approval.resource === judged.resource &&
    approval.principal === judged.principal &&
    approval.policyVersion === decision.policyVersion &&
    (isExactly(approval, operation) || isInWindow(approval, shape))
  )
}

function isExactly(approval: ApprovalRequest, operation: Operation): boolean {
  const { text, facts, parameters } = operation
  return (
    approval.text === text &&
    approval.sessionReason === sessionReasonOf(operation) &&
    approval.fingerprint === facts.fingerprint &&
    sameParameters(approval.parameters, parameters)
  )
}

function isInWindow({ granted, shape: approved }: ApprovalRequest, shape: string | undefined): boolean {
  return granted !== undefined && shape !== undefined && approved === shape
}

function sameParameters(a: readonly ParameterValue[], b: readonly ParameterValue[]): boolean {
  return a.length === b.length && a.every((value, index) => parameterKey(value) === parameterKey(b[index]))
}

function parameterKey(value: ParameterValue | undefined): string {
  switch (value?.kind) {
    case undefined:
      return 'none'
    case 'null':
      return `null:${value.type ?? ''}`
    case 'text':
      return `text:${value.type ?? ''}:${value.value}`
    case 'binary':
      return `binary:${value.type ?? ''}:${value.hex}`
  }
}
