// Which masked columns reviewers are told of.
import { expect, it } from 'vitest'
import type { RelationName } from '../../../src/core/facts.ts'
import type { MaskedOperation } from '../../../src/core/operation.ts'
import { maskerOf } from '../../support/bridge.ts'

const MASKS = [
  { id: 'card', columns: ['public.orders.card', 'public.people.card'] },
  { id: 'names', columns: ['*.people.name'] },
].map((mask) => ({
  ...mask,
  resources: '*' as const,
  strategy: 'redact' as const,
  probes: 'refuse' as const,
  copies: 'refuse' as const,
}))

const reads = (...relations: RelationName[]): MaskedOperation => ({
  behind: [],
  facts: {
    fingerprint: 'f',
    statements: [
      {
        ...{ command: 'SELECT', columns: [], returnsRows: true, changes: [], references: [] },
        accesses: relations.map((relation) => ({ effect: 'read' as const, relation })),
      },
    ],
  },
})

const PEOPLE = [
  { mask: 'card', columns: ['public.people.card'] },
  { mask: 'names', columns: ['*.people.name'] },
]

it('are those over what it names, each with its mask', () => {
  const { told } = maskerOf(MASKS)
  expect(told(reads({ schema: 'public', name: 'people' }))).toEqual({ masked: PEOPLE })
  expect(told(reads({ schema: 'hr', name: 'people' }))).toEqual({ masked: [PEOPLE[1]] })
  expect(told(reads({ schema: 'public', name: 'products' }))).toEqual({})
})

it('are those of any schema where none is named', () => {
  expect(maskerOf(MASKS).told(reads({ name: 'people' }))).toEqual({ masked: PEOPLE })
})

it('are those behind its names, and all where that cannot be told', () => {
  const { told } = maskerOf(MASKS)
  const view = reads({ schema: 'public', name: 'everybody' })
  expect(told({ ...view, behind: [{ schema: 'public', name: 'people' }] })).toEqual({ masked: PEOPLE })
  expect(told({ ...view, opaque: true }).masked).toEqual([
    { mask: 'card', columns: ['public.orders.card', 'public.people.card'] },
    PEOPLE[1],
  ])
})

it('are fifty, and the number of the others', () => {
  const columns = Array.from({ length: 60 }, (_, n) => `public.people.c${n}`)
  const { masked, moreMasked } = maskerOf([
    { ...MASKS[0], id: 'many', columns } as (typeof MASKS)[number],
  ]).told(reads({ schema: 'public', name: 'people' }))
  expect(masked).toEqual([{ mask: 'many', columns: columns.slice(0, 50) }])
  expect(moreMasked).toBe(10)
})
