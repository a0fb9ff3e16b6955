// Code that reading runs: of types that constants beside a column become values of, while the statement is parsed, and of what
// policies read. And code of what rules make that foreign keys change.
import { bind, describe, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Change } from './case.ts'
import { hidden } from './hidden.ts'

const DOMAIN = 'create domain d as int check (holds(value))'
/** A domain whose check was not there yet when the rows were stored. */
const LATER = [
  'create domain d as int',
  'create table t (a d); insert into t values (null)',
  'alter domain d add check (holds(value)) not valid',
]
const value = (name: string, sql: string) => hidden(`a domain that is read, by ${name}`, LATER, sql)

const LISTS = [DOMAIN, 'create table t (a int primary key, xs d[]); insert into t values (1, null)']
const list = (name: string, ...steps: Change['steps']) =>
  hidden(`an array of a domain that is read, by ${name}`, LISTS, ...steps)
const madeOver = (name: string, sql: string) =>
  hidden(`an array of a domain that something is made over: ${name}`, LISTS, sql)

const POLICY = (table: string, condition: string) => `create policy p on ${table} using (${condition});
  alter table ${table} enable row level security; alter table ${table} force row level security`
const GUARDED = (reads: string) => ['create table t (a int); insert into t values (1)', POLICY('t', reads)]
const SHOWN = 'create view shown as select purge() as n; grant select on shown to app_rw'

const CASCADE = `create table t (a int primary key); create table t_child (a int references t on delete cascade on update cascade);
  insert into t values (1); insert into t_child values (1)`
const ASIDE = `create table aside (a int); grant all on aside to app_rw;
  create trigger x before insert on aside for each row execute function fires()`

export const hiddenWhenRead: readonly Change[] = [
  list('a comparison', `select * from t where xs = '{5}'`),
  list('a comparison that is only parsed', [parse({ sql: `select * from t where xs = '{5}'` }), sync()]),
  list('a comparison that is only described', [
    parse({ name: 's', sql: `select * from t where xs = '{5}'` }),
    describe('S', 's'),
    sync(),
  ]),
  list('a parameter', [
    parse({ sql: 'select * from t where xs = $1' }),
    bind({ values: ['{5}'] }),
    execute(),
    sync(),
  ]),
  list('||', `select xs || '{5}' from t`),
  list('array_append', `select array_append(xs, '5') from t`),
  list('array_replace', `select array_replace(xs, '5', '6') from t`),
  list('array_position', `select array_position(xs, '5') from t`),
  list('&&', `select '{5}' && xs from t`),
  list('COALESCE', `select coalesce(xs, '{5}') from t`),
  list('CASE', `select case when xs is null then '{5}' else xs end from t`),
  list('UNION', `select xs from t union all select '{5}'`),
  list('VALUES', `select * from (values ((select xs from t)), ('{5}')) v`),
  list(
    'recursion',
    `with recursive r as (select xs from t union all select '{5}' from r where xs is null) select * from r`,
  ),
  list('a subquery', `select x || '{5}' from (select xs as x from t) s`),
  list('a window', `select lag(u, 1, '5') over () from t, unnest(array_append(xs, null)) u`),
  list('DELETE', `delete from t where xs = '{5}'`),
  list('COPY', `copy (select * from t where xs = '{5}') to stdout`),
  list('a cursor', `begin; declare c cursor for select * from t where xs = '{5}'; commit`),
  list('PREPARE', `prepare p as select * from t where xs = '{5}'`),
  list('EXPLAIN', `explain select * from t where xs = '{5}'`),
  hidden(
    'an array of a domain that is read, by a view',
    [...LISTS, 'create view t_shown as select xs as x from t'],
    `select x || '{5}' from t_shown`,
  ),
  hidden(
    'an array of a domain that is read, by a materialized view',
    [...LISTS, 'create materialized view t_shown as select xs as x from t'],
    `select x || '{5}' from t_shown`,
  ),
  hidden(
    'a domain in a composite that is read, by COALESCE',
    [DOMAIN, 'create type c as (a d)', 'create table t (x c); insert into t values (null)'],
    `select coalesce(x, '(5)') from t`,
  ),
  hidden(
    'a domain in a composite that is read, by jsonb_populate_record',
    [DOMAIN, 'create type c as (a d)', 'create table t (x c); insert into t values (null)'],
    `select jsonb_populate_record(x, '{"a": 5}') from t`,
  ),
  value('lag', `select lag(a, 1, '5') over () from t`),
  value('array_agg', `select array_agg(a) || '{5}' from t`),
  value('ARRAY', `select array[a] || '{5}' from t`),
  value('whole rows in an array', `select array[t, '(5)'] from t`),
  value('a whole row in COALESCE', `select coalesce(nullif(t, t), '(5)') from t`),
  value('a union of whole rows', `select t from t union all select '(5)'`),
  value('jsonb_populate_record', `select jsonb_populate_record(t, '{"a": 5}') from t`),
  value(
    'jsonb_populate_record of a row of a subquery',
    `select jsonb_populate_record(s.x, '{"a": 5}') from (select t as x from t) s`,
  ),
  madeOver('an index', `create index on t ((xs || '{5}'))`),
  madeOver('the condition of an index', `create index on t (a) where xs = '{5}'`),
  madeOver('statistics', `create statistics s on (xs || '{5}'), (xs || '{6}') from t`),
  madeOver('a rule', `create rule r as on update to t where old.xs = '{5}' do instead nothing`),
  hidden('a view that a policy reads', [SHOWN, ...GUARDED('exists (table shown offset 0)')], 'table t'),
  hidden(
    'a view of a view that a policy reads',
    [
      SHOWN,
      'create view outer_shown as table shown; grant select on outer_shown to app_rw',
      ...GUARDED('exists (table outer_shown offset 0)'),
    ],
    'table t',
  ),
  hidden(
    'a view that a policy reads for new rows',
    [
      SHOWN,
      'create table t (a int); create policy p on t for insert with check (exists (table shown offset 0))',
      'alter table t enable row level security; alter table t force row level security',
    ],
    'insert into t values (2)',
  ),
  hidden(
    'the policy of a table that a policy reads',
    [
      'create table other (a int); insert into other values (1); alter table other owner to app_rw',
      POLICY('other', 'holds(a)'),
      ...GUARDED('exists (table other)'),
    ],
    'table t',
  ),
  hidden(
    'a trigger of what a rule of a table stores that a foreign key deletes from',
    [ASIDE, CASCADE, 'create rule r as on delete to t_child do also insert into aside values (1)'],
    'delete from t',
  ),
  hidden(
    'a trigger of what a rule of a table stores that a foreign key updates',
    [ASIDE, CASCADE, 'create rule r as on update to t_child do also insert into aside values (1)'],
    'update t set a = 2',
  ),
  hidden(
    'a trigger of what a foreign key deletes behind a rule of a table that a foreign key deletes from',
    [
      `create table top (a int primary key); create table below (a int references top on delete cascade);
        insert into top values (1); insert into below values (1); alter table top owner to app_rw; alter table below owner to app_rw;
        create trigger x before delete on below for each row execute function fires()`,
      CASCADE,
      'create rule r as on delete to t_child do also delete from top',
    ],
    'delete from t',
  ),
]
