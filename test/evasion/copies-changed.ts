// Masked values that change their column within the table, and those that go into something that is made.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import { given, type Leak, leak } from './case.ts'
import { extended, MINE, moved, READ } from './copies-steps.ts'

/** Within the table. */
export const changedCopies: readonly Leak[] = [
  ...moved('UPDATE into a column that may be copied', 'update customers set card = ssn'),
  ...moved('columns that change places', 'update customers set card = ssn, ssn = card'),
  ...moved(
    'UPDATE of several at once',
    'update customers set (card, notes) = (select ssn, notes from customers d where d.id = customers.id)',
  ),
  ...moved(
    'UPDATE FROM the table itself',
    'update customers c set card = d.ssn from customers d where d.id = c.id',
  ),
  ...moved(
    'ON CONFLICT with the row that is there',
    `insert into customers (id, name) values (1, 'x') on conflict (id) do update set card = customers.ssn`,
  ),
  ...moved(
    'ON CONFLICT with what was proposed',
    'insert into customers (id, name, ssn) select id, name, ssn from customers on conflict (id) do update set card = excluded.ssn',
  ),
  ...moved(
    'MERGE',
    'merge into customers c using (values (1)) v (n) on c.id = v.n when matched then update set card = c.ssn',
  ),
  ...moved(
    'an updatable view',
    'create view changed as select id, card as a, ssn as b from customers',
    'update changed set a = b',
  ),
  ...moved(
    'a write in WITH',
    'with u as (update customers set card = ssn returning 1) select count(*) from u',
  ),
  leak(
    'a column that is named twice',
    'insert into customers (id, name, notes) select 900 + id, name, ssn from customers',
    'select notes from customers where id > 900',
  ),
  leak(
    'a part of a document',
    'update customers set data = jsonb_build_object($$s$$, ssn)',
    'select data from customers',
  ),
  given(
    'an updatable view that an administrator made',
    [
      'create view changed as select id, notes as a, ssn as b from customers',
      'grant all on changed to public',
    ],
    'update changed set a = b where id = 1',
    'select notes from customers',
  ),
]

/** By statements that make something, or are kept. */
export const madeCopies: readonly Leak[] = [
  leak(
    'CREATE TABLE AS with all columns',
    'create table public.mine as select * from customers',
    'select ssn from public.mine',
  ),
  leak(
    'a temporary table',
    'create temp table mine as select ssn as card from customers',
    'select card from mine',
  ),
  leak(
    'a temporary table of the same name',
    'create temp table customers as select ssn as card from public.customers',
    'select card from pg_temp.customers',
  ),
  leak(
    'CREATE TABLE AS, extended',
    extended('create table public.mine (card) as select ssn from customers'),
    'table public.mine',
  ),
  leak('SELECT INTO', 'select ssn as card into public.mine from customers', 'select card from public.mine'),
  leak(
    'SELECT INTO TEMP, extended',
    extended('select c as card into temp mine from customers c'),
    'select card::text from mine',
  ),
  leak(
    'a materialized view',
    'create materialized view public.mine as select ssn as card from customers',
    'select card from public.mine',
  ),
  leak(
    'a materialized view that is filled later',
    'create materialized view public.mine as select ssn as card from customers with no data',
    'refresh materialized view public.mine',
    'select card from public.mine',
  ),
  leak(
    'PREPARE and EXECUTE',
    MINE,
    'prepare p as insert into public.mine select ssn from customers',
    'execute p',
    READ,
  ),
  leak(
    'PREPARE with parameters',
    MINE,
    'prepare p (int) as insert into public.mine select ssn from customers where id = $1',
    'execute p (1)',
    READ,
  ),
  leak(
    'CREATE TABLE AS EXECUTE',
    'prepare p as select ssn as card from customers',
    'create table public.mine as execute p',
    'select card from public.mine',
  ),
  leak(
    'a prepared statement that is bound twice',
    MINE,
    [
      parse({ name: 's', sql: 'insert into public.mine select ssn from customers' }),
      bind({ statement: 's' }),
      execute(),
      sync(),
    ],
    [bind({ statement: 's', portal: 'p' }), execute('p'), sync()],
    READ,
  ),
  leak(
    'EXPLAIN ANALYZE of an INSERT',
    MINE,
    'explain analyze insert into public.mine select ssn from customers',
    READ,
  ),
  leak(
    'EXPLAIN ANALYZE of CREATE TABLE AS',
    'explain analyze create table public.mine as select ssn as card from customers',
    'select card from public.mine',
  ),
  leak('a code block', MINE, 'do $$begin insert into public.mine select ssn from customers; end$$', READ),
  leak(
    'the second of two statements',
    MINE,
    'insert into public.mine select card from customers; insert into public.mine select ssn from customers',
    READ,
  ),
  leak(
    'a sequence',
    'create sequence s',
    `select setval('s', replace(ssn, '-', '')::bigint) from customers where id = 1`,
    'select last_value from s',
  ),
  leak(
    'samples of the catalog',
    'analyze customers',
    'create table public.mine as select most_common_vals::text as v from pg_stats union all select histogram_bounds::text from pg_stats',
    READ,
  ),
  leak(
    'a default',
    `create function public.first() returns text language sql as 'select ssn from customers where id = 1'`,
    'create table public.mine (a int, v text default public.first())',
    'insert into public.mine (a) values (1)',
    READ,
  ),
]
