// Ways to guess a masked value by what it decides: nothing of it comes back, but right and wrong guesses look different.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Probe } from './case.ts'

const extended = (sql: string, values: readonly string[] = [], resultFormats: readonly number[] = []) => [
  parse({ sql }),
  bind({ values, resultFormats }),
  execute(),
  sync(),
]

/** One statement. */
const one = (name: string, sql: (guess: string) => string, given?: readonly string[]): Probe => ({
  name,
  steps: (guess) => [sql(guess)],
  ...(given === undefined ? {} : { given }),
})

const VIEW = ['create view shown as select id, ssn as number from customers', 'grant all on shown to public']

/** A guess is a whole number, which is right or wrong. */
export const probes: readonly Probe[] = [
  one('WHERE', (guess) => `select id from customers where ssn = '${guess}'`),
  one(
    'WHERE with LIKE',
    (guess) => `select id from customers where ssn like '${guess.slice(0, 6)}%' and id = 1`,
  ),
  one('WHERE with a regular expression', (guess) => `select id from customers where ssn ~ '${guess}'`),
  one('WHERE with a generated column', (guess) => `select id from customers where code = '${guess}'`, [
    `alter table customers add column code text generated always as (ssn || '') stored`,
  ]),
  one(
    'WHERE with BETWEEN',
    (guess) => `select id from customers where ssn between '${guess}' and '${guess}'`,
  ),
  one('WHERE with IN', (guess) => `select id from customers where ssn in ('${guess}')`),
  one('WHERE with ANY', (guess) => `select id from customers where ssn = any (array['${guess}'])`),
  one('WHERE with EXISTS', (guess) => `select 1 where exists (select from customers where ssn = '${guess}')`),
  one('WHERE NOT', (guess) => `select id from customers where not (ssn <> '${guess}')`),
  one(
    'WHERE under another alias',
    (guess) => `select c.id from customers c (id, a, b, s) where s = '${guess}'`,
  ),
  one('WHERE with the schema', (guess) => `select id from customers where public.customers.ssn = '${guess}'`),
  one('WHERE over the whole row', (guess) => `select id from customers c where c::text like '%${guess}%'`),
  one(
    'WHERE over a row as json',
    (guess) => `select id from customers c where to_jsonb(c) ->> 'ssn' = '${guess}'`,
  ),
  one('WHERE over a row comparison', (guess) => `select id from customers where (id, ssn) = (1, '${guess}')`),
  one(
    'WHERE IS NULL of NULLIF',
    (guess) => `select id from customers where nullif(ssn, '${guess}') is null and id = 1`,
  ),
  one('count', (guess) => `select count(*) from customers where ssn = '${guess}'`),
  one(
    'HAVING',
    (guess) =>
      `select 1 from customers having max(ssn) >= '${guess}' and max(ssn) like '4%' and bool_or(ssn = '${guess}')`,
  ),
  one(
    'FILTER',
    (guess) =>
      `select id, count(*) filter (where ssn = '${guess}') from customers group by id having count(*) filter (where ssn = '${guess}') > 0`,
  ),
  one(
    'GROUP BY',
    (guess) => `select count(*) from (select ssn from customers union all select '${guess}') u group by ssn`,
  ),
  one(
    'DISTINCT',
    (guess) =>
      `select 1 from (select distinct ssn from (select ssn from customers union all select '${guess}') u) d`,
  ),
  one(
    'DISTINCT ON',
    (guess) => `select distinct on (s) 1 from (select ssn as s from customers union all select '${guess}') u`,
  ),
  one(
    'count DISTINCT',
    (guess) =>
      `select 1 from generate_series(1, (select count(distinct s)::int from (select ssn as s from customers union all select '${guess}') u))`,
  ),
  one(
    'ORDER BY',
    (guess) =>
      `select id from (select id, ssn from customers union all select 900, '${guess.replace(/.$/, '!')}') u order by ssn nulls first`,
  ),
  one(
    'ORDER BY an expression',
    (guess) => `select id from customers order by (ssn = '${guess}') nulls last, id`,
  ),
  one(
    'ORDER BY a position',
    (guess) => `select ssn = '${guess}', id from customers where id < 4 order by 1 desc, 2`,
  ),
  one(
    'ORDER BY a position of a union of stars',
    (guess) =>
      `select count(*) from (select * from customers where id = 1 union all select 900, 'n', 'e', '${guess}', 'c', null, null, 'n', null order by 4 fetch first 1 row with ties) u`,
  ),
  one(
    'GROUP BY a row of positions',
    (guess) =>
      `select s, 2 from (select ssn as s from customers where id = 1 union all select '${guess}') u group by (1, 2)`,
  ),
  one(
    'GROUP BY a set of a row of positions',
    (guess) =>
      `select s, 2 from (select ssn as s from customers where id = 1 union all select '${guess}') u group by rollup ((1, 2))`,
  ),
  ...['cluster customers using by_ssn', 'cluster'].map((cluster) => ({
    name: `the order of the rows after ${cluster}`,
    given: ['create index by_ssn on customers (ssn)', 'cluster customers using by_ssn'],
    steps: (guess: string) => [
      `insert into customers (id, name, ssn) values (901, 'x', '${guess.slice(0, -1)}!')`,
      cluster,
      'select id from customers',
    ],
  })),
  one(
    'ORDER BY an alias',
    (guess) => `select id, ssn = '${guess}' as hit from customers where id < 4 order by hit desc, id`,
  ),
  one(
    'ORDER BY in an aggregate',
    (guess) => `select array_agg(id order by (ssn = '${guess}') nulls last, id) from customers`,
  ),
  one(
    'a window',
    (guess) =>
      `select id from (select id, rank() over (order by (ssn = '${guess}') desc nulls last) as r from customers) w where r = 1 order by id`,
  ),
  one(
    'PARTITION BY',
    (guess) =>
      `select id from (select id, count(*) over (partition by s) as n from (select id, ssn as s from customers union all select 900, '${guess}') u) w where n > 1 and id < 900`,
  ),
  one(
    'LIMIT',
    (guess) =>
      `select id from customers order by id limit (select count(*) from customers where ssn = '${guess}')`,
  ),
  one(
    'OFFSET',
    (guess) =>
      `select id from customers order by id offset (select count(*) from customers where ssn = '${guess}')`,
  ),
  one(
    'generate_series',
    (guess) =>
      `select generate_series(1, (select case when ssn = '${guess}' then 2 else 1 end from customers where id = 1))`,
  ),
  one(
    'generate_series over a digit',
    (guess) =>
      `select n from customers, generate_series(1, position('${guess.slice(-4)}' in ssn)) n where id = 1`,
  ),
  one(
    'CASE',
    (guess) =>
      `select case when ssn = '${guess}' then pg_typeof(1) end from customers where id = 1 and case when ssn = '${guess}' then true else false end`,
  ),
  one(
    'CASE that divides by zero',
    (guess) => `select case when ssn = '${guess}' then 1 / (id - 1) else 1 end from customers where id = 1`,
  ),
  one('a division by zero', (guess) => `select 1 / (ssn <> '${guess}')::int from customers where id = 1`),
  one('a cast that fails', (guess) => `select nullif(ssn, '${guess}')::int from customers where id = 1`),
  one(
    'COALESCE',
    (guess) => `select coalesce(nullif(ssn, '${guess}'), (1 / (id - 1))::text) from customers where id = 1`,
  ),
  one(
    'AND that stops early',
    (guess) => `select 1 from customers where id = 1 and (ssn <> '${guess}' or 1 / (id - 1) = 1)`,
  ),
  one('JOIN ON', (guess) => `select c.id from customers c join (values ('${guess}')) v (g) on c.ssn = v.g`),
  one('JOIN USING', (guess) => `select c.id from customers c join (select '${guess}' as ssn) v using (ssn)`),
  one('NATURAL JOIN', (guess) => `select c.id from customers c natural join (select '${guess}' as ssn) v`),
  one(
    'LEFT JOIN',
    (guess) =>
      `select v.hit from customers c left join (select '${guess}' as g, 1 as hit) v on c.ssn = v.g where c.id = 1 and v.hit is not null`,
  ),
  one(
    'LATERAL',
    (guess) => `select l.x from customers c, lateral (select 1 as x where c.ssn = '${guess}') l`,
  ),
  one('a semijoin', (guess) => `select 1 where '${guess}' in (select ssn from customers)`),
  one('INTERSECT', (guess) => `select '${guess}' intersect select ssn from customers`),
  one('EXCEPT', (guess) => `select '${guess}' except select ssn from customers`),
  one('UNION', (guess) => `select '${guess}' union select ssn from customers`),
  one(
    'a common table expression',
    (guess) => `with c as (select id, ssn as s from customers) select id from c where s = '${guess}'`,
  ),
  one(
    'a recursive one',
    (guess) =>
      `with recursive r (n, s) as (select 1, ssn from customers where id = 1 union all select n + 1, s from r where n < 2 and s = '${guess}') select n from r`,
  ),
  one(
    'a subquery in FROM',
    (guess) => `select id from (select id, ssn || '' as s from customers) x where s = '${guess}'`,
  ),
  one('a view', (guess) => `select id from shown where number = '${guess}'`, VIEW),
  one(
    'a view’s order',
    (guess) => `select id from shown order by (number = '${guess}') nulls last, id`,
    VIEW,
  ),
  one(
    'EXPLAIN ANALYZE',
    (guess) =>
      `explain (analyze, costs off, timing off, summary off) select from customers where ssn = '${guess}'`,
  ),
  one(
    'UPDATE',
    (guess) =>
      `update orders set total = 1 from customers c where c.id = customer_id and c.ssn = '${guess}' and orders.id = 10`,
  ),
  one('UPDATE of the table itself', (guess) => `update customers set notes = 'hit' where ssn = '${guess}'`),
  one(
    'UPDATE by CASE',
    (guess) =>
      `update customers set notes = case when ssn = '${guess}' then 'a' else 'b' end where id = 1 returning notes`,
  ),
  one(
    'DELETE',
    (guess) =>
      `delete from orders using customers c where c.id = customer_id and c.ssn = '${guess}' and orders.id = 10`,
  ),
  one(
    'INSERT SELECT',
    (guess) => `insert into orders select 900 + id, id, 1, 'x', now() from customers where ssn = '${guess}'`,
  ),
  one(
    'MERGE',
    (guess) =>
      `merge into orders o using customers c on o.customer_id = c.id and c.ssn = '${guess}' when matched and o.id = 10 then update set total = 2`,
  ),
  one(
    'MERGE WHEN',
    (guess) =>
      `merge into orders o using customers c on o.customer_id = c.id and o.id = 10 when matched and c.ssn = '${guess}' then update set total = 2`,
  ),
  one(
    'MERGE into the table itself',
    (guess) =>
      `merge into customers c using (values ('${guess}')) v (g) on c.ssn = v.g when matched then update set notes = 'hit'`,
  ),
  one(
    'ON CONFLICT',
    (guess) =>
      `insert into customers (id, name, ssn) values (901, 'x', '${guess}') on conflict (ssn) do nothing`,
    ['create unique index on customers (ssn)'],
  ),
  one(
    'ON CONFLICT without columns',
    (guess) => `insert into customers (id, name, ssn) values (901, 'x', '${guess}') on conflict do nothing`,
    ['create unique index on customers (ssn)'],
  ),
  one(
    'TABLESAMPLE by a value',
    (guess) =>
      `select count(*) from orders tablesample bernoulli ((select case when ssn = '${guess}' then 100 else 0 end from customers where id = 1))`,
  ),
  one(
    'FETCH FIRST',
    (guess) =>
      `select id from customers order by id fetch first (select case when ssn = '${guess}' then 2 else 1 end from customers where id = 1) rows only`,
  ),
  one(
    'a function in FROM',
    (guess) =>
      `select u from customers, unnest(case when ssn = '${guess}' then array[1, 2] else array[1] end) u where id = 1`,
  ),
  one(
    'regexp_split_to_table',
    (guess) => `select 1 from customers, regexp_split_to_table(ssn, '${guess.slice(-1)}') where id = 1`,
  ),
  one(
    'string_to_table',
    (guess) => `select 1 from customers, unnest(string_to_array(ssn, '${guess}')) where id = 1`,
  ),
  { name: 'a parameter', steps: (guess) => [extended('select id from customers where ssn = $1', [guess])] },
  {
    name: 'a parameter, binary',
    steps: (guess) => [extended('select id from customers where ssn = $1', [guess], [1])],
  },
  {
    name: 'a cursor',
    steps: (guess) => [
      'begin',
      `declare c cursor for select id from customers where ssn = '${guess}'`,
      'fetch all from c',
      'rollback',
    ],
  },
  {
    name: 'PREPARE',
    steps: (guess) => [
      'prepare p (text) as select id from customers where ssn = $1',
      `execute p ('${guess}')`,
    ],
  },
  {
    name: 'a temporary view',
    steps: (guess) => [
      'create temp view v as select id, ssn as s from customers',
      `select id from v where s = '${guess}'`,
    ],
  },
  one(
    'statistics',
    (guess) =>
      `select count(*) from pg_stats where tablename = 'customers' and most_common_vals::text like '%${guess}%'`,
    [
      `insert into customers select 1000 + n, 'x', null, '078-05-1120' from generate_series(1, 50) n`,
      'analyze customers',
    ],
  ),
  one(
    'a partial index’s predicate',
    (guess) => `create index on customers (id) where ssn = '${guess}' and 1 / (id - 1) > 0`,
  ),
  one('a check over a value', (guess) => `alter table customers add constraint c check (ssn <> '${guess}')`),
  one(
    'a default of a new column',
    (guess) => `create table hits as select id from customers where ssn = '${guess}'`,
  ),
  {
    name: 'COPY with a condition',
    steps: (guess) => [`copy (select id from customers where ssn = '${guess}') to stdout`],
  },
]
