import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { subjectDigest } from '../../../src/approvals/subject.ts'
import type { ApprovalSubject } from '../../../src/core/approval.ts'
import { subject } from '../../support/approvals-values.ts'

const parameter = fc.oneof(
  fc.constant({ kind: 'null' as const }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary', maxLength: 6 }) }),
  fc.record(
    { kind: fc.constant('binary' as const), hex: fc.constantFrom('', '00', '0001'), type: fc.nat(3) },
    { requiredKeys: ['kind', 'hex'] },
  ),
)
// Short texts of few characters, among them those that could blur two fields.
const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '[', ']', '\\', '\ud800'), maxLength: 4 })
const subjects: fc.Arbitrary<ApprovalSubject> = fc.record(
  {
    resource: text,
    database: text,
    principal: text,
    text,
    parameters: fc.array(parameter, { maxLength: 3 }),
    fingerprint: text,
    policyVersion: text,
  },
  { requiredKeys: ['resource', 'principal', 'text', 'parameters', 'fingerprint', 'policyVersion'] },
)

describe('a subject’s digest', () => {
  it('is the same exactly when every field is', () => {
    const equal = (a: unknown, b: unknown) => {
      try {
        expect(a).toStrictEqual(b)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(subjects, subjects, (a, b) => (subjectDigest(a) === subjectDigest(b)) === equal(a, b)),
      { numRuns: 300 },
    )
  })

  it('changes when a character moves from one field to the next', () => {
    const digests = [
      { resource: 'ab', principal: 'c' },
      { resource: 'a', principal: 'bc' },
      { resource: 'a', database: 'b', principal: 'c' },
      { resource: 'a","b', principal: 'c' },
      { resource: 'a', principal: 'b","c' },
    ].map((parts) => subjectDigest(subject(parts)))
    expect(new Set(digests).size).toBe(5)
  })

  it('tells NULL from the text NULL, the empty text and no parameter', () => {
    const digests = [
      [],
      [{ kind: 'null' as const }],
      [{ kind: 'text' as const, value: 'NULL' }],
      [{ kind: 'text' as const, value: 'null' }],
      [{ kind: 'text' as const, value: '' }],
      [{ kind: 'binary' as const, hex: '' }],
      [{ kind: 'binary' as const, hex: '', type: 0 }],
    ].map((parameters) => subjectDigest(subject({ parameters })))
    expect(new Set(digests).size).toBe(7)
  })

  it('does not depend on the order in which an object’s members were made', () => {
    const { resource, ...rest } = subject()
    expect(subjectDigest({ ...rest, resource })).toBe(subjectDigest(subject()))
  })
})
