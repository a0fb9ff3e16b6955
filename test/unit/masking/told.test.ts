// Which masked columns reviewers are told of.
import { beforeAll, expect, it } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
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
        ...{ command: 'SELECT', returnsRows: true, changes: [], references: [] },
        columns: relations.map((relation) => ({ column: '*', relation, uses: ['output'] })),
        accesses: relations.map((relation) => ({ effect: 'read' as const, relation })),
      },
    ],
  },
})

beforeAll(loadParser)
function factsOf(sql: string) {
  const result = createAnalyzer().analyze(sql)
  if (result.kind !== 'facts') throw new Error(result.kind)
  return result.facts
}

const PEOPLE = [
  { mask: 'card', columns: ['public.people.card'] },
  { mask: 'names', columns: ['*.people.name'] },
]

it('are those over what it names, each with its mask', () => {
  const masker = maskerOf(MASKS)
  expect(masker.told(reads({ schema: 'public', name: 'people' }))).toEqual({ masked: PEOPLE })
  expect(masker.told(reads({ schema: 'hr', name: 'people' }))).toEqual({ masked: [PEOPLE[1]] })
  expect(masker.told(reads({ schema: 'public', name: 'products' }))).toEqual({})
})

it.each<[string, readonly string[]]>([
  ['select id from public.people', []],
  ['select count(*) from public.people', []],
  ['select name from public.people', ['*.people.name']],
  ['select id from public.people where card = $1', ['public.people.card']],
  ['update public.people set name = $1 where id = 1', ['*.people.name']],
  ['insert into public.people (id, card) values (1, $1)', ['public.people.card']],
  ['insert into public.people values (1, $1)', ['public.people.card', '*.people.name']],
  ['select * from public.people', ['public.people.card', '*.people.name']],
  ['select p from public.people p', ['public.people.card', '*.people.name']],
  ['table public.people', ['public.people.card', '*.people.name']],
  ['delete from public.people where id = 1', ['public.people.card', '*.people.name']],
  [
    'select o.id, (select name from public.people p where p.id = o.id) from public.orders o',
    ['*.people.name'],
  ],
  ['with x as (select card as c, id from public.people) select id from x', ['public.people.card']],
  ['copy public.people (id, name) from stdin', ['*.people.name']],
  ['prepare s as select name from public.people', ['*.people.name']],
])('of %s they are those that it reads or writes', (sql, columns) => {
  const { masked = [] } = maskerOf(MASKS).told({ behind: [], facts: factsOf(sql) })
  expect(masked.flatMap((one) => one.columns).sort()).toEqual([...columns].sort())
})

it('are those that a generated column is computed from', () => {
  const facts = factsOf('select initials from public.people')
  const generated = [{ column: 'initials', from: ['name'] }]
  expect(maskerOf(MASKS).told({ behind: [], facts, generated })).toEqual({ masked: [PEOPLE[1]] })
})

it('are those of any schema where none is named', () => {
  expect(maskerOf(MASKS).told(reads({ name: 'people' }))).toEqual({ masked: PEOPLE })
})

it('are those behind its names, and all where that cannot be told', () => {
  const masker = maskerOf(MASKS)
  const view = reads({ schema: 'public', name: 'everybody' })
  expect(masker.told({ ...view, behind: [{ schema: 'public', name: 'people' }] })).toEqual({ masked: PEOPLE })
  expect(masker.told({ ...view, opaque: true }).masked).toEqual([
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
