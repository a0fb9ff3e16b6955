// Code of types, and of operators and functions that are found by the names of PostgreSQL's.
import { bind, execute, parse, query, sync } from '../support/pgwire/frontend.ts'
import type { Change } from './case.ts'
import { hidden } from './hidden.ts'

const OPERATORS = [
  ...['=', '<>', '<', '<=', '>', '>=', '~~', '~~*', '~'].map(
    (name) => `create operator public.${name} (function = same, leftarg = text, rightarg = varchar)`,
  ),
  'create table t (a text, b varchar(9)); create table t2 (a varchar(9), c int)',
  `insert into t values ('x', 'x'); insert into t2 values ('x', 1)`,
]
const operator = (name: string, sql: string) => hidden(`an operator that is found by ${name}`, OPERATORS, sql)

const DOMAIN = [
  'create domain d as int check (holds(value))',
  'create table t (a int)',
  'insert into t values (1)',
]
const domain = (name: string, ...steps: Change['steps']) => hidden(`a domain, by ${name}`, DOMAIN, ...steps)

const moodCast = (context: 'implicit' | 'assignment') => [
  `create type mood as enum ('x')`,
  `create function as_int(mood) returns int language plpgsql as 'begin return public.purge(); end'`,
  `create cast (mood as int) with function as_int(mood) as ${context}`,
]

/** The OID that the last line of what was seen so far is. */
const oidIn = (seen: string) => Number(/^(\d+)$/m.exec(seen)?.[1] ?? 0)

export const hiddenInTypes: readonly Change[] = [
  domain('a cast', 'select 1::d'),
  domain('CAST', 'select cast(1 as public.d)'),
  domain('an array of it', `select '{1}'::d[]`),
  domain('a column of it', 'create table t3 (a d)', 'insert into t3 values (1)'),
  domain('PREPARE', 'prepare p (d) as select $1', 'execute p (1)'),
  domain(
    'PREPARE of another that uses it',
    'prepare p (d) as select 1 where $1 > 0',
    'explain execute p (1)',
  ),
  domain('json_to_record', `select * from json_to_record('{"a": 1}') as x (a d)`),
  domain('JSON_TABLE', `select * from json_table('1'::jsonb, '$' columns (a d path '$')) j`),
  domain('JSON_VALUE', `select json_value('1'::jsonb, '$' returning d)`),
  domain('a changed type', 'alter table t alter a type d'),
  domain('a new column', 'alter table t add b d default 1'),
  domain('the type of a parameter', [query(`select 'd'::regtype::oid`)], (seen) => [
    parse({ sql: 'select $1', types: [oidIn(seen)] }),
    bind({ values: ['1'] }),
    execute(),
    sync(),
  ]),
  domain('the type of a parameter that is an array of it', [query(`select 'd[]'::regtype::oid`)], (seen) => [
    parse({ sql: 'select $1', types: [oidIn(seen)] }),
    bind({ values: ['{1}'] }),
    execute(),
    sync(),
  ]),
  hidden('a domain in a composite', [...DOMAIN, 'create type c as (a d)'], `select '(1)'::c`),
  hidden('a domain in a row type', [...DOMAIN, 'create table t_row (a d)'], `select '(1)'::t_row`),
  hidden(
    'a domain in a row type, by the type of a parameter',
    [...DOMAIN, 'create table t_row (a d)'],
    [query(`select 't_row'::regtype::oid`)],
    (seen) => [
      parse({ sql: 'select $1', types: [oidIn(seen)] }),
      bind({ values: ['(1)'] }),
      execute(),
      sync(),
    ],
  ),
  hidden('a domain over a domain', [...DOMAIN, 'create domain e as d'], 'select 1::e'),
  hidden('a range over a domain', [...DOMAIN, 'create type r as range (subtype = d)'], `select '[1,2]'::r`),
  hidden(
    'a multirange over a domain',
    [...DOMAIN, 'create type r as range (subtype = d, multirange_type_name = mr)'],
    `select '{[1,2]}'::mr`,
  ),
  hidden('a function of a range', [...DOMAIN, 'create type r as range (subtype = d)'], `select r(1, 2)`),
  hidden(
    'the default of a domain',
    ['create domain d as int default purge()', 'create table t (a int, b d)'],
    'insert into t (a) values (1)',
  ),
  hidden(
    'a domain that is altered',
    [
      'create domain d as int',
      'create table t (a d); insert into t values (1)',
      'alter domain d add constraint c check (holds(value)) not valid',
      'alter domain d owner to app_rw',
    ],
    'alter domain d validate constraint c',
  ),
  hidden(
    'an implicit cast',
    [...moodCast('implicit'), `create table t (m mood, a int); insert into t values ('x', 1)`],
    'select * from t where m = 1',
  ),
  hidden(
    'an assignment cast',
    [...moodCast('assignment'), `create table t (m mood, a int); insert into t values ('x', 1)`],
    'update t set a = m',
  ),
  hidden(
    'an assignment cast of a literal',
    [...moodCast('assignment'), 'create table t (a int)'],
    `insert into t values ('x'::mood)`,
  ),
  hidden(
    'a cast of a row in a subquery',
    [
      'create table t (a int); insert into t values (1)',
      `create function as_text(t) returns text language plpgsql as 'begin perform public.purge(); return 1; end'`,
      'create cast (t as text) with function as_text(t) as implicit',
    ],
    `select x.r::text from (select t as r from t) x`,
  ),
  operator('=', 'select * from t where a = b'),
  operator('IN', 'select * from t where a in (b)'),
  operator('NOT IN', 'select * from t where a not in (b)'),
  operator('IN of a query', 'select * from t where a in (select a from t2)'),
  operator('ANY', `select * from t where a = any (array[b])`),
  operator('BETWEEN', 'select * from t where a between b and b'),
  operator('IS DISTINCT FROM', 'select * from t where a is distinct from b'),
  operator('NULLIF', 'select nullif(a, b) from t'),
  operator('CASE', 'select case a when b then 1 end from t'),
  operator('LIKE', 'select * from t where a like b'),
  operator('NOT ILIKE', 'select * from t where a ilike b'),
  operator('USING', 'select * from t join t2 using (a)'),
  operator('NATURAL JOIN', 'select * from t natural join t2'),
  operator('MERGE', 'merge into t using t2 on t.a = t2.a when matched then do nothing'),
  operator('OPERATOR()', 'select * from t where a operator(public.=) b'),
  hidden(
    'a function of a row, by a column of RETURNING',
    [
      'create table t (a int); insert into t values (1)',
      `create function wipe(t) returns int language plpgsql as 'begin return public.purge(); end'`,
    ],
    'update t set a = 2 returning old.wipe',
  ),
  hidden(
    'a function of a row, by a subquery',
    [
      'create table t (a int); insert into t values (1)',
      `create function wipe(record) returns int language plpgsql as 'begin return public.purge(); end'`,
    ],
    'select x.wipe from (select * from t) x',
  ),
  hidden(
    'a function of a row, by the name of a join',
    [
      'create table t (a int); insert into t values (1)',
      `create function wipe(record) returns int language plpgsql as 'begin return public.purge(); end'`,
    ],
    'select j.wipe from t join t t2 using (a) as j',
  ),
  hidden(
    'a function of a row, by a row of ON CONFLICT',
    [
      'create table t (a int primary key, b int); insert into t values (1, 1)',
      `create function wipe(t) returns int language plpgsql as 'begin return public.purge(); end'`,
    ],
    'insert into t values (1) on conflict (a) do update set b = excluded.wipe',
  ),
  hidden(
    'a function of a row, by ORDER BY',
    [
      'create table t (a int); insert into t values (1), (2)',
      `create function wipe(t) returns int language plpgsql as 'begin return public.purge(); end'`,
    ],
    'select a from t order by t.wipe',
  ),
  hidden(
    'a better match of a function',
    [
      `create function upper(varchar) returns text language plpgsql as 'begin perform public.purge(); return $$x$$; end'`,
    ],
    `select upper('x'::varchar)`,
  ),
  hidden(
    'a better match of an aggregate',
    [
      `create function adds(int, name) returns int language plpgsql as 'begin return public.purge(); end'`,
      'create aggregate public.max(name) (sfunc = adds, stype = int)',
    ],
    `select max('x'::name)`,
  ),
]
