// Two subjects are the same only if every field is (invariant 6).
import { createHash } from 'node:crypto'
import type { ApprovalSubject } from '../core/approval.ts'
import type { ParameterValue } from '../core/operation.ts'

function parameterFields(parameter: ParameterValue): readonly (string | number | null)[] {
  switch (parameter.kind) {
    case 'null':
      return ['null', parameter.type ?? null]
    case 'text':
      return ['text', parameter.value, parameter.type ?? null]
    case 'binary':
      return ['binary', parameter.hex, parameter.type ?? null]
  }
}

/** int8, int2 and int4: drivers choose the one that the value fits into. */
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23])

/** What operators and functions are chosen by. */
function parameterType({ type }: ParameterValue): number | string | null {
  if (type === undefined) return null
  return INTEGERS.has(type) ? 'integer' : type
}

/** SHA-256, hex, of all fields in a fixed order. JSON keeps them apart: no two subjects have the same text. */
export function subjectDigest(subject: ApprovalSubject): string {
  const fields = [
    subject.resource,
    subject.database ?? null,
    subject.principal,
    subject.text,
    subject.parameters.map(parameterFields),
    subject.fingerprint,
    subject.policyVersion,
    subject.user ?? null,
    subject.role ?? null,
    subject.heldBy ?? null,
    subject.only ?? null,
    // Requests of before know nothing of it.
    ...(subject.sessionReason === undefined ? [] : [{ sessionReason: subject.sessionReason }]),
  ]
  return sha256(fields)
}

/** The same for subjects that differ in their literals and the values of parameters only; undefined for what has no shape. */
export function shapeDigest(subject: ApprovalSubject): string | undefined {
  if (subject.shape === undefined || subject.only !== undefined) return undefined
  return sha256([
    subject.resource,
    subject.database ?? null,
    subject.principal,
    subject.shape,
    subject.parameters.map(parameterType),
    subject.policyVersion,
    subject.user ?? null,
    subject.role ?? null,
    subject.heldBy ?? null,
  ])
}

function sha256(fields: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}
