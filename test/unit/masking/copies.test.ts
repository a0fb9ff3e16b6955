import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { HELD, judged, mask } from './judged.ts'

beforeAll(loadParser)

/** They put a masked value where its mask does not reach. */
const COPIES = [
  'insert into public.other select ssn from customers',
  'insert into public.other select upper(ssn) from customers',
  'insert into public.other select * from customers',
  'insert into public.other table customers',
  'insert into public.other select c from customers c',
  'insert into public.other select row_to_json(c) from customers c',
  'insert into public.other select max(ssn) from customers',
  'insert into public.other select x from customers c (a, b, x)',
  'insert into public.other select s from (select ssn as s from customers) t',
  'insert into public.other select t.* from (select id, ssn from customers) t',
  'insert into public.other select u from customers, unnest(array[ssn]) u',
  'insert into public.other select x.name from customers c, lateral (select c.ssn as name) x',
  'insert into public.other select case when id = 1 then ssn end from customers',
  'insert into public.other select lag(ssn) over (order by id) from customers',
  'insert into public.other select json_object(array[name, ssn]) from customers',
  'insert into public.other values (1, (select ssn from customers limit 1))',
  'insert into public.other select ssn from other union all select ssn from customers',
  'with c as (select id, ssn as s from customers) insert into public.other select s from c',
  'with c as (delete from customers returning ssn) insert into public.other select ssn from c',
  'with recursive c (n, s) as (select 1, ssn from customers union all select n + 1, s from c where n < 3) insert into public.other select s from c',
  'insert into customers (id, name) select id + 100, ssn from customers',
  'insert into public.customers (id, ssn) select id, ssn from customers',
  'insert into customers (id, ssn) values (1, 2) on conflict (id) do update set ssn = excluded.ssn',
  'with moved as (delete from customers where id = 1 returning *) insert into public.other select * from moved',
  'update customers set data[ssn] = 1',
  'insert into customers (id, name) values (1, 2) on conflict (id) do update set name = excluded.ssn',
  'insert into customers (id, name) values (1, 2) on conflict (id) do update set name = customers.ssn',
  'update customers set name = ssn',
  `update customers set name = name || ssn where ssn > '5'`,
  `update customers set name = case when ssn > '5' then 'a' end`,
  'update customers set (name, notes) = (ssn, notes)',
  'update customers set (name, notes) = (select ssn, notes from customers c where c.id = 1)',
  'update public.other set name = c.ssn from customers c where c.id = other.id',
  'update public.other set name = (select ssn from customers c where c.id = other.id)',
  'update customers set name = old from (select ssn as old from customers) t',
  'merge into public.other o using customers c on o.id = c.id when matched then update set name = c.ssn',
  'merge into public.other o using customers c on o.id = c.id when not matched then insert values (c.id, c.ssn)',
  'merge into customers c using other o on o.id = c.id when matched then update set name = c.ssn',
  'create table public.other as select ssn from customers',
  'create temp table other as select * from customers',
  'create table if not exists public.other as table customers',
  'select ssn into public.other from customers',
  'select ssn into temp other from customers',
  'prepare p as insert into public.other select ssn from customers',
  'select 1; insert into public.other select ssn from customers',
]

/** They are refused whatever a mask says of copies: they give rows, stay behind as definitions, or are not told closely enough. */
const NEVER = [
  'insert into public.other select (c).ssn from customers c',
  'select ssn into public.other from customers union all select name from customers',
  'explain analyze create table public.other as select ssn from customers',
  'explain analyze insert into public.other select ssn from customers',
  'insert into public.other select ssn from customers returning *',
  'insert into public.other select ssn from customers returning 1',
  'update customers set name = ssn returning name',
  'update customers set name = ssn returning new.name',
  'merge into public.other o using customers c on o.id = c.id when matched then update set name = c.ssn returning o.name',
  'with c as (insert into public.other select ssn from customers returning name) select name from c',
  'with c as (insert into public.other select ssn from customers) select 1',
  'with c as (update customers set name = ssn returning name) insert into public.other select name from c returning 1',
  'prepare p as insert into public.other select ssn from customers returning name',
  `select setval('s', ssn::bigint) from customers`,
  'create materialized view public.other as select ssn from customers',
  'create view v as select ssn from customers',
  'create temp view v as select ssn from customers',
  'copy customers to stdout',
  'copy (select ssn from customers) to stdout',
  'copy (insert into public.other select ssn from customers returning name) to stdout',
  `copy customers to '/tmp/x'`,
  `copy customers to program 'cat'`,
  'select pg_notify(ssn, ssn) from customers',
  `select set_config('a.b', ssn, false) from customers`,
  'select lo_from_bytea(0, ssn::bytea) from customers',
  `do $$begin insert into public.other select ssn from customers; end$$`,
  'prepare p as select 1; create table public.other as execute p',
  'insert into public.other select own.copy(ssn) from customers',
  'alter table customers add column x text default 1',
  'alter table customers add column x text generated always as (ssn) stored',
  'alter table customers alter column name type text using ssn',
  'create table public.other (x text default (select ssn from customers))',
  'create rule r as on insert to customers do also insert into public.other select new.ssn',
  'create trigger t after insert on customers for each row execute function f()',
  'create policy p on public.other using (exists (select from customers where ssn = name))',
  'insert into public.other select most_common_vals::text from pg_stats',
  'create table public.other as select * from pg_statistic',
]

describe('a masked value is not stored elsewhere', () => {
  it.each([...COPIES, ...NEVER])('%s', (sql) => {
    for (const probes of ['refuse', 'allow'] as const)
      expect(judged(sql, mask({ probes })).outcome).toBe('deny')
    expect(judged(sql, mask({ probes: 'hold', approvers: ['dba'] })).outcome).toBe('deny')
  })

  it.each(COPIES)('unless the mask allows it: %s', (sql) => {
    expect(judged(sql, mask({ copies: 'allow' })).outcome).toBe('allow')
  })

  it.each(COPIES)('or holds it: %s', (sql) => {
    expect(judged(sql, mask(HELD))).toMatchObject({ outcome: 'hold', hold: { approvers: ['dba'] } })
  })

  it.each(NEVER)('nor where the mask allows or holds copies: %s', (sql) => {
    for (const copies of [{ copies: 'allow' as const }, HELD]) {
      expect(judged(sql, mask(copies)).outcome).toBe('deny')
    }
  })

  it('and the refusal names column and mask, the place, and the setting', () => {
    expect(judged('insert into archive (x, y) select id, ssn from customers', mask())).toMatchObject({
      reason: 'The masked column "ssn" would be stored in archive.y (mask ssn).',
      hint: expect.stringContaining('`copies: allow`'),
    })
  })
})

/** They store no masked column, and write where they do not read. */
const ELSEWHERE = [
  'insert into public.other select id, name from customers',
  'update public.other set name = c.name from customers c where c.id = other.id',
  'create table public.other as select id, name from customers',
  'select id into public.other from customers',
  'create temp table customers as select id from customers',
  'merge into public.other o using customers c on o.id = c.id when matched then update set name = c.name',
]

/** The same, where a masked column decides. */
const ELSEWHERE_IF = [
  `update public.other set total = 2 from customers c where c.id = other.id and c.ssn = '5'`,
  `update public.other set total = 2 where exists (select from customers where ssn = '5')`,
  `insert into public.other select id, name from customers where ssn = '5'`,
  `merge into public.other o using customers c on o.id = c.id and c.ssn = '5' when matched then update set total = 2`,
  `create table public.other as select id, name from customers where ssn = '5'`,
  `select id into public.other from customers where ssn = '5'`,
]

describe('what reads a table of masks, and stores other columns elsewhere', () => {
  it.each([...ELSEWHERE, ...ELSEWHERE_IF])('is refused where no mask says anything of copies: %s', (sql) => {
    expect(judged(sql, mask()).outcome).toBe('deny')
  })

  it.each(ELSEWHERE)('runs where one does: %s', (sql) => {
    expect(judged(sql, mask({ copies: 'allow', probes: 'refuse' })).outcome).toBe('allow')
    expect(judged(sql, mask({ ...HELD, probes: 'refuse' })).outcome).toBe('allow')
  })

  it.each(ELSEWHERE_IF)('and takes leave to probe where a masked column decides: %s', (sql) => {
    expect(judged(sql, mask({ copies: 'allow', probes: 'refuse' })).outcome).toBe('deny')
    expect(judged(sql, mask({ copies: 'allow' })).outcome).toBe('allow')
  })
})

describe('columns that are not masked', () => {
  it.each([
    'update customers set name = upper(name)',
    'update customers set ssn = $1 where id = 1 returning *',
    'insert into customers (id, name) select id + 1, name from customers',
    'insert into public.other select * from public.another returning *',
  ])('are stored: %s', (sql) => {
    for (const copies of ['refuse', 'allow'] as const)
      expect(judged(sql, mask({ probes: 'refuse', copies })).outcome).toBe('allow')
  })
})
