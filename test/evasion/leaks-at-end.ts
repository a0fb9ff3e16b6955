// Ways to bring masked values out by what is left to the end of a transaction, whoever ends it: triggers that were put off, and the
// queries of cursors WITH HOLD. What fails then belongs to no statement that names the table.
import { bind, execute, parse, query, sync } from '../support/pgwire/frontend.ts'
import { given, type Leak } from './case.ts'

const TRIGGER = [
  `create function tells() returns trigger language plpgsql as $$begin raise '%', (select ssn from customers where id = 1); end$$`,
  'create table t (a int); alter table t owner to app_rw',
  'create constraint trigger x after insert on t deferrable initially deferred for each row execute function tells()',
]
const INSERT = 'insert into t values (1)'
const VIEW = ['create view v as select ssn::int as n from customers', 'alter view v owner to app_rw']
const HOLD = 'declare c cursor with hold for select n from v'
/** It says that it is an error of a constraint of another table. */
const CALLED = [
  `create function f() returns int language plpgsql as $$declare s text; begin select ssn into s from customers where id = 1; raise exception using errcode = '23505', message = s, table = 'orders', schema = 'public'; end$$`,
]

const run = (sql: string) => [parse({ sql }), bind({}), execute()]

export const leaksAtEnd: readonly Leak[] = [
  given('a deferred trigger, by PREPARE TRANSACTION', TRIGGER, 'begin', INSERT, `prepare transaction 'x'`),
  given('a deferred trigger, by a text that ends an open segment', TRIGGER, [
    ...run(INSERT),
    query('select 1; select 2'),
  ]),
  given(
    'a deferred trigger, by a text behind an open segment',
    TRIGGER,
    [...run(INSERT), query('select 1')],
    'select 1; select 2',
  ),
  given('a deferred trigger, by COPY that ends an open segment', TRIGGER, [
    ...run(INSERT),
    query('copy (select 1) to stdout; copy (select 2) to stdout'),
  ]),
  given('a cursor WITH HOLD, by COMMIT', VIEW, 'begin', HOLD, 'commit'),
  given('a cursor WITH HOLD, by the end of a chain', VIEW, 'begin', HOLD, 'commit and chain'),
  given('a cursor WITH HOLD, by Sync', VIEW, [...run(HOLD), sync()]),
  given('a cursor WITH HOLD, by a text that ends an open segment', VIEW, [
    ...run(HOLD),
    query('select 1; select 2'),
  ]),
  given(
    'a function that a cursor WITH HOLD calls, by COMMIT',
    CALLED,
    'begin',
    'declare c cursor with hold for select f()',
    'commit',
  ),
  given('a function that a cursor WITH HOLD calls, by Sync', CALLED, [
    ...run('declare c cursor with hold for select f()'),
    sync(),
  ]),
]
