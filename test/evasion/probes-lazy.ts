// Ways to guess by what is computed only where a comparison leaves it open, and by rows whose members fail to compare behind
// those that are equal.
import type { Probe } from './case.ts'

const one = (name: string, sql: (guess: string) => string, given?: readonly string[]): Probe => ({
  name,
  steps: (guess) => [sql(guess)],
  ...(given === undefined ? {} : { given }),
})

/** Fails for the first row. */
const FAILS = '1 / (id - 1)'

/** Two rows: the value and a json, which cannot be compared, and a guess and another. */
const ROWS = (guess: string) =>
  `(select ssn, '{}'::json as j from customers where id = 1) x, (select '${guess}'::text as ssn, '{}'::json as j) y`

const PAIR = [
  'create type pair as (a text, b json)',
  `alter table customers alter ssn type pair using row(ssn, '{}')::pair`,
]

/** The value as a number that is longer than four bytes. */
const LONG = [`alter table customers alter ssn type bigint using replace(ssn, '-', '')::bigint + 10000000000`]
const long = (guess: string) => String(Number(guess.replaceAll('-', '')) + 10_000_000_000)

export const lazyProbes: readonly Probe[] = [
  one('members of rows', (g) => `select row(ssn, 1) = row('${g}', ${FAILS}) from customers where id = 1`),
  one(
    'members of rows that differ',
    (g) => `select (ssn, 1) <> ('${g}', ${FAILS}) from customers where id = 1`,
  ),
  one('members of rows in order', (g) => `select (ssn, 1) < ('${g}', ${FAILS}) from customers where id = 1`),
  one(
    'members of rows that are distinct',
    (g) => `select (ssn, 1) is distinct from ('${g}', ${FAILS}) from customers where id = 1`,
  ),
  one(
    'members of rows in a list',
    (g) => `select (ssn, 1) in (('${g}', ${FAILS}), ('x', 2)) from customers where id = 1`,
  ),
  one(
    'the other bound of BETWEEN',
    (g) => `select ssn between '${g}' and (${FAILS})::text from customers where id = 1`,
  ),
  one(
    'the other bound of NOT BETWEEN',
    (g) => `select ssn not between '${g}' and (${FAILS})::text from customers where id = 1`,
  ),
  one('another member of IN', (g) => `select ssn in ('${g}', (${FAILS})::text) from customers where id = 1`),
  one(
    'another member of NOT IN',
    (g) => `select ssn not in ('${g}', (${FAILS})::text) from customers where id = 1`,
  ),
  one(
    'COALESCE with a column of a subquery',
    (g) =>
      `select coalesce(nullif(ssn, '${g}'), s.bad) from customers c, (select (1 / (id - 10))::text as bad from orders where id = 10) s where c.id = 1`,
  ),
  one(
    'COALESCE with a column of a common table expression',
    (g) =>
      `with s as (select (1 / (id - 10))::text as bad from orders where id = 10) select coalesce(nullif(ssn, '${g}'), bad) from customers c, s where c.id = 1`,
  ),
  one(
    'IN with a column of a subquery',
    (g) =>
      `select ssn in ('${g}', s.bad) from customers c, (select (1 / (id - 10))::text as bad from orders where id = 10) s where c.id = 1`,
  ),
  {
    name: 'COALESCE with a column of a view',
    steps: (g) => [
      'create view v as select (1 / (id - 10))::text as bad from orders where id = 10',
      `select coalesce(nullif(ssn, '${g}'), bad) from customers c, v where c.id = 1`,
    ],
  },
  {
    name: 'COALESCE with a virtual generated column',
    steps: (g) => [
      'create table t (a int, bad text generated always as ((1 / a)::text) virtual)',
      'insert into t values (0)',
      `select coalesce(nullif(ssn, '${g}'), bad) from customers c, t where c.id = 1`,
    ],
  },
  {
    name: 'COALESCE with a column of a temporary view',
    steps: (g) => [
      'create temp view v as select (1 / (id - 10))::text as bad from orders where id = 10',
      `select coalesce(nullif(ssn, '${g}'), v.bad) from customers c, v where c.id = 1`,
    ],
  },
  one('rows that cannot be compared to the end', (g) => `select x = y from ${ROWS(g)}`),
  one('rows that cannot be ordered to the end', (g) => `select x < y from ${ROWS(g)}`),
  one('rows that are distinct', (g) => `select x is distinct from y from ${ROWS(g)}`),
  one('NULLIF of rows', (g) => `select nullif(x, y) from ${ROWS(g)}`),
  one('GREATEST of rows', (g) => `select greatest(x, y) from ${ROWS(g)}`),
  one('rows in arrays', (g) => `select array[x] = array[y] from ${ROWS(g)}`),
  one('rows in rows', (g) => `select row(x) is not distinct from row(y) from ${ROWS(g)}`),
  one(
    'rows that are kept in columns',
    (g) => `select z.a = z.b from (select x as a, y as b from ${ROWS(g)}) z`,
  ),
  one(
    'rows of unlike members',
    (g) =>
      `select x = y from (select ssn, 1 as j from customers where id = 1) x, (select '${g}'::text as ssn, '1'::text as j) y`,
  ),
  one(
    'rows that subqueries give',
    (g) =>
      `select (select row(ssn, '{}'::json) from customers where id = 1) = (select row('${g}'::text, '{}'::json))`,
  ),
  one(
    'rows that VALUES gives',
    (g) =>
      `select a.r = b.r from customers c, lateral (values (row(ssn, '{}'::json))) a (r), (values (row('${g}'::text, '{}'::json))) b (r) where c.id = 1`,
  ),
  one(
    'whole rows',
    (g) =>
      `select c = d from customers c, (select 1, 'Ada Lovelace'::text, 'ada@example.com'::text, '${g}'::text, 1) d where c.id = 1`,
  ),
  one('a composite column', (g) => `select ssn = row('${g}', '{}')::pair from customers where id = 1`, PAIR),
  one(
    'a composite column, distinct',
    (g) => `select ssn is distinct from row('${g}', '{}')::pair from customers where id = 1`,
    PAIR,
  ),
  one(
    'a subscript of what is NULL',
    (g) => `select (to_jsonb(nullif(ssn, '${g}')))[${FAILS}] from customers where id = 1`,
  ),
  one(
    'a subscript of an array that is NULL',
    (g) => `select (nullif(array[ssn], array['${g}']))[${FAILS}] from customers where id = 1`,
  ),
  one(
    'a slice of an array that is NULL',
    (g) => `select (nullif(array[ssn], array['${g}']))[1:${FAILS}] from customers where id = 1`,
  ),
  one(
    'a subscript of what is NULL in RETURNING',
    (g) =>
      `update customers set notes = notes where id = 1 returning (to_jsonb(nullif(ssn, '${g}')))[${FAILS}]`,
  ),
  {
    name: 'a column too large for a subscript of what is NULL',
    steps: (g) => [
      'create table t as select 5000000000 as a',
      `select (nullif(array[ssn], array['${g}']))[a] from customers, t where id = 1`,
    ],
  },
  one(
    'a value too large for a subscript',
    (g) => `select (array[1])[nullif(ssn, ${long(g)})] from customers where id = 1`,
    LONG,
  ),
]
