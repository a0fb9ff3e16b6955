import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { HELD, judged, mask, masker, operation } from './judged.ts'

beforeAll(loadParser)

describe('a copy that is held', () => {
  it.each([
    'insert into other select ssn from customers',
    'update other set name = c.ssn from customers c where c.id = other.id',
    'create table other as select ssn from customers',
    'select ssn into other from customers',
    `insert into public.other select setval('s', ssn::bigint) from customers`,
    'merge into other o using customers c on o.id = c.id when matched then update set name = c.ssn',
    'insert into public.customers (id, ssn) select id, ssn from customers; insert into customers select * from public.customers',
  ])('says to which schema it goes: %s', (sql) => {
    expect(judged(sql, mask(HELD)).outcome).toBe('deny')
    expect(judged(sql, mask({ copies: 'allow' })).outcome).toBe('allow')
  })

  it.each<[string, { from: string; to: string }[]]>([
    [
      'insert into archive.people (a, b) select id, ssn from customers',
      [{ from: 'customers.ssn', to: 'archive.people.b' }],
    ],
    ['insert into archive.people select * from customers', [{ from: 'customers.*', to: 'archive.people.*' }]],
    [
      'update customers set (name, notes) = (ssn, upper(ssn))',
      [
        { from: 'customers.ssn', to: 'customers.name' },
        { from: 'customers.ssn', to: 'customers.notes' },
      ],
    ],
    [
      'create temp table "My ""Table" as select id, ssn || name as x from public.customers',
      [{ from: 'public.customers.ssn', to: 'pg_temp."My ""Table".x' }],
    ],
    [
      'select ssn, ssn as twice into archive.people from customers',
      [
        { from: 'customers.ssn', to: 'archive.people.ssn' },
        { from: 'customers.ssn', to: 'archive.people.twice' },
      ],
    ],
    [
      'create table archive.people (a, b) as select id, ssn from customers',
      [{ from: 'customers.ssn', to: 'archive.people.b' }],
    ],
    [
      'merge into archive.people o using customers c on o.id = c.id when not matched then insert (id, x) values (c.id, c.ssn)',
      [{ from: 'customers.ssn', to: 'archive.people.x' }],
    ],
    [
      'with a as (insert into archive.one (x) select ssn from customers) insert into archive.two (y) select upper(ssn) from customers',
      [
        { from: 'customers.ssn', to: 'archive.one.x' },
        { from: 'customers.ssn', to: 'archive.two.y' },
      ],
    ],
    ['prepare p as update customers set name = ssn', [{ from: 'customers.ssn', to: 'customers.name' }]],
    ['update customers set name = upper(name)', []],
  ])('tells who reviews it what goes where: %s', (sql, copies) => {
    const { copied = [] } = masker(mask(HELD)).told(operation(sql))
    expect(copied).toEqual(copies.map((one) => ({ mask: 'ssn', ...one })))
  })

  it('lists so many places as a request has room for', () => {
    const columns = Array.from({ length: 60 }, (_, n) => `c${n} = ssn`).join(', ')
    const { copied = [], moreCopied } = masker(mask(HELD)).told(operation(`update customers set ${columns}`))
    expect([copied.length, moreCopied, copied.at(-1)?.to]).toEqual([50, 1, 'customers.c49'])
  })
})
