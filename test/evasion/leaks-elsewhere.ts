// Ways to bring masked values out beside results: errors, notices, COPY, statistics, settings, places that are not masked.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Leak } from './case.ts'

/** The first number as digits only. */
const DIGITS = /78051120/
const AS_NUMBER = `replace(ssn, '-', '')::bigint`

export const sideLeaks: readonly Leak[] = [
  { name: 'an error of a cast', steps: ['select email::int from customers'] },
  {
    name: 'an error of a cast in the extended protocol',
    steps: [[parse({ sql: 'select email::int from customers' }), bind({}), execute(), sync()]],
  },
  { name: 'an error of a cast in WHERE', steps: ['select 1 from customers where ssn::int > 0'] },
  { name: 'an error of a cast to json', steps: ['select email::json from customers'], shows: /ada/ },
  { name: 'an error of a cast to a relation', steps: ['select ssn::regclass from customers'] },
  {
    name: 'an error of a cast to a type',
    steps: ['select email::regtype from customers'],
    shows: /ada@example|"@"/,
  },
  { name: 'an error of a cast to a role', steps: ['select quote_ident(ssn)::regrole from customers'] },
  { name: 'an error of a cast to a function', steps: ['select ssn::regproc from customers'] },
  {
    name: 'an error of a cast to a text search configuration',
    steps: ['select quote_ident(ssn)::regconfig from customers'],
  },
  { name: 'an error that names a setting', steps: ['select current_setting(ssn) from customers'] },
  {
    name: 'an error that names a privilege’s table',
    steps: [`select has_table_privilege(quote_ident(ssn), 'select') from customers`],
  },
  { name: 'an error that names a time zone', steps: ['select now() at time zone ssn from customers'] },
  { name: 'an error of EXECUTE', steps: ['prepare p as select ssn::int from customers', 'execute p'] },
  {
    name: 'an error of a cursor',
    steps: ['begin; declare c cursor for select ssn::int from customers', 'fetch all from c', 'rollback'],
  },
  { name: 'the failing row of a constraint', steps: ['update customers set name = null where id = 1'] },
  { name: 'an index over a cast', steps: ['create index on customers ((ssn::int))'] },
  {
    name: 'a row level policy that fails',
    steps: [
      'create policy p on orders using (exists (select from customers where ssn::int > 0))',
      'alter table orders enable row level security; alter table orders force row level security',
      'select * from orders',
    ],
  },
  {
    name: 'the conflicting key of a deferred constraint',
    given: [
      `alter table customers add column span int8range`,
      `update customers set span = int8range(${AS_NUMBER}, ${AS_NUMBER} + 1) where id = 1`,
      'alter table customers add constraint apart exclude using gist (span with &&) deferrable initially deferred',
    ],
    steps: ['begin', `insert into customers (id, name, span) values (900, 'x', '[0,999999999)')`, 'commit'],
    shows: DIGITS,
  },
  {
    name: 'a notice of a code block',
    steps: [`do $$begin raise notice '%', (select ssn from customers where id = 1); end$$`],
  },
  {
    name: 'an error of a code block',
    steps: [`do $$begin raise exception '%', (select ssn from customers where id = 1); end$$`],
  },
  {
    name: 'a field of an error that a function raises',
    given: [
      `create function public.fails() returns void language plpgsql as $$begin raise exception 'no' using column = (select ssn from customers where id = 1); end$$`,
    ],
    steps: ['select public.fails()'],
  },
  { name: 'COPY of the table', steps: ['copy customers to stdout'] },
  { name: 'COPY of columns', steps: ['copy customers (id, ssn) to stdout with (format csv)'] },
  { name: 'COPY in binary', steps: ['copy customers (ssn) to stdout (format binary)'] },
  { name: 'COPY of a query', steps: ['copy (select ssn as x from customers) to stdout'] },
  {
    name: 'COPY in the extended protocol',
    steps: [[parse({ sql: 'copy customers to stdout' }), bind({}), execute(), sync()]],
  },
  {
    name: 'COPY of a view',
    given: ['create view people as select ssn as x from customers', 'grant select on people to app_rw'],
    steps: ['copy (select * from people) to stdout'],
  },
  {
    name: 'a view',
    given: ['create view people as select ssn as x from customers', 'grant select on people to app_rw'],
    steps: ['select x from people'],
  },
  {
    name: 'a view of a child of the table',
    given: [
      'create table old_customers () inherits (customers)',
      'insert into old_customers select * from only customers',
      'create view old as select ssn as x from old_customers',
      'grant select on old to app_rw',
    ],
    steps: ['select x from old'],
  },
  {
    name: 'a view of a view',
    given: [
      'create view a as select ssn as x from customers',
      'create view b as select x as y from a',
      'grant select on b to app_rw',
    ],
    steps: ['select y from b'],
  },
  {
    name: 'a materialized view',
    given: [
      'create materialized view kept as select ssn as x from customers',
      'grant select on kept to app_rw',
    ],
    steps: ['select x from kept'],
  },
  {
    name: 'a child table',
    given: [
      'create table vip () inherits (customers)',
      'insert into vip select * from only customers where id = 1',
      'grant select on vip to app_rw',
    ],
    steps: ['select ssn from vip'],
  },
  {
    name: 'a view made on the fly',
    steps: ['create view mine as select ssn as x from customers', 'select x from mine'],
  },
  {
    name: 'a temporary view',
    steps: ['create temp view mine as select ssn as x from customers', 'select x from mine'],
  },
  {
    name: 'CREATE TABLE AS',
    steps: ['create table mine as select ssn as x from customers', 'select x from mine'],
  },
  {
    name: 'SELECT INTO a temporary table',
    steps: ['select ssn as x into temp mine from customers', 'select x from mine'],
  },
  {
    name: 'CREATE TABLE AS EXECUTE',
    steps: [
      'prepare p as select ssn as x from customers',
      'create table mine as execute p',
      'select x from mine',
    ],
  },
  {
    name: 'a materialized view made on the fly',
    steps: ['create materialized view mine as select ssn as x from customers', 'select x from mine'],
  },
  {
    name: 'INSERT into a table without masks',
    steps: [
      `insert into orders select 900, 1, 0, ssn, now() from customers where id = 1`,
      'select status from orders',
    ],
  },
  {
    name: 'INSERT of a scalar subquery',
    steps: [
      `insert into orders values (900, 1, 0, (select ssn from customers where id = 1), now()) returning status`,
    ],
  },
  {
    name: 'UPDATE from a masked table',
    steps: [
      'update orders set status = c.ssn from customers c where c.id = 1 and customer_id = 1',
      'select status from orders',
    ],
  },
  {
    name: 'MERGE from a masked table',
    steps: [
      'merge into orders o using customers c on o.customer_id = c.id when matched then update set status = c.ssn',
      'select status from orders',
    ],
  },
  {
    name: 'UPDATE of a neighbouring column',
    steps: ['update customers set notes = ssn', 'select notes from customers'],
  },
  {
    name: 'UPDATE of a neighbouring column with the row',
    steps: ['update customers c set notes = c::text', 'select notes from customers'],
  },
  {
    name: 'UPDATE of a neighbouring column with the row as JSON',
    steps: ['update customers set data = to_jsonb(customers)', 'select data from customers'],
  },
  {
    name: 'INSERT of the table into itself',
    steps: [
      'insert into customers (id, name, notes) select i + 900, n, s from (table customers) t (i, n, e, s)',
      'select notes from customers',
    ],
  },
  {
    name: 'ON CONFLICT with the row that is there',
    steps: [
      `insert into customers (id, name) values (1, 'x') on conflict (id) do update set notes = customers.ssn returning notes`,
    ],
  },
  {
    name: 'a prepared UPDATE',
    steps: [
      [parse({ sql: 'update customers set notes = ssn' }), bind({}), execute(), sync()],
      'select notes from customers',
    ],
  },
  {
    name: 'a renamed column',
    steps: ['alter table customers rename column ssn to code', 'select code from customers'],
  },
  { name: 'a renamed table', steps: ['alter table customers rename to people', 'select ssn from people'] },
  {
    name: 'a view inside CREATE SCHEMA',
    steps: [
      'create schema hides create view v as select ssn as code from customers',
      'select code from hides.v',
    ],
  },
  {
    name: 'a default and a view inside CREATE SCHEMA, on a path',
    steps: [
      'set search_path = pg_catalog',
      `create schema hides create table t (a int default 1) create view v as select ssn || '' as code from t, public.customers c`,
      'insert into hides.t default values',
      'select code from hides.v',
    ],
  },
  {
    name: 'a table in another schema',
    given: ['create schema other authorization app_rw'],
    steps: ['alter table customers set schema other', 'select ssn from other.customers'],
  },
  {
    name: 'a generated column',
    steps: [
      'alter table customers add column code text generated always as (ssn) stored',
      'select code from customers',
    ],
  },
  {
    name: 'a generated column that is there, stored elsewhere',
    given: [`alter table customers add column code text generated always as (ssn || '') stored`],
    steps: ['update customers set notes = code', 'select notes from customers'],
  },
  {
    name: 'a changed type',
    steps: ['alter table customers alter column notes type text using ssn', 'select notes from customers'],
  },
  {
    name: 'a partition detached',
    given: [
      'create table parts (id int, ssn text) partition by list (id)',
      'alter table customers drop constraint customers_pkey cascade',
      `create table part1 partition of parts for values in (1)`,
      `insert into parts values (1, '078-05-1120')`,
      'alter table parts owner to app_rw',
      'alter table part1 owner to app_rw',
      'alter table customers rename to old',
      'alter table parts rename to customers',
    ],
    steps: ['alter table customers detach partition part1', 'select ssn from part1'],
  },
  {
    name: 'a trigger that copies columns',
    steps: [
      'alter table customers add column words tsvector',
      `create trigger copies before update on customers for each row execute function tsvector_update_trigger(words, 'pg_catalog.simple', email)`,
      'update customers set email = email',
      'select words from customers',
    ],
  },
  {
    name: 'a function that stores values',
    steps: [
      'create table stash (v text)',
      `create function pg_temp.stores() returns void language sql as 'insert into public.stash select ssn from public.customers'`,
      'select pg_temp.stores()',
      'select v from stash',
    ],
  },
  {
    name: 'a trigger function that stores values',
    steps: [
      'create table stash (v text)',
      `create function spies() returns trigger language plpgsql as $$begin new.v := (select ssn from public.customers where id = 1); return new; end$$`,
      'create trigger spies before insert on stash for each row execute function spies()',
      `insert into stash values ('')`,
      'select v from stash',
    ],
  },
  {
    name: 'an own function under the name of a harmless one',
    steps: [
      `create function public.upper(customers) returns text language sql immutable as 'select $1.ssn'`,
      'create table stash (v text)',
      'insert into stash select upper(c) from customers c',
      'select v from stash',
    ],
  },
  {
    name: 'a rule that stores values',
    steps: [
      'create table stash (v text)',
      'create rule r as on update to orders do also insert into stash select ssn from customers',
      'update orders set total = total',
      'select v from stash',
    ],
  },
  {
    name: 'NOTIFY',
    steps: ['listen ch', `select pg_notify('ch', ssn) from customers where id = 1`, 'select 1'],
  },
  {
    name: 'NOTIFY in a function of somebody else',
    given: [
      `create function public.tells() returns void language sql as $$select pg_notify('ch', ssn) from customers where id = 1$$`,
    ],
    steps: ['listen ch', 'select public.tells()', 'select 1'],
  },
  {
    name: 'a setting that the server reports',
    steps: [`select set_config('application_name', ssn, false) from customers where id = 1`],
  },
  {
    name: 'a setting of its own',
    steps: [`select set_config('my.value', ssn, false) from customers where id = 1`, 'show my.value'],
  },
  {
    name: 'the reason that a session states',
    steps: [
      `select set_config('chaperone.reason', ssn, false) from customers where id = 1`,
      'show chaperone.reason',
    ],
  },
  {
    name: 'a setting read back',
    steps: [
      `select set_config('default_text_search_config', 'simple', false), set_config('application_name', string_agg(ssn, ' '), false) from customers`,
      `select current_setting('application_name')`,
    ],
  },
  {
    name: 'a sequence',
    steps: [
      'create sequence s',
      `select setval('s', ${AS_NUMBER}) from customers where id = 1`,
      'select last_value from s',
    ],
    shows: DIGITS,
  },
  {
    name: 'an advisory lock',
    steps: [
      `select pg_advisory_lock(${AS_NUMBER}) from customers where id = 1`,
      `select objid from pg_locks where locktype = 'advisory'`,
    ],
    shows: DIGITS,
  },
  {
    name: 'a large object',
    steps: [
      'begin',
      `select lo_from_bytea(424242, ssn::bytea) from customers where id = 1`,
      `select convert_from(lo_get(424242), 'UTF8')`,
      'commit',
    ],
  },
  {
    name: 'statistics',
    steps: ['analyze customers', `select histogram_bounds from pg_stats where tablename = 'customers'`],
  },
  {
    name: 'statistics with the names of the catalog',
    steps: [
      'analyze customers',
      `select s.histogram_bounds::text from pg_catalog.pg_stats s where s.attname = 'ssn'`,
    ],
  },
  {
    name: 'statistics by COPY',
    steps: [
      'analyze customers',
      `copy (select histogram_bounds::text from pg_stats where attname = 'ssn') to stdout`,
    ],
  },
  {
    name: 'statistics kept in a table',
    steps: [
      'analyze customers',
      `create table mine as select histogram_bounds::text as h from pg_stats where attname = 'ssn'`,
      'select h from mine',
    ],
  },
  {
    name: 'statistics of the catalog by COPY',
    steps: [
      'analyze customers',
      `copy (select histogram_bounds::text from pg_catalog.pg_stats where attname = 'ssn') to stdout`,
    ],
  },
  {
    name: 'statistics of the catalog kept in a table',
    steps: [
      'analyze customers',
      `create table mine as select histogram_bounds::text as h from pg_catalog.pg_stats where attname = 'ssn'`,
      'select h from mine',
    ],
  },
  {
    name: 'statistics by a view',
    given: [
      `create view sampled as select histogram_bounds::text from pg_stats where attname = 'ssn'`,
      'grant select on sampled to app_rw',
    ],
    steps: ['analyze customers', 'select * from sampled'],
  },
  {
    name: 'a row stored by EXPLAIN ANALYZE',
    steps: ['explain analyze update customers c set notes = c::text', 'select notes from customers'],
  },
  {
    name: 'a row of a join',
    steps: [
      'update customers k set data = to_jsonb(j) from (customers a join orders b on true) j where true',
      'select data from customers',
    ],
  },
  {
    name: 'a view that has other names for its columns',
    given: [
      'create view renamed as select id, ssn as s, notes from customers',
      'alter view renamed owner to app_rw',
    ],
    steps: ['update renamed set notes = s', 'select notes from customers'],
  },
  {
    name: 'a conflict in a view that has other names for its columns',
    given: [
      'create view renamed as select id, name, ssn as s, notes from customers',
      'alter view renamed owner to app_rw',
    ],
    steps: [
      `insert into renamed (id, name) values (1, 'x') on conflict (id) do update set notes = renamed.s`,
      'select notes from customers',
    ],
  },
  {
    name: 'a renamed schema',
    steps: ['alter schema public rename to secluded', 'select ssn from secluded.customers'],
  },
  ...[
    { name: 'by COPY', steps: ['copy (select peek()) to stdout'] },
    { name: 'kept in a table', steps: ['create table mine as select peek() as x', 'select x from mine'] },
    {
      name: 'inserted',
      steps: ['create table stash (v text)', 'insert into stash select peek()', 'select v from stash'],
    },
    { name: 'by UPDATE', steps: ['update orders set status = peek()', 'select status from orders'] },
    {
      name: 'as a default',
      steps: [
        'create table stash (a int, v text default peek())',
        'insert into stash (a) values (1)',
        'select v from stash',
      ],
    },
    { name: 'as a setting', steps: [`select set_config('application_name', peek(), false)`] },
  ].map(({ name, steps }) => ({
    name: `the result of a function ${name}`,
    given: [`create function peek() returns text language sql as 'select ssn from customers where id = 1'`],
    steps,
  })),
  {
    name: 'the seed of random numbers',
    steps: [
      'select setseed(substr(ssn, 1, 3)::float8 / 1000) from customers where id = 1',
      'select random()',
    ],
    shows: /0\.9280361503778642/,
  },
  {
    name: 'the old row of an update, stored',
    steps: [
      `with x as (update customers set name = name where id = 1 returning old as r)
        update customers set notes = x.r::text from x where customers.id = 2`,
      'select notes from customers',
    ],
  },
  {
    name: 'the old row of an update under another name, stored',
    steps: [
      `with x as (update customers set name = name where id = 1 returning with (old as before) before as r)
        update customers set notes = x.r::text from x where customers.id = 2`,
      'select notes from customers',
    ],
  },
]
