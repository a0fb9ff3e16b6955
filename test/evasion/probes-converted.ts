// Ways to guess by what becomes a value of another type without being asked to: long numbers fail as OIDs, numbers of hundreds of
// digits as floats, dates far away as timestamps. Whoever guesses brings such a value, or the other type.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Probe } from './case.ts'

const one = (name: string, sql: (guess: string) => string, given?: readonly string[]): Probe => ({
  name,
  steps: (guess) => [sql(guess)],
  ...(given && { given }),
})

/** The masked column as another type, and a guess of it. */
const LONG = [`alter table customers alter ssn type bigint using replace(ssn, '-', '')::bigint + 10000000000`]
const long = (guess: string) => String(Number(guess.replaceAll('-', '')) + 10_000_000_000)
const FLOAT = [`alter table customers alter ssn type float8 using replace(ssn, '-', '')::float8`]
const float = (guess: string) => guess.replaceAll('-', '')
const MAC = [
  `alter table customers alter ssn type macaddr8 using lpad(replace(ssn, '-', ''), 16, '0')::macaddr8`,
]
const mac = (guess: string) => guess.replaceAll('-', '').padStart(16, '0')
const DATE = [`alter table customers alter ssn type date using date '2000-01-01' + left(ssn, 3)::int`]
const date = (guess: string) =>
  new Date(Date.UTC(2000, 0, 1 + Number(guess.slice(0, 3)))).toISOString().slice(0, 10)

/** Of the first row; NULL where the guess is right. */
const LEFT = (guess: string) => `nullif(ssn, ${long(guess)})`
const WHERE = 'from customers where id = 1'
/** 5000000000 where the guess is right, else a small number. */
const BIG = (guess: string) => `coalesce(ascii(nullif(ssn, '${guess}')), 5000000000)`

const TYPES = 'create table t (o oid, big bigint, f float8, huge numeric, ts timestamp, d date)'
const ROW = `insert into t values (null, 5000000000, 0, '1e400', null, '300000-01-01')`
const withTypes = (name: string, sql: (guess: string) => string, given?: readonly string[]): Probe => ({
  name,
  steps: (guess) => [TYPES, ROW, sql(guess)],
  ...(given && { given }),
})

const withParameters = (
  name: string,
  sql: (guess: string) => string,
  types: readonly number[],
  values: readonly (string | null)[],
  given?: readonly string[],
): Probe => ({
  name,
  steps: (guess) => [
    'set plan_cache_mode = force_generic_plan',
    [parse({ sql: sql(guess), types }), bind({ values }), execute(), sync()],
  ],
  ...(given && { given }),
})

export const convertedProbes: readonly Probe[] = [
  one('a long number beside an OID', (g) => `select ${LEFT(g)} = 1::oid ${WHERE}`, LONG),
  one('a long number that is distinct', (g) => `select ${LEFT(g)} is distinct from 1::oid ${WHERE}`, LONG),
  one('a long number in a list', (g) => `select ${LEFT(g)} in (1::oid) ${WHERE}`, LONG),
  one('a long number in an array', (g) => `select ${LEFT(g)} = any ('{1}'::oid[]) ${WHERE}`, LONG),
  one('a long number and a type', (g) => `select ${LEFT(g)} = pg_typeof(1) ${WHERE}`, LONG),
  one('a long number and tableoid', (g) => `select ${LEFT(g)} = tableoid ${WHERE}`, LONG),
  one(
    'a long number and an OID of the catalog',
    (g) =>
      `select ${LEFT(g)} = k.oid from customers c, pg_catalog.pg_class k where c.id = 1 and k.oid = 1259`,
    LONG,
  ),
  one('GREATEST of OIDs', (g) => `select greatest(1::oid, ${LEFT(g)}) ${WHERE}`, LONG),
  one('a union of OIDs', (g) => `select 1::oid union all select ${LEFT(g)} ${WHERE}`, LONG),
  one(
    'a union of OIDs from below',
    (g) =>
      `with a as (select ${LEFT(g)} as x ${WHERE}), b as (select 1::oid as x) select x from b union all select x from a`,
    LONG,
  ),
  one('rows of OIDs', (g) => `values (1::oid), ((select ${LEFT(g)} ${WHERE}))`, LONG),
  one(
    'a branch beside OIDs',
    (g) => `select case when id = 1 then ${LEFT(g)} else 1::oid end ${WHERE}`,
    LONG,
  ),
  one('an array of OIDs', (g) => `select array[1::oid, ${LEFT(g)}] ${WHERE}`, LONG),
  one('an array of arrays of OIDs', (g) => `select array[array[1::oid], array[${LEFT(g)}]] ${WHERE}`, LONG),
  one('an array that takes it up', (g) => `select array[1::oid] || ${LEFT(g)} ${WHERE}`, LONG),
  withParameters(
    'a long number and a parameter',
    (g) => `select ${LEFT(g)} = $1 ${WHERE}`,
    [26],
    ['1'],
    LONG,
  ),
  one(
    'GREATEST of short addresses',
    (g) => `select greatest('08:00:2b:01:02:03'::macaddr, nullif(ssn, '${mac(g)}')) ${WHERE}`,
    MAC,
  ),
  one('a constant that is chosen, as an OID', (g) => `select ${BIG(g)} = 1::oid ${WHERE}`),
  one(
    'a constant that is chosen, as a float',
    (g) => `select coalesce(ascii(nullif(ssn, '${g}')), 1e400) = 1::float8 ${WHERE}`,
  ),
  withTypes(
    'a column that is chosen, as an OID',
    (g) => `select coalesce(ascii(nullif(ssn, '${g}')), big) = 1::oid from customers, t where id = 1`,
  ),
  withTypes(
    'a constant that is chosen, as a timestamp',
    (g) =>
      `select greatest(coalesce(nullif(ssn, '${date(g)}'), '300000-01-01'), t.ts) from customers, t where id = 1`,
    DATE,
  ),
  withTypes(
    'a column that is an OID only where it is reached',
    (g) => `select coalesce(ascii(nullif(ssn, '${g}')), o, big) from customers, t where id = 1`,
  ),
  withTypes(
    'a column that is a timestamp only where it is reached',
    (g) => `select coalesce(nullif(ssn, '${date(g)}'), ts, d) from customers, t where id = 1`,
    DATE,
  ),
  withTypes(
    'a column of a list that is a float only where it is reached',
    (g) => `select ssn in (${float(g)}, huge) from customers, t where id = 1`,
    FLOAT,
  ),
  withTypes(
    'a bound that is a float only where it is reached',
    (g) => `select ssn between ${float(g)} and huge from customers, t where id = 1`,
    FLOAT,
  ),
  withParameters(
    'a parameter that is an OID only where it is reached',
    (g) => `select coalesce(ascii(nullif(ssn, '${g}')), $1, $2) ${WHERE}`,
    [26, 20],
    [null, '5000000000'],
  ),
  withParameters(
    'a bound in a parameter that is a float only where it is reached',
    (g) => `select ssn between ${float(g)} and $1 ${WHERE}`,
    [1700],
    ['1e400'],
    FLOAT,
  ),
]
