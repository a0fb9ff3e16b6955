import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import type { MaskRule } from '../../../src/masking/masker.ts'
import { judged as judgedBy, mask } from './judged.ts'

beforeAll(loadParser)

const judged = (sql: string, more: Partial<MaskRule>, of?: Partial<SqlOperation>) =>
  judgedBy(sql, mask({ probes: 'refuse', ...more }), of)

describe('a change of its own table in which a masked column is only a condition', () => {
  const CONDITIONS = [
    `update customers set name = 'x' where ssn = '5'`,
    `update customers set name = upper(name) where ssn > '5' returning ssn`,
    `update customers set ssn = '6' where ssn = '5'`,
    `insert into customers (id, ssn) values (1, '5') on conflict (ssn) do nothing`,
    `insert into customers (id, ssn) values (1, '5') on conflict (ssn) do update set name = excluded.name`,
    `insert into customers (id) values (1) on conflict (id) do update set name = 'x' where customers.ssn = '5'`,
    `merge into customers c using (values ('5')) v (g) on c.ssn = v.g when matched then update set name = 'x'`,
    `merge into customers c using (values ('5')) v (g) on c.ssn = v.g when matched then delete`,
    `delete from customers where ssn = '5'`,
  ]

  it.each(CONDITIONS)('is refused as a probe by default: %s', (sql) => {
    expect(judged(sql, {})).toMatchObject({
      outcome: 'deny',
      reason: 'The masked column "ssn" decides which rows or branches count (mask ssn).',
    })
  })

  it.each(CONDITIONS)('waits where probes are held: %s', (sql) => {
    expect(judged(sql, { probes: 'hold', approvers: ['dba'] })).toMatchObject({
      outcome: 'hold',
      hold: { approvers: ['dba'] },
    })
  })

  it.each(CONDITIONS)('runs where probes are allowed: %s', (sql) => {
    expect(judged(sql, { probes: 'allow' }).outcome).toBe('allow')
  })
})

describe('leave to probe is no leave to store', () => {
  it.each([
    `update customers set name = ssn where ssn = '5'`,
    `update customers set name = case when ssn > '5' then 'a' else 'b' end`,
    `update customers set name = (ssn > '5')::text`,
    `update customers set name = customers.ssn from other where other.id = customers.id`,
    `update customers set (name, notes) = (select ssn, ssn from customers)`,
    `update customers c set name = c::text`,
    `insert into customers (id, name) select id + 100, ssn from customers where ssn = '5'`,
    `insert into customers (id, name) values (1, 'x') on conflict (id) do update set name = customers.ssn`,
    `insert into customers (id, ssn) values (1, 'x') on conflict (ssn) do update set name = excluded.ssn`,
    `merge into customers c using (values ('5')) v (g) on c.ssn = v.g when matched then update set name = c.ssn`,
    `merge into customers c using (values ('5')) v (g) on c.ssn = v.g when not matched then insert (id, name) values (9, (select ssn from customers limit 1))`,
    `with d as (delete from customers where ssn = '5' returning ssn) insert into customers (id, name) select 9, ssn from d`,
    `with u as (update customers set name = 'x' where ssn = '5' returning ssn) insert into other select ssn from u`,
    `update other set total = 2 from customers c where c.id = other.id and c.ssn = '5'`,
    `insert into other select id, name from customers where ssn = '5'`,
    `merge into other o using customers c on o.id = c.id and c.ssn = '5' when matched then update set total = 2`,
    `create table other as select id, name from customers where ssn = '5'`,
  ])('%s', (sql) => {
    expect(judged(sql, { probes: 'allow' }).outcome).toBe('deny')
    expect(judged(sql, { probes: 'hold', approvers: ['dba'] }).outcome).toBe('deny')
  })

  it('nor what is computed of a masked column and stored beside it', () => {
    const generated = [{ column: 'code', from: ['ssn'] }]
    expect(judged('update customers set name = code', { probes: 'allow' }, { generated }).outcome).toBe(
      'deny',
    )
  })

  it.each([
    `update shown set name = s`,
    `insert into shown (id, name) values (1, 'x') on conflict (id) do update set name = shown.s`,
    `merge into shown c using (values (1)) v (g) on c.id = v.g when matched then update set name = c.s`,
    `insert into shown (id, name) select id + 100, s from shown`,
  ])('nor under another name in a view, of which the same mask names further columns: %s', (sql) => {
    const behind = [{ schema: 'public', name: 'customers' }]
    const view = { behind, renaming: [{ name: 'shown' }] }
    for (const probes of ['refuse', 'allow'] as const)
      expect(judged(sql, { columns: ['*.*.ssn'], probes }, view).outcome).toBe('deny')
  })
})
