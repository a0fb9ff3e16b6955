// Ways to guess by collations that are in conflict: PostgreSQL compares a text, or changes its case, in one of them, and fails where
// it knows none, but not on what is NULL.
import type { Probe } from './case.ts'

const one = (name: string, sql: (guess: string) => string, given?: readonly string[]): Probe => ({
  name,
  steps: (guess) => [sql(guess)],
  ...(given && { given }),
})

/** Within an expression an explicit collation wins; of a subquery it is one among others. */
const SUBQUERIES = `(select 'a' collate "POSIX" as p) s, (select 'b' collate "C" as q) t`
const TABLES = [
  'create table s (p text collate "POSIX"); create table t (q text collate "C")',
  `insert into s values ('a'); insert into t values ('b'); grant all on s, t to app_rw`,
]
const DOMAINS = ['create domain dp as text collate "POSIX"; create domain dc as text collate "C"']
const OWN = (collation: string) => [
  `alter table customers alter ssn type text collate "${collation}"`,
  'create table s (p text collate "POSIX")',
  `insert into s values ('a'); grant all on s to app_rw`,
]

const of = (what: (masked: string) => string, from: string) => (guess: string) =>
  `select ${what(`nullif(c.ssn, '${guess}')`)} from customers c, ${from} where c.id = 1`

export const collationProbes: readonly Probe[] = [
  one(
    'a comparison of texts of no collation',
    of((x) => `${x} < concat(s.p, t.q)`, SUBQUERIES),
  ),
  one(
    'an equation of texts of no collation',
    of((x) => `${x} = concat(s.p, t.q)`, SUBQUERIES),
  ),
  one(
    'lower of a text of no collation',
    of((x) => `lower(${x} || s.p || t.q)`, SUBQUERIES),
  ),
  one(
    'upper of a text of no collation',
    of((x) => `upper(s.p || t.q || ${x})`, SUBQUERIES),
  ),
  one(
    'initcap of a text of no collation',
    of((x) => `initcap(${x} || concat(s.p, t.q))`, SUBQUERIES),
  ),
  one(
    'GREATEST of texts of no collation',
    of((x) => `greatest(${x}, concat(s.p, t.q))`, SUBQUERIES),
  ),
  one(
    'NULLIF of texts of no collation',
    of((x) => `nullif(${x}, concat(s.p, t.q))`, SUBQUERIES),
  ),
  one(
    'an element of no collation',
    of((x) => `concat(s.p, t.q) = any (array[${x}])`, SUBQUERIES),
  ),
  one(
    'lower of what a subquery gives of no collation',
    (g) =>
      `select lower(x) from (select nullif(c.ssn, '${g}') || s.p || t.q as x from customers c, ${SUBQUERIES} where c.id = 1) u`,
  ),
  one(
    'lower of what a union gives of no collation',
    (g) =>
      `select lower(x) from (select nullif(c.ssn, '${g}') || s.p as x from customers c, ${SUBQUERIES} where c.id = 1 union all select q from (select 'b' collate "C" as q) t where false) u`,
  ),
  one(
    'columns of other collations',
    of((x) => `${x} < concat(s.p, t.q)`, 's, t'),
    TABLES,
  ),
  one(
    'columns of a view of other collations',
    of((x) => `${x} < concat(v.p, v.q)`, 'v'),
    [...TABLES, 'create view v as select p, q from s, t; grant select on v to app_rw'],
  ),
  one(
    'domains of other collations',
    (g) => `select nullif(ssn, '${g}') < concat('a'::dp, 'b'::dc) from customers where id = 1`,
    DOMAINS,
  ),
  one(
    'a domain of another collation, and a name',
    (g) => `select lower(nullif(ssn, '${g}') || concat('a'::dp, current_user)) from customers where id = 1`,
    DOMAINS,
  ),
  one(
    'a column of its own collation beside one of another',
    of((x) => `${x} < s.p`, 's'),
    OWN('C'),
  ),
  one(
    'a column of its own collation beside a name',
    (g) =>
      `select nullif(c.ssn, '${g}') < r.relname from customers c, pg_class r where c.id = 1 and r.relname = 'pg_class'`,
    OWN('POSIX'),
  ),
  one(
    'a column of its own collation beside the name of somebody',
    (g) => `select lower(nullif(ssn, '${g}') || current_user::text) from customers where id = 1`,
    OWN('POSIX'),
  ),
]
