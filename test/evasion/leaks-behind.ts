// Ways to bring masked values out by what stands behind a statement's names: parents, rules, and code that it does not show.
import { given, type Leak, leak, shows } from './case.ts'

/** A child of the table with masks computes a column of it in another way. */
const CHILD_COMPUTES = [
  `alter table customers add column code text generated always as (name || '') stored`,
  `create table vip (code text generated always as (ssn || '') stored) inherits (customers)`,
  `insert into vip (id, name, ssn) values (7, 'x', '078-05-1120')`,
  'grant all on vip to app_rw',
]

export const leaksBehind: readonly Leak[] = [
  given(
    'a generated column that a child computes in another way',
    CHILD_COMPUTES,
    'select code from customers',
  ),
  given(
    'a generated column that a child computes in another way, stored',
    CHILD_COMPUTES,
    'update customers set notes = code',
    'select notes from customers',
  ),
  given(
    'a generated column that a partition computes in another way',
    [
      `create table parts (id int, name text, ssn text, code text generated always as (name || '') stored) partition by list (id)`,
      `create table part1 (id int, name text, ssn text, code text generated always as (ssn || '') stored)`,
      'alter table parts attach partition part1 for values in (1)',
      `insert into parts values (1, 'x', '078-05-1120')`,
      'alter table customers rename to old',
      'alter table parts rename to customers',
      'grant all on customers, part1 to app_rw',
    ],
    'select code from customers',
  ),
  given(
    'a parent that others are read by',
    ['create table boss (ssn text)', 'alter table customers inherit boss', 'grant select on boss to app_rw'],
    'select ssn from boss',
  ),
  given(
    'an expression over a parent',
    ['create table boss (ssn text)', 'alter table customers inherit boss', 'grant select on boss to app_rw'],
    `select ssn || '' from boss`,
  ),
  given(
    'a view over a parent',
    [
      'create table boss (ssn text)',
      'alter table customers inherit boss',
      'create view over_boss as select ssn as x from boss',
      'grant select on over_boss to app_rw',
    ],
    'select x from over_boss',
  ),
  given(
    'COPY of a parent',
    ['create table boss (ssn text)', 'alter table customers inherit boss', 'grant select on boss to app_rw'],
    'copy (select * from boss) to stdout',
  ),
  given(
    'a partitioned table over the one with masks',
    [
      'create table everybody (id int, ssn text) partition by list (id)',
      'alter table customers rename to people',
      'create table customers partition of everybody default',
      `insert into everybody values (1, '078-05-1120')`,
      'grant select on everybody, customers to app_rw',
    ],
    'select ssn from everybody',
  ),
  given(
    'a rule that also reads',
    ['create rule r as on insert to orders do also select ssn from customers'],
    `insert into orders values (901, 1, 1, 'x', now())`,
  ),
  given(
    'a rule that also computes',
    [`create rule r as on insert to orders do also select ssn || '' from customers`],
    `insert into orders values (901, 1, 1, 'x', now())`,
  ),
  given(
    'a rule that computes in place of a change',
    [`create rule r as on update to orders do instead select ssn || '' from customers`],
    'update orders set status = status',
  ),
  given(
    'a function of rows of the table',
    [
      `create function list() returns setof customers language sql stable as 'select * from public.customers'`,
    ],
    'select ssn from list()',
  ),
  given(
    'a view of a function',
    [
      `create function list() returns setof customers language sql stable as 'select * from public.customers'`,
      'create view listed as select ssn as x from list()',
      'grant select on listed to app_rw',
    ],
    'select x from listed',
  ),
  given(
    'a materialized view of a function',
    [
      `create function list() returns setof customers language sql stable as 'select * from public.customers'`,
      'create materialized view listed as select ssn as x from list()',
      'grant select on listed to app_rw',
    ],
    'select x from listed',
  ),
  given(
    'a function with a body of SQL',
    [`create function peek() returns text begin atomic select ssn from customers where id = 1; end`],
    'select peek()',
  ),
  given(
    'the output of a procedure',
    [
      `create procedure peek(out x text) language plpgsql as 'begin x := (select ssn from customers where id = 1); end'`,
    ],
    'call peek(null)',
  ),
  given(
    'a column of a function by the notation of a column',
    [
      `create function peek(orders) returns text language sql stable as 'select ssn from customers where id = 1'`,
    ],
    'select o.peek from orders o',
  ),
  given(
    'an operator that reads',
    [
      `create function peek(int, int) returns text language sql stable as 'select ssn from customers where id = 1'`,
      'create operator public.<~> (function = peek, leftarg = int, rightarg = int)',
    ],
    'select 1 <~> 1',
  ),
  given(
    'an aggregate that reads',
    [
      `create function peek(text, int) returns text language sql as 'select ssn from customers where id = 1'`,
      'create aggregate gather(int) (sfunc = peek, stype = text)',
    ],
    'select gather(id) from orders',
  ),
  given(
    'a cast that reads',
    [
      `create type mood as enum ('x')`,
      `create function peek(mood) returns text language sql as 'select ssn from customers where id = 1'`,
      'create cast (mood as text) with function peek(mood) as implicit',
    ],
    `select 'x'::mood::text`,
  ),
  given(
    'a better match of a function that reads',
    [`create function upper(varchar) returns text language sql as 'select ssn from customers where id = 1'`],
    `select upper('x'::varchar)`,
  ),
  given(
    'a trigger that gives notice',
    [
      `create function tells() returns trigger language plpgsql as $$begin raise notice '%', (select ssn from customers where id = 1); return new; end$$`,
      'create table t (a int); alter table t owner to app_rw',
      'create trigger x before insert on t for each row execute function tells()',
    ],
    'insert into t values (1)',
  ),
  given(
    'a trigger that fails',
    [
      `create function tells() returns trigger language plpgsql as $$begin raise '%', (select ssn from customers where id = 1); end$$`,
      'create table t (a int); alter table t owner to app_rw',
      'create trigger x before insert on t for each row execute function tells()',
    ],
    'insert into t values (1)',
  ),
  given(
    'a deferred trigger that fails',
    [
      `create function tells() returns trigger language plpgsql as $$begin raise '%', (select ssn from customers where id = 1); end$$`,
      'create table t (a int); alter table t owner to app_rw',
      'create constraint trigger x after insert on t deferrable initially deferred for each row execute function tells()',
    ],
    'begin; insert into t values (1)',
    'commit',
  ),
  given(
    'a trigger that notifies',
    [
      `create function tells() returns trigger language plpgsql as $$begin perform pg_notify('c', (select ssn from customers where id = 1)); return new; end$$`,
      'create table t (a int); alter table t owner to app_rw',
      'create trigger x before insert on t for each row execute function tells()',
    ],
    'listen c',
    'insert into t values (1)',
    'select 1',
  ),
  given(
    'a check that fails with the value',
    [
      `create function tells(int) returns boolean language plpgsql as $$begin raise '%', (select ssn from customers where id = 1); end$$`,
      'create table t (a int check (tells(a))); alter table t owner to app_rw',
    ],
    'insert into t values (1)',
  ),
  given(
    'a domain that fails with the value',
    [
      `create function tells(int) returns boolean language plpgsql as $$begin raise '%', (select ssn from customers where id = 1); end$$`,
      'create domain d as int check (tells(value))',
    ],
    'select 1::d',
  ),
  shows(
    /07805/,
    leak(
      'the SQLSTATE of a code block',
      `do $$begin raise exception using errcode = (select left(replace(ssn, '-', ''), 5) from customers where id = 1); end$$`,
    ),
  ),
  shows(
    /07805/,
    given(
      'the SQLSTATE of a function',
      [
        `create function fails() returns int language plpgsql as $$begin raise exception using errcode = (select left(replace(ssn, '-', ''), 5) from customers where id = 1); end$$`,
      ],
      'select fails()',
    ),
  ),
]
