// Ways to change or remove rows for somebody who may read, insert and create, and to whom delete, drop and truncate are denied.
import { bind, copyData, copyDone, execute, message, parse, query, sync } from '../support/pgwire/frontend.ts'
import type { Change } from './case.ts'

const DELETE = 'delete from orders'
/** 9 MiB. */
const PADDING = ' '.repeat(9 * 1024 * 1024)

export const changes: readonly Change[] = [
  { name: 'padding over every buffer', steps: [`${DELETE} /*${PADDING}*/`] },
  {
    name: 'padding over every buffer in the extended protocol',
    steps: [[parse({ sql: `${DELETE} /*${PADDING}*/` }), bind({}), execute(), sync()]],
  },
  { name: 'a dollar inside an identifier', steps: [`select 1 as a$x$; ${DELETE}; select 1 as b$x$`] },
  { name: 'a carriage return ends the comment', steps: [`select 1 -- x\r; ${DELETE}`] },
  {
    name: 'a backslash before the quote',
    steps: ['set standard_conforming_strings = off', `select '\\''; ${DELETE}; --'`],
  },
  {
    name: 'a backslash before the quote, set by function',
    steps: [`select set_config('standard_conforming_strings', 'off', false)`, `select '\\''; ${DELETE}; --'`],
  },
  {
    name: 'a data-changing common table expression',
    steps: [`with x as materialized (${DELETE} returning *) select count(*) from x`],
  },
  {
    name: 'a common table expression inside one',
    steps: [
      `with a as (${DELETE} returning *) insert into orders select id + 900, customer_id, total, status, created_at from a`,
    ],
  },
  { name: 'EXPLAIN ANALYSE', steps: [`explain analyse ${DELETE}`] },
  { name: 'EXPLAIN (ANALYSE)', steps: [`explain (costs off, analyse) ${DELETE}`] },
  {
    name: 'EXPLAIN (ANALYZE 1) of EXECUTE',
    steps: [`prepare p as ${DELETE}`, 'explain (analyze 1) execute p'],
  },
  { name: 'a code block', steps: [`do $$begin ${DELETE}; end$$`] },
  { name: 'a code block in pieces', steps: [`do $$begin execute 'del' || 'ete from orders'; end$$`] },
  {
    name: 'a function',
    steps: [`create function purge() returns void language sql as '${DELETE}'`, 'select purge()'],
  },
  {
    name: 'a function in FROM',
    given: [`create function purge() returns void language sql as '${DELETE}'`],
    steps: ['select * from purge()'],
  },
  {
    name: 'a function by the notation of a column',
    given: [`create function purge(int) returns int language sql as '${DELETE}; select 1'`],
    steps: ['select (1).purge'],
  },
  {
    name: 'a function by the notation of a column of FROM',
    given: [`create function purge(int) returns int language sql as '${DELETE}; select 1'`],
    steps: ['select s.purge from generate_series(1, 1) as s'],
  },
  {
    name: 'a domain under the name of a harmless function',
    given: [
      `create function purge(text) returns boolean language plpgsql as $$begin ${DELETE}; return true; end$$`,
    ],
    steps: ['create domain upper as text check (purge(value))', `select upper('x')`],
  },
  {
    name: 'a function in a default',
    given: [`create function purge() returns int language sql as '${DELETE}; select 1'`],
    steps: ['create table t (a int default purge())', 'insert into t default values'],
  },
  {
    name: 'a function as the operator of the query',
    given: [`create function purge(int, int) returns int language sql as '${DELETE}; select 1'`],
    steps: ['create operator public.+* (function = purge, leftarg = int, rightarg = int)', 'select 1 +* 1'],
  },
  {
    name: 'a function under the name of a harmless one',
    steps: [
      `create function public.upper(customers) returns text language sql as '${DELETE}; select $$x$$'`,
      'select upper(c) from customers c limit 1',
    ],
  },
  { name: 'a procedure', steps: [`create procedure purge() language sql as '${DELETE}'`, 'call purge()'] },
  {
    name: 'an aggregate over a function',
    given: [`create function purge(int, int) returns int language sql as '${DELETE}; select 1'`],
    steps: ['create aggregate worst (int) (sfunc = purge, stype = int)', 'select worst(id) from customers'],
  },
  {
    name: 'a trigger',
    steps: [
      'create table t (a int)',
      `create function purge() returns trigger language plpgsql as $$begin ${DELETE}; return new; end$$`,
      'create trigger t before insert on t for each row execute function purge()',
      'insert into t values (1)',
    ],
  },
  {
    name: 'a rule',
    steps: [
      'create table t (a int)',
      `create rule r as on insert to t do also ${DELETE}`,
      'insert into t values (1)',
    ],
  },
  {
    name: 'a rule with two actions',
    steps: [
      'create table t (a int)',
      `create rule r as on insert to t do also (select 1; ${DELETE})`,
      'insert into t values (1)',
    ],
  },
  {
    name: 'a check constraint',
    given: [
      `create function purge(int) returns boolean language plpgsql as $$begin ${DELETE}; return true; end$$`,
    ],
    steps: ['create table t (a int check (purge(a)))', 'insert into t values (1)'],
  },
  {
    name: 'a domain',
    given: [
      `create function purge(int) returns boolean language plpgsql as $$begin ${DELETE}; return true; end$$`,
    ],
    steps: ['create domain d as int check (purge(value))', 'select 1::d'],
  },
  { name: 'a quoted identifier with escapes', steps: ['delete from U&"\\006frders"'] },
  { name: 'other white space', steps: ['delete\ffrom\torders'] },
  { name: 'comments inside comments', steps: [`select 1 /* /* */ */; ${DELETE} --*/`] },
  { name: 'an empty statement first', steps: [`;;; ${DELETE}`] },
  { name: 'PREPARE and EXECUTE', steps: [`prepare p as ${DELETE}`, 'execute p'] },
  {
    name: 'EXECUTE in the extended protocol',
    steps: [`prepare p as ${DELETE}`, [parse({ sql: 'execute p' }), bind({}), execute(), sync()]],
  },
  {
    name: 'a statement of SQL run by the protocol',
    steps: [`prepare p as ${DELETE}`, [bind({ statement: 'p' }), execute(), sync()]],
  },
  { name: 'the extended protocol', steps: [[parse({ sql: DELETE }), bind({}), execute(), sync()]] },
  {
    name: 'a named statement made over',
    steps: [
      [parse({ name: 'n', sql: 'select 1' }), sync()],
      [message('C', Buffer.from('Sn\0')), parse({ name: 'n', sql: DELETE }), sync()],
      [bind({ statement: 'n' }), execute(), sync()],
    ],
  },
  {
    name: 'behind a refused statement in the pipeline',
    steps: [
      [query('drop table customers'), query(DELETE), parse({ sql: DELETE }), bind({}), execute(), sync()],
    ],
  },
  {
    name: 'behind a failed statement in the segment',
    steps: [
      [
        parse({ sql: 'select no_such' }),
        parse({ sql: DELETE }),
        bind({}),
        execute(),
        sync(),
        parse({ sql: DELETE }),
        bind({}),
        execute(),
        sync(),
      ],
    ],
  },
  {
    name: 'in the place of COPY data',
    steps: [
      [query('create table t (a text)')],
      [query('copy t from stdin'), copyData('x\n'), copyDone(), query(DELETE)],
    ],
  },
  {
    name: 'after COPY in one query',
    steps: ['create table t (a text)', [query(`copy t from stdin; ${DELETE}`), copyData('x\n'), copyDone()]],
  },
  { name: 'COPY of a query that deletes', steps: [`copy (${DELETE} returning *) to stdout`] },
  {
    name: 'a cursor',
    steps: [
      'begin; declare c cursor for select * from orders for update; fetch c',
      'delete from orders where current of c',
      'commit',
    ],
  },
  {
    name: 'MERGE',
    steps: ['merge into orders o using customers c on o.customer_id = c.id when matched then delete'],
  },
  {
    name: 'ON CONFLICT DO UPDATE',
    steps: [`insert into orders values (10, 1, 0, 'stolen', now()) on conflict (id) do update set total = 0`],
  },
  { name: 'UPDATE', steps: ['update orders set total = 0'] },
  {
    name: 'UPDATE of a view',
    given: ['create view open as select * from orders', 'grant all on open to app_rw'],
    steps: ['update open set total = 0'],
  },
  {
    name: 'DELETE from a view',
    given: ['create view open as select * from orders', 'grant all on open to app_rw'],
    steps: ['delete from open'],
  },
  { name: 'a view made on the fly', steps: ['create view mine as select * from orders', 'delete from mine'] },
  { name: 'TRUNCATE', steps: ['truncate orders'] },
  { name: 'TRUNCATE of what refers to it', steps: ['truncate customers cascade'] },
  { name: 'DROP', steps: ['drop table orders'] },
  { name: 'DROP OWNED', steps: ['drop owned by current_user'] },
  { name: 'ALTER', steps: ['alter table orders drop column total'] },
  {
    name: 'ALTER of a type with a value',
    steps: ['alter table orders alter column total type numeric using 0'],
  },
  {
    name: 'a foreign key that cascades',
    given: [
      'alter table orders drop constraint orders_customer_id_fkey',
      'alter table orders add foreign key (customer_id) references customers on delete cascade',
    ],
    steps: ['delete from customers where id = 1'],
  },
  {
    name: 'SELECT INTO the name of the table elsewhere',
    given: ['create schema other authorization app_rw'],
    steps: [
      'set search_path = other, public',
      `select 1 as id into other.orders; ${DELETE}; delete from public.orders`,
    ],
  },
  { name: 'a transaction around', steps: [`begin; ${DELETE}; commit`] },
  {
    name: 'a function as a cast',
    steps: [
      `create type mood as enum ('x')`,
      `create function purge(mood) returns int language sql as '${DELETE}; select 1'`,
      'create cast (mood as int) with function purge(mood) as implicit',
      `select abs('x'::mood)`,
    ],
  },
  {
    name: 'a function as an attribute',
    steps: [
      `create function purge(customers) returns int language sql as '${DELETE}; select 1'`,
      'select c.purge from customers c limit 1',
    ],
  },
  {
    name: 'a function as an attribute of a row that is written',
    steps: [
      'create type pair as (a int)',
      `create function purge(p pair, n int default 1) returns int language sql as '${DELETE}; select 1'`,
      'select (row(1)::pair).purge',
    ],
  },
  {
    name: 'a row level policy that calls',
    given: [
      `create function purge() returns boolean language plpgsql as $$begin ${DELETE}; return true; end$$`,
    ],
    steps: [
      'create table t as select 1 as a',
      'create policy p on t using (purge()); alter table t enable row level security; alter table t force row level security',
      'select * from t',
    ],
  },
  {
    name: 'an index over a function',
    given: [
      `create function purge() returns int language plpgsql as $$begin delete from public.orders; return 1; end$$`,
      `create function hides(int) returns int language plpgsql immutable as $$begin return public.purge(); end$$`,
    ],
    steps: ['create table t as select 1 as a', 'create index on t (hides(a))'],
  },
  { name: 'a schema before the name', steps: ['delete from only public.orders'] },
  {
    name: 'another body for a function that a trigger calls',
    given: [
      `create function touch() returns trigger language plpgsql as 'begin return new; end'`,
      'alter function touch() owner to app_rw; create table t (a int); alter table t owner to app_rw',
      'create trigger t before insert on t for each row execute function touch()',
    ],
    steps: [
      `create or replace function touch() returns trigger language plpgsql as 'begin ${DELETE}; return new; end'`,
      'insert into t values (1)',
    ],
  },
  {
    name: 'an index over ranges of a type that measures them',
    steps: [
      `create function purge() returns void language plpgsql as $$begin ${DELETE}; end$$`,
      `create function apart(int, int) returns float8 language plpgsql immutable as $$begin perform purge(); return 1; end$$`,
      'create type span as range (subtype = int4, subtype_diff = apart)',
      'create table t (a span); create index on t using gist (a)',
      `insert into t select format('[%s,%s)', i, i + 5)::span from generate_series(1, 2000) i`,
    ],
  },
]
