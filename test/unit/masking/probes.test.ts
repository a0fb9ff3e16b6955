import { describe, expect, it } from 'vitest'
import type { Decision } from '../../../src/core/decision.ts'
import type { ColumnUse } from '../../../src/core/facts.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import { Secret } from '../../../src/core/secret.ts'
import { underMasks } from '../../../src/gateway/under-masks.ts'
import { createMasker, type MaskRule } from '../../../src/masking/masker.ts'

const users = { schema: 'public', name: 'users' }
const mask = (column: string, more: Partial<MaskRule> = {}): MaskRule => ({
  id: `mask-of-${column}`,
  resources: '*',
  columns: [`public.users.${column}`],
  strategy: 'redact',
  probes: 'refuse',
  copies: 'refuse',
  ...more,
})
const held = (column: string, approvers: string[], more: Partial<MaskRule> = {}) =>
  mask(column, { probes: 'hold', approvers, ...more })
const masker = (...rules: MaskRule[]) => createMasker(rules, { key: () => new Secret('') }, 'app')

/** A statement on users that mentions these columns, all in the same use or uses. */
const using = (use: ColumnUse | ColumnUse[], ...columns: string[]): SqlOperation => ({
  kind: 'sql',
  sequence: 1,
  text: '',
  facts: {
    fingerprint: '',
    statements: [
      {
        command: 'SELECT',
        accesses: [{ effect: 'read', relation: users }],
        columns: columns.map((column) => ({ column, relation: users, uses: [use].flat() })),
        returnsRows: true,
        changes: [],
        references: [],
      },
    ],
  },
  phase: 'query',
  parameters: [],
  behind: [],
})

describe('a use of a masked column', () => {
  it.each<[ColumnUse, string | undefined]>([
    ['output', undefined],
    ['computed', undefined],
    ['written', undefined],
    ['fallible', 'refuse'],
    ['predicate', 'refuse'],
    ['sort', 'refuse'],
    ['group', 'refuse'],
    ['aggregate', 'refuse'],
    ['compare', 'refuse'],
    ['guarding', undefined],
  ])('%s: %s', (use, kind) => {
    expect(masker(mask('ssn')).verdict(using(use, 'ssn'))?.kind).toBe(kind)
  })

  it.each<[string, Partial<SqlOperation>, string | undefined]>([
    ['of an array or json', { shaped: ['ssn'] }, 'refuse'],
    ['of a type whose values all fit together', { shaped: ['tags'] }, undefined],
    ['whose type cannot be told', { shaped: ['*'] }, 'refuse'],
  ])('in a concatenation, of a column %s', (_, told, kind) => {
    const verdict = (column: string) =>
      masker(mask('ssn')).verdict({ ...using(['computed', 'shaped'], column), ...told })?.kind
    expect([verdict('ssn'), verdict('*')]).toEqual([kind, kind])
  })

  it.each<[string, readonly ColumnUse[], Partial<SqlOperation>, string | undefined]>([
    ['of a long number', ['converted'], { castable: [{ column: 'ssn', long: true }] }, 'refuse'],
    ['of a number', ['converted'], { castable: [{ column: 'ssn', long: false }] }, undefined],
    ['beside a long number', ['converted'], { castable: [{ column: 'tags', long: true }] }, undefined],
    ['whose type cannot be told', ['converted'], { castable: [{ column: '*', long: true }] }, 'refuse'],
    [
      'with which is computed, of a number',
      ['recast'],
      { castable: [{ column: 'ssn', long: false }] },
      'refuse',
    ],
    ['with which is computed, of a text', ['recast'], {}, undefined],
  ])('beside values of another type, of a column %s', (_, uses, told, kind) => {
    const operation = { ...using(['computed', ...uses], 'ssn'), ...told }
    expect(masker(mask('ssn')).verdict(operation)?.kind).toBe(kind)
  })

  it.each([
    ['number', { name: 't' }, 'refuse'],
    ['name', { name: 't' }, undefined],
    ['of_the_catalog', { schema: 'pg_catalog', name: 'pg_class' }, 'refuse'],
  ] as const)('in COALESCE with a column that may have to become a number (%s)', (column, relation, kind) => {
    const operation = using(['computed', 'guarding'], 'ssn')
    const [statement] = operation.facts.statements
    const columns = [...(statement?.columns ?? []), { column, relation, uses: ['lazy' as const] }]
    const statements = statement === undefined ? [] : [{ ...statement, columns }]
    const facts = { ...operation.facts, statements }
    const castable = [{ column: 'number', long: false }]
    expect(masker(mask('ssn')).verdict({ ...operation, facts, castable })?.kind).toBe(kind)
  })

  it.each([
    [true, 'refuse'],
    [undefined, undefined],
  ] as const)('in COALESCE with another column, where that may be computed (%s): %s', (computes, kind) => {
    const operation = { ...using(['computed', 'guarding'], 'ssn'), ...(computes && { computes }) }
    expect(masker(mask('ssn')).verdict(operation)?.kind).toBe(kind)
  })

  it('is told as a condition where it is one, though its operator may fail as well', () => {
    const verdict = masker(mask('ssn')).verdict(using(['fallible', 'predicate'], 'ssn'))
    expect(verdict).toMatchObject({ refusal: { message: expect.stringContaining('decides which rows') } })
  })

  it('is no probe where the column is another one', () => {
    expect(masker(mask('ssn')).verdict(using('predicate', 'id'))).toBeUndefined()
  })

  it('is a probe where any column may be meant', () => {
    expect(masker(mask('ssn')).verdict(using('predicate', '*'))?.kind).toBe('refuse')
  })

  it('runs where the mask allows probes', () => {
    expect(masker(mask('ssn', { probes: 'allow' })).verdict(using('sort', 'ssn'))).toBeUndefined()
  })

  it('is refused where one of two masks refuses and the other allows or holds', () => {
    const refuses = mask('ssn')
    for (const other of [mask('ssn', { id: 'b', probes: 'allow' }), held('ssn', ['dba'], { id: 'b' })]) {
      expect(masker(refuses, other).verdict(using('sort', 'ssn'))?.kind).toBe('refuse')
      expect(masker(other, refuses).verdict(using('sort', 'ssn'))?.kind).toBe('refuse')
    }
  })

  it('is refused in words that name the column and the mask', () => {
    expect(masker(mask('ssn')).verdict(using('sort', 'ssn'))).toMatchObject({
      refusal: { message: 'The masked column "ssn" orders rows (mask mask-of-ssn).' },
    })
  })
})

const MINUTES = 60_000
const decision = (more: Partial<Decision> = {}): Decision => ({
  outcome: 'allow',
  hits: [],
  reason: 'the policy says so',
  policyVersion: '1',
  ...more,
})

describe('a probe that is held', () => {
  const both = masker(
    held('ssn', ['dba', 'privacy'], { quorum: 2, notify: ['mail'] }),
    held('card', ['privacy'], { expires_after: 5 * MINUTES }),
  )

  it('makes an allowed statement wait for those who may approve for every mask', () => {
    expect(underMasks(decision(), using('predicate', 'ssn', 'card'), both)).toMatchObject({
      outcome: 'hold',
      hold: { approvers: ['privacy'], quorum: 2, expiresAfter: 5 * MINUTES },
    })
  })

  it('is refused when the masks have no approvers in common', () => {
    const apart = masker(held('ssn', ['dba']), held('card', ['privacy']))
    expect(underMasks(decision(), using('predicate', 'ssn', 'card'), apart).outcome).toBe('deny')
  })

  it('is refused when the rule that holds the statement has no approvers in common with the mask', () => {
    const hold = { approvers: ['leads'], quorum: 1, expiresAfter: MINUTES }
    const refused = underMasks(decision({ outcome: 'hold', hold }), using('sort', 'ssn'), both)
    expect(refused.outcome).toBe('deny')
    expect(refused.hold).toBeUndefined()
  })

  it('asks as many as the stricter of rule and mask', () => {
    const hold = { approvers: ['dba'], quorum: 1, expiresAfter: MINUTES, notify: ['team'] }
    expect(underMasks(decision({ outcome: 'hold', hold }), using('sort', 'ssn'), both).hold).toEqual({
      approvers: ['dba'],
      quorum: 2,
      expiresAfter: MINUTES,
      notify: ['team', 'mail'],
    })
  })

  it('may be prepared, since nothing runs yet', () => {
    expect(underMasks(decision(), { ...using('sort', 'ssn'), phase: 'prepare' }, both).outcome).toBe('allow')
  })
})
