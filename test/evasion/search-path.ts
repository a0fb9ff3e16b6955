// Ways to a masked value by a search_path that puts somebody's own functions and operators before PostgreSQL's: whoever looks
// for `now()` finds what an administrator made, or what was made for the purpose.
import { bind, describe, execute, parse, query, sync } from '../support/pgwire/frontend.ts'
import type { Leak } from './case.ts'

const PEEK = `select ssn from public.customers where id = 1`
const given = [
  'create schema other authorization app_rw',
  `create function other.now() returns text language sql stable as '${PEEK}'`,
  `create function other.lower(text) returns text language sql stable as '${PEEK}'`,
  `create function other.count_rows(bigint) returns bigint language sql as 'select $1 + 1'`,
  `create function other.shown(bigint) returns text language sql stable as '${PEEK}'`,
  `create aggregate other.count(*) (sfunc = other.count_rows, stype = bigint, initcond = '0', finalfunc = other.shown)`,
  `create function other.plus(int, int) returns text language sql stable as '${PEEK}'`,
  'create operator other.+ (leftarg = int, rightarg = int, function = other.plus)',
  `create function other.path() returns text language sql as $$ select set_config('search_path', 'other, pg_catalog', false) $$`,
]
const FIRST = 'set search_path = other, pg_catalog'

export const pathLeaks: readonly Leak[] = [
  { name: 'a function before the catalog’s', given, steps: [FIRST, 'select now()'] },
  { name: 'a function before the catalog’s, in one text', given, steps: [`${FIRST}; select now()`] },
  {
    name: 'a function before the catalog’s, in one write',
    given,
    steps: [[query(FIRST), query('select now()')]],
  },
  {
    name: 'a function before the catalog’s, in one segment',
    given,
    steps: [
      [
        parse({ sql: FIRST }),
        bind({}),
        execute(),
        parse({ sql: 'select now()' }),
        bind({}),
        execute(),
        sync(),
      ],
    ],
  },
  {
    name: 'a function before the catalog’s, for a statement that was prepared before',
    given,
    steps: [
      [parse({ name: 'p', sql: `select lower('x')` }), bind({ statement: 'p' }), execute(), sync()],
      FIRST,
      [bind({ statement: 'p' }), describe('P'), execute(), sync()],
    ],
  },
  {
    name: 'a function before the catalog’s, by EXECUTE',
    given,
    steps: [`prepare p as select lower('x')`, FIRST, 'execute p'],
  },
  { name: 'a path that a function sets', given, steps: ['select other.path()', 'select now()'] },
  {
    name: 'a path that set_config sets for the transaction',
    given,
    steps: ['begin', "select set_config('search_path', 'other, pg_catalog', true)", 'select now()'],
  },
  {
    name: 'a path that comes back with a savepoint',
    given,
    steps: ['begin', FIRST, 'savepoint s', 'set search_path = public', 'rollback to s', 'select now()'],
  },
  {
    name: 'a path that comes back when a segment fails',
    given,
    steps: [
      FIRST,
      [
        ...[parse({ sql: 'set search_path = public' }), bind({}), execute()],
        ...[parse({ sql: 'select now()' }), bind({}), execute()],
        ...[parse({ sql: 'select 1/0' }), bind({}), execute(), sync()],
        ...[parse({ sql: 'select now()' }), bind({}), execute(), sync()],
      ],
    ],
  },
  { name: 'count(*) before the catalog’s', given, steps: [FIRST, 'select count(*) from public.orders'] },
  {
    name: 'count(*) before the catalog’s, of the masked relation',
    given,
    steps: [FIRST, 'select count(*) from public.customers'],
  },
  { name: 'an operator before the catalog’s', given, steps: [FIRST, 'select 1 + 1'] },
  {
    name: 'a function before the catalog’s, into another table',
    given: [...given, 'create table notes (note text); alter table notes owner to app_rw'],
    steps: [FIRST, `insert into public.notes select lower('x')`, 'table public.notes'],
  },
  {
    name: 'a function before the catalog’s, in RETURNING',
    given: [...given, 'create table notes (note text); alter table notes owner to app_rw'],
    steps: [FIRST, `insert into public.notes values ('x') returning lower(note)`],
  },
  {
    name: 'a function before the catalog’s, in a cursor',
    given,
    steps: ['begin', FIRST, 'declare c cursor for select now()', 'set search_path = public', 'fetch c'],
  },
  {
    name: 'a function before the catalog’s, in COPY',
    given,
    steps: [FIRST, 'copy (select now()) to stdout'],
  },
]
