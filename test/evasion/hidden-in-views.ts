// Code of a view, by every kind of statement that reads one.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Change } from './case.ts'
import { hidden } from './hidden.ts'

const SHOWN = ['create view t_shown as select purge() as n']
const shown = (name: string, ...steps: Change['steps']) => hidden(`a view, by ${name}`, SHOWN, ...steps)

export const hiddenInViews: readonly Change[] = [
  shown('SELECT', 'select * from t_shown'),
  shown('TABLE', 'table t_shown'),
  shown('EXPLAIN ANALYZE', 'explain analyze select * from t_shown'),
  shown('a cursor', 'begin; declare c cursor for select * from t_shown', 'fetch c', 'commit'),
  shown('a cursor that outlives its transaction', 'declare c cursor with hold for select * from t_shown'),
  shown('PREPARE', 'prepare p as select * from t_shown', 'execute p'),
  shown('EXISTS', 'select 1 where exists (table t_shown offset 0)'),
  shown('a scalar subquery', 'select (select n from t_shown)'),
  shown('a common table expression', 'with x as materialized (select * from t_shown) select * from x'),
  shown('LATERAL', 'select * from generate_series(1, 2) g, lateral (select n + g from t_shown) l'),
  shown('COPY', 'copy (select * from t_shown) to stdout'),
  shown('CREATE TABLE AS', 'create table t_kept as select * from t_shown'),
  shown('SELECT INTO', 'select * into t_kept from t_shown'),
  shown('a materialized view', 'create materialized view t_kept as select * from t_shown'),
  shown('a view of it', 'create view t_more as select n + 1 as n from t_shown', 'select * from t_more'),
  shown('a temporary view of it', 'create temp view t_more as table t_shown', 'select * from t_more'),
  shown('a set operation', 'select 1 union all select n from t_shown'),
  shown(
    'the condition of a change',
    'create table t (a int); insert into t select 1',
    'delete from t using t_shown',
  ),
  shown('the source of an INSERT', 'create table t (a int)', 'insert into t table t_shown'),
  shown(
    'the source of a MERGE',
    'create table t (a int)',
    'merge into t using t_shown s on false when not matched then insert values (s.n)',
  ),
  shown('the extended protocol', [parse({ sql: 'select * from t_shown' }), bind({}), execute(), sync()]),
  shown(
    'a portal',
    'begin',
    [parse({ sql: 'select * from t_shown' }), bind({ portal: 'p' }), sync()],
    'fetch p',
    'commit',
  ),
  shown('ORDER BY', 'select 1 order by (select n from t_shown)'),
  shown('LIMIT', 'select 1 limit (select n from t_shown)'),
  shown('VALUES', 'values ((select n from t_shown))'),
  shown('a sequence’s next value', 'create sequence t_seq', `select nextval('t_seq') + n from t_shown`),
  shown(
    'TABLESAMPLE',
    'create table t as select 1 as a',
    'select * from t tablesample bernoulli ((select n from t_shown))',
  ),
  hidden(
    'a view that was planned with the constant it is',
    ['create view t_pure as select pure(1) as n'],
    'explain select * from t_pure',
  ),
  hidden(
    'a view of a view',
    [...SHOWN, 'create view t_outer as select n from t_shown'],
    'select * from t_outer',
  ),
  hidden(
    'the condition of a view',
    ['create view t_some as select 1 as n where holds(1)'],
    'select * from t_some',
  ),
  hidden(
    'the body of a view of FROM',
    ['create view t_from as select n from purge() n'],
    'select * from t_from',
  ),
  hidden(
    'a materialized view that is refreshed',
    ['create materialized view t_kept as select purge() as n with no data'],
    'refresh materialized view t_kept',
  ),
  hidden(
    'a view that is made anew',
    ['create view t_shown as select 1 as n'],
    'select * from t_shown',
    'create or replace view t_shown as select purge() as n',
    'select * from t_shown',
  ),
]
