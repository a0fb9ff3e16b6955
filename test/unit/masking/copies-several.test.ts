import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import type { MaskRule } from '../../../src/masking/masker.ts'
import { HELD, judged, judgedBy, mask } from './judged.ts'

beforeAll(loadParser)

describe('several masks', () => {
  const of = (sql: string, ...rules: MaskRule[]) => judgedBy(rules, sql).outcome
  const card = (more: Partial<MaskRule> = {}) =>
    mask({ id: 'card', columns: ['public.customers.card'], ...more })
  const hr = (more: Partial<MaskRule> = {}) => mask({ id: 'pay', columns: ['hr.staff.pay'], ...more })

  it.each([
    'insert into public.other select ssn from customers',
    'insert into public.other select card, ssn from customers',
    'insert into public.other select * from customers',
    'insert into public.other select c from customers c',
    'insert into public.other select card from customers c (id, card)',
    'insert into public.other select card || (select max(ssn) from customers) from customers',
    'insert into public.other select case when ssn is null then card end from customers',
    'update customers set card = ssn',
    'update customers set card = ssn, ssn = card',
    'insert into public.other select card from (select ssn as card from customers) c',
    'insert into public.other select card from customers union all select ssn from customers',
    'with customers as (select ssn as card from customers) insert into public.other select card from customers',
    'insert into customers (id, card) values (1, 2) on conflict (id) do update set name = excluded.card, notes = customers.ssn',
    'select row_to_json(c) into public.other from customers c',
  ])('one that refuses refuses, beside one that allows: %s', (sql) => {
    expect(of(sql, mask(), card({ copies: 'allow' }))).toBe('deny')
    expect(of(sql, card({ copies: 'allow' }), mask())).toBe('deny')
    expect(of(sql, mask({ copies: 'refuse' }), card(HELD))).toBe('deny')
  })

  it.each([
    'insert into public.other select card from customers',
    'update customers set name = card',
    'create table public.other as select id, card from customers',
  ])('columns of the one that allows are stored: %s', (sql) => {
    expect(of(sql, mask(), card({ copies: 'allow' }))).toBe('allow')
    expect(of(sql, mask(), card(HELD))).toBe('hold')
  })

  it('one that holds holds, beside one that allows', () => {
    const sql = 'insert into public.other select ssn, card from customers'
    expect(of(sql, mask(HELD), card({ copies: 'allow' }))).toBe('hold')
  })

  it('of two on one column the stricter counts', () => {
    const sql = 'insert into public.other select ssn from customers'
    for (const column of ['public.customers.ssn', 'public.*.ssn', '*.*.*']) {
      const other = (more: Partial<MaskRule>) => mask({ id: 'b', columns: [column], ...more })
      expect(of(sql, mask({ copies: 'allow' }), other({}))).toBe('deny')
      expect(of(sql, mask({ copies: 'allow' }), other(HELD))).toBe('hold')
      expect(of(sql, mask(HELD), other({}))).toBe('deny')
    }
  })

  it.each([
    `update shown set name = s`,
    `insert into shown (id, name) values (1, 'x') on conflict (id) do update set name = shown.s`,
    `merge into shown c using (values (1)) v (g) on c.id = v.g when matched then update set name = c.s`,
    `insert into shown (id, name) select id + 100, s from shown`,
    `insert into public.other select name from shown`,
  ])('a column of a view may be any of those behind it, also where masks have wildcards: %s', (sql) => {
    const view = { behind: [{ schema: 'public', name: 'customers' }], renaming: [{ name: 'shown' }] }
    const ssn = mask({ columns: ['*.*.ssn'] })
    const other = card({ columns: ['*.*.card'], copies: 'allow' })
    expect(judgedBy([ssn, other], sql, view).outcome).toBe('deny')
    expect(judgedBy([ssn], sql, view).outcome).toBe('deny')
    expect(judgedBy([other], sql, view).outcome).toBe('allow')
  })

  it('nothing is stored of a table whose own masks say nothing of copies', () => {
    const sql = 'insert into public.other select c.card, s.id from customers c join hr.staff s on s.id = c.id'
    expect(of(sql, card({ copies: 'allow' }), hr())).toBe('deny')
    expect(of(sql, card({ copies: 'allow' }), hr({ copies: 'allow' }))).toBe('allow')
  })

  it('without approvers in common nobody can approve', () => {
    const sql = 'insert into public.other select ssn, card from customers'
    expect(of(sql, mask(HELD), card({ copies: 'hold', approvers: ['privacy'] }))).toBe('deny')
  })
})

describe('what stands behind a name counts', () => {
  const customers = { schema: 'public', name: 'customers' }
  const view = { behind: [customers], renaming: [{ name: 'v' }] }
  const generated = [{ column: 'code', from: ['ssn'] }]

  it.each<[string, string, Partial<SqlOperation>]>([
    ['a view may show the column under any name', 'insert into public.other select x from v', view],
    ['a view that is written to', 'update v set x = y', view],
    [
      'a child has the columns of its parent',
      'insert into public.other select ssn from v',
      { behind: [customers] },
    ],
    ['a generated column', 'insert into public.other select code from customers', { generated }],
  ])('%s', (_, sql, more) => {
    expect(judged(sql, mask(), more).outcome).toBe('deny')
    expect(judged(sql, mask({ copies: 'allow' }), more).outcome).toBe('allow')
    const card = mask({ id: 'card', columns: ['public.customers.card'], copies: 'allow' })
    expect(judgedBy([mask(), card], sql, more).outcome).toBe('deny')
  })

  it.each<[string, string, Partial<SqlOperation>]>([
    ['what cannot be told', 'insert into public.other select x from v', { ...view, opaque: true }],
    ['a catalog that did not tell', 'insert into public.other select x from v', { opaque: true }],
    [
      'a view of something unknown',
      'insert into public.other select x from v',
      { renaming: [{ name: 'v' }] },
    ],
    [
      'samples behind a view',
      'insert into public.other select x from v',
      { behind: [{ schema: 'pg_catalog', name: 'pg_stats' }], renaming: [{ name: 'v' }] },
    ],
    ['code that is not shown', 'insert into public.other select ssn from customers', { callsHidden: true }],
    [
      'names of somebody’s own',
      'insert into public.other select upper(ssn) from customers',
      { hidesCode: true },
    ],
  ])('%s is never stored', (_, sql, more) => {
    expect(judged(sql, mask({ copies: 'allow' }), more).outcome).toBe('deny')
    expect(judged(sql, mask(HELD), more).outcome).toBe('deny')
  })
})
