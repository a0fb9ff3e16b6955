// Ways to guess by newer syntax, by definitions, by estimates of the planner, and by what other objects do.
import { query } from '../support/pgwire/frontend.ts'
import type { Probe } from './case.ts'

type Steps = Probe['steps']
const probe = (name: string, steps: Steps, given?: readonly string[]): Probe => ({
  name,
  steps,
  ...(given && { given }),
})
const one = (name: string, sql: (guess: string) => string, given?: readonly string[]): Probe =>
  probe(name, (guess) => [sql(guess)], given)

export const furtherProbes: readonly Probe[] = [
  one(
    'CYCLE',
    (g) =>
      `with recursive r (n, s) as (select 1, ssn from customers where id = 1 union all select n + 1, '${g}' from r where n < 3) cycle s set c using p select n from r`,
  ),
  one(
    'a recursive union that drops what is there',
    (g) =>
      `with recursive r (s) as (select ssn from customers where id = 1 union select '${g}' from r) select 1 from r`,
  ),
  one('NULLIF in the result', (g) => `select nullif(ssn, '${g}') from customers where id = 1`),
  one('a comparison in the result', (g) => `select ssn = '${g}' from customers where id = 1`),
  one('GREATEST', (g) => `select greatest(ssn, '${g}') = ssn from customers where id = 1`),
  one(
    'rows of the target list',
    (g) => `select unnest(string_to_array(ssn, '${g}')) from customers where id = 1`,
  ),
  one(
    'rows of the target list by JSON',
    (g) => `select jsonb_path_query(to_jsonb(c), '$.ssn ? (@ == "${g}")') from customers c where id = 1`,
  ),
  one(
    'generate_series of the target list',
    (g) => `select generate_series(1, (ssn = '${g}')::int) from customers where id = 1`,
  ),
  one('a subscript', (g) => `select (array[1, 2])[(ssn = '${g}')::int] from customers where id = 1`),
  one(
    'unique keys of JSON',
    (g) => `select json_object('${g}': 1, ssn: 2 with unique keys) from customers where id = 1`,
  ),
  one(
    'JSON_EXISTS',
    (g) =>
      `select 1 from customers c where json_exists(to_jsonb(c), '$ ? (@.ssn == $g)' passing '${g}' as g)`,
  ),
  one(
    'an error of JSON_VALUE',
    (g) =>
      `select json_value(to_jsonb(c), 'strict $.ssn ? (@ == "${g}")' error on empty error on error) from customers c where id = 1`,
  ),
  one(
    'rows of JSON_TABLE',
    (g) =>
      `select 1 from customers c, json_table(to_jsonb(c), '$.ssn ? (@ == "${g}")' columns (v text path '$')) j where c.id = 1`,
  ),
  one(
    'rows of XMLTABLE',
    (g) =>
      `select 1 from customers c, xmltable('/a[. = "${g}"]' passing xmlelement(name a, ssn) columns v text path '.') x where id = 1`,
  ),
  one('IS JSON', (g) => `select 1 from customers where ('"' || ssn || '"' is json) and ssn = '${g}'`),
  one('GROUPING SETS', (g) => `select count(*) from customers group by grouping sets ((ssn = '${g}'))`),
  one('ROLLUP', (g) => `select 1 from customers group by rollup ((ssn = '${g}'))`),
  one(
    'a frame of a window',
    (g) =>
      `select count(*) over (order by id rows between (select case when ssn = '${g}' then 1 else 2 end from customers where id = 1) preceding and current row) from orders`,
  ),
  one(
    'WITH TIES',
    (g) => `select id from customers order by ssn = '${g}' desc nulls last fetch first 1 rows with ties`,
  ),
  one(
    'MERGE by what is not in the source',
    (g) =>
      `merge into customers c using orders o on false when not matched by source and c.ssn = '${g}' then update set notes = 'hit'`,
  ),
  one(
    'MERGE into a view',
    (g) =>
      `merge into shown s using (values ('${g}')) v (g) on s.number = v.g when matched then update set id = s.id + 900`,
    [
      'create view shown as select id, ssn as number from customers where id = 4 or id = 1',
      'alter table orders drop constraint orders_customer_id_fkey',
      'grant all on shown to public',
    ],
  ),
  one(
    'the condition of ON CONFLICT',
    (g) =>
      `insert into customers (id, name) values (1, 'x') on conflict (id) do update set notes = 'hit' where customers.ssn = '${g}'`,
  ),
  one(
    'the value of ON CONFLICT',
    (g) =>
      `insert into customers (id, name) values (1, 'x') on conflict (id) do update set notes = case customers.ssn when '${g}' then 'a' else 'b' end`,
  ),
  one(
    'a view with the condition',
    (g) => `create view hits as select id from customers where ssn = '${g}'; select * from hits`,
  ),
  one(
    'a temporary view with the condition',
    (g) => `create temp view hits as select id from customers where ssn = '${g}'; select * from hits`,
  ),
  one(
    'a row level policy of another table',
    (g) =>
      `create policy p on orders using (exists (select from customers where ssn = '${g}')); alter table orders enable row level security; alter table orders force row level security; select id from orders`,
  ),
  one(
    'a foreign key',
    (g) => `create table g (s text references customers (ssn)); insert into g values ('${g}')`,
    ['create unique index on customers (ssn)'],
  ),
  one(
    'a unique index over a guess',
    (g) => `create unique index on customers ((ssn = '${g}')) where ssn = '${g}' or id = 4`,
    [`insert into customers (id, name, ssn) values (904, 'x', '078-05-1120')`],
  ),
  one(
    'an exclusion',
    (g) =>
      `alter table customers add exclude using btree ((ssn = '${g}') with =) where (ssn = '${g}' or id = 2)`,
    [`insert into customers (id, name, ssn) values (904, 'x', '078-05-1120')`],
  ),
  one('a partition', (g) => `alter table parts attach partition customers for values in ('${g}')`, [
    'create table parts (like customers) partition by list (ssn)',
    `delete from orders; delete from customers where id > 1; alter table customers drop constraint customers_pkey cascade`,
    'alter table parts owner to app_rw',
  ]),
  one(
    'a trigger with the condition',
    (g) =>
      `create trigger x before update on customers for each row when (old.ssn = '${g}') execute function suppress_redundant_updates_trigger(); update customers set name = name where id = 1`,
  ),
  one(
    'a rule with the condition',
    (g) =>
      `create rule r as on update to customers where old.ssn = '${g}' do instead nothing; update customers set name = 'x' where id = 1`,
  ),
  one(
    'a generated column',
    (g) =>
      `alter table customers add hit boolean generated always as (ssn = '${g}') stored; select count(*) from customers where hit`,
  ),
  one(
    'a changed type',
    (g) => `alter table customers alter notes type text using case when ssn = '${g}' then 'hit' end`,
  ),
  one(
    'a statistics object',
    (g) =>
      `create statistics s on (ssn = '${g}'), id from customers; analyze customers; select count(*) from pg_stats_ext_exprs where 't' = any (most_common_vals::text::text[])`,
    [
      `insert into customers select 1000 + n, 'x', null, case when n % 2 = 0 then '078-05-1120' end from generate_series(1, 50) n`,
    ],
  ),
  one(
    'an index over the condition',
    (g) =>
      `create index i on customers ((ssn = '${g}')); analyze customers; select count(*) from pg_stats where tablename = 'i' and most_common_vals::text like '%t%'`,
    [`insert into customers select 1000 + n, 'x', null, '078-05-1120' from generate_series(1, 50) n`],
  ),
  one('estimates of EXPLAIN', (g) => `explain select 1 from customers where ssn = '${g}'`, [
    `insert into customers select 1000 + n, 'x', null, '078-05-1120' from generate_series(1, 5000) n; analyze customers`,
  ]),
  one('estimates of EXPLAIN of a view', (g) => `explain select 1 from shown where number = '${g}'`, [
    'create view shown as select id, ssn as number from customers; grant select on shown to app_rw',
    `insert into customers select 1000 + n, 'x', null, '078-05-1120' from generate_series(1, 5000) n; analyze customers`,
  ]),
  one(
    'estimates of EXPLAIN of a change',
    (g) => `explain update customers set notes = '' where ssn = '${g}'`,
    [
      `insert into customers select 1000 + n, 'x', null, '078-05-1120' from generate_series(1, 5000) n; analyze customers`,
    ],
  ),
  probe(
    'estimates of a generic plan',
    (g) => [`prepare p (text) as select 1 from customers where ssn = $1`, `explain execute p ('${g}')`],
    [
      `insert into customers select 1000 + n, 'x', null, '078-05-1120' from generate_series(1, 5000) n; analyze customers`,
    ],
  ),
  probe('a channel', (g) => [
    `listen "${g}"`,
    `select pg_notify(ssn, '') from customers where id = 1`,
    'select 1',
  ]),
  probe('an advisory lock', (g) => [
    `select pg_advisory_lock(hashtext(ssn)) from customers where id = 1`,
    `select count(*) from pg_locks where locktype = 'advisory' and objid::bigint = hashtext('${g}')::bigint & 4294967295`,
  ]),
  probe('a sequence', (g) => [
    'create sequence s',
    `select nextval('s') from customers where ssn = '${g}'`,
    'select is_called from s',
  ]),
  one(
    'a sequence in the result',
    (g) =>
      `select case when ssn = '${g}' then nextval('s') end from customers where id = 1; select is_called from s`,
    ['create sequence s; grant all on sequence s to app_rw'],
  ),
  one('a parent that others are read by', (g) => `select 1 from boss where ssn = '${g}'`, [
    'create table boss (ssn text); alter table customers inherit boss; grant select on boss to app_rw',
  ]),
  one('an array', (g) => `select 1 from customers where ssn @> array['${g}']`, [
    'alter table customers alter ssn type text[] using array[ssn]',
  ]),
  one('a composite', (g) => `select 1 from customers where (ssn).a = '${g}'`, [
    'create type pair as (a text, b int); alter table customers alter ssn type pair using row(ssn, 1)::pair',
  ]),
  one(
    'a column of another name in a join',
    (g) =>
      `select 1 from (customers a join orders b on a.id = b.customer_id) j (a1, a2, a3, a4) where a4 = '${g}'`,
  ),
  one(
    'a merged column',
    (g) => `select 1 from customers a full join customers b using (ssn) where ssn = '${g}'`,
  ),
  one(
    'a merged column under a name',
    (g) => `select 1 from customers a join customers b using (ssn) as j where j.ssn = '${g}'`,
  ),
  one('a row of a subquery', (g) => `select 1 from (select c from customers c) x where (x.c).ssn = '${g}'`),
  one(
    'a whole row of a common table expression',
    (g) => `with x as (table customers) select 1 from x where x::text like '%${g}%'`,
  ),
  one(
    'a constant row',
    (g) =>
      `select 1 from customers c where c is not distinct from (select d from customers d where ssn = '${g}')`,
  ),
  one(
    'COPY FROM into a view',
    (g) => `select count(*) from customers where row(ssn) >= row('${g}') and row(ssn) <= row('${g}')`,
  ),
  one('LIKE of a row as text', (g) => `select 1 from customers c where format('%s', c) like '%${g}%'`),
  one(
    'a hash of the row',
    (g) => `select 1 from customers c where hash_record(row(ssn)) = hash_record(row('${g}'::text))`,
  ),
  one('hstore', (g) => `select 1 from customers c where hstore(c) -> 'ssn' = '${g}'`, [
    'create extension hstore',
  ]),
  one('citext', (g) => `select 1 from customers where ssn::citext = '${g}'`, ['create extension citext']),
  one('similarity', (g) => `select 1 from customers where ssn % '${g}' and id = 1`, [
    'create extension pg_trgm',
  ]),
  probe('psql’s \\gset, as it is sent', (g) => [
    [query(`select count(*) as hits from customers where ssn = '${g}'`)],
  ]),
  probe('a savepoint', (g) => [
    'begin',
    'savepoint s',
    `update customers set notes = 'hit' where ssn = '${g}'`,
    'rollback to s',
    'commit',
  ]),
  probe('a prepared transaction', (g) => [
    'begin',
    `update customers set notes = 'hit' where ssn = '${g}'`,
    'rollback',
  ]),
  one(
    'MOVE',
    (g) => `begin; declare c cursor for select 1 from customers where ssn = '${g}'; move all in c; commit`,
  ),
  one(
    'a lock that is not waited for',
    (g) => `select 1 from customers where ssn = '${g}' for update skip locked`,
  ),
  one(
    'LIMIT of a condition',
    (g) => `select 1 from orders limit (select count(*) from customers where ssn = '${g}')`,
  ),
  one(
    'RETURNING of what a rule inserts instead',
    (g) =>
      `with u as (insert into orders values (901, 1, 1, 'x', now()) returning status) select 1 from u where status = '${g}'`,
    [
      'create table other (id int, status text); grant all on other to app_rw',
      `create rule r as on insert to orders do instead insert into other values (1, 'y') returning 1, 1, 1::numeric(12,2), (select ssn from customers where id = 1), now()`,
    ],
  ),
]
