// Two subjects are the same only if every field is (invariant 6).
import { createHash } from 'node:crypto'
import type { ApprovalSubject } from '../core/approval.ts'
import type { ParameterValue } from '../core/operation.ts'

function parameterFields(parameter: ParameterValue): readonly (string | number | null)[] {
  switch (parameter.kind) {
    case 'null':
      return ['null']
    case 'text':
      return ['text', parameter.value]
    case 'binary':
      return ['binary', parameter.hex, parameter.type ?? null]
  }
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
  ]
  return sha256(fields)
}

/** The same for subjects that differ in their literals and parameters only; undefined for what has no shape. */
export function shapeDigest(subject: ApprovalSubject): string | undefined {
  if (subject.shape === undefined || subject.only !== undefined) return undefined
  return sha256([
    subject.resource,
    subject.database ?? null,
    subject.principal,
    subject.shape,
    subject.policyVersion,
    subject.user ?? null,
    subject.role ?? null,
    subject.heldBy ?? null,
  ])
}

function sha256(fields: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}
