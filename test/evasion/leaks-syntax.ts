// Ways to bring masked values out by code blocks, newer syntax, joins, types of extensions, and the order of messages.
import { bind, describe, execute, parse, query, sync } from '../support/pgwire/frontend.ts'
import { given, type Leak, leak, shows } from './case.ts'

const SSN = 'select ssn from customers where id = 1'

export const syntaxLeaks: readonly Leak[] = [
  leak(
    'a code block that stores',
    `do $$begin insert into orders select 901, 1, 1, ssn, now() from customers where id = 1; end$$`,
    'select status from orders where id = 901',
  ),
  leak(
    'a code block that makes a table',
    `do $$begin create table mine as select ssn as x from customers; end$$`,
    'select x from mine',
  ),
  leak(
    'a code block that makes a view',
    `do $$begin create view mine as select ssn as x from customers; end$$`,
    'select x from mine',
  ),
  leak(
    'a code block that sets',
    `do $$begin perform set_config('application_name', (select ssn from customers where id = 1), false); end$$`,
    'show application_name',
  ),
  leak(
    'a code block that prepares a cursor',
    `begin; do $$declare c refcursor := 'k'; begin open c for select ssn || '' from customers; end$$`,
    'fetch all from k',
    'commit',
  ),
  leak(
    'a code block that notifies',
    'listen c',
    `do $$begin perform pg_notify('c', (select ssn from customers where id = 1)); end$$`,
    'select 1',
  ),
  shows(
    /078-05-1120\|/,
    leak(
      'the name of a channel',
      'listen "078-05-1120"',
      `select pg_notify(ssn, '') from customers where id = 1`,
      'select 1',
    ),
  ),
  shows(
    /\D1120/,
    leak(
      'a value in a column with a mask that shows more',
      'update customers set card = ssn where id = 1',
      'select card from customers where id = 1',
    ),
  ),
  leak(
    'columns that are set together',
    'update customers a set (notes, name) = (select b.ssn, b.name from customers b where b.id = a.id)',
    'select notes from customers',
  ),
  leak(
    'columns that are set together from a row',
    'update customers set (notes, name) = row(ssn, name)',
    'select notes from customers',
  ),
  leak(
    'an element of an array',
    'alter table orders add column xs text[]',
    `update orders set xs[1] = (${SSN})`,
    'select xs from orders',
  ),
  leak(
    'MERGE RETURNING',
    `merge into customers c using (values (1)) v (a) on c.id = v.a when matched then update set notes = notes returning merge_action(), c.ssn || ''`,
  ),
  leak(
    'MERGE RETURNING of the old row',
    `merge into customers c using (values (1)) v (a) on c.id = v.a when matched then do nothing`,
    `merge into customers c using (values (1)) v (a) on c.id = v.a when matched then update set notes = notes returning old, new`,
  ),
  leak(
    'MERGE RETURNING in COPY',
    `copy (merge into customers c using (values (1)) v (a) on c.id = v.a when matched then update set notes = notes returning c.ssn) to stdout`,
  ),
  leak(
    'MERGE RETURNING in a common table expression',
    `with m as (merge into customers c using (values (1)) v (a) on c.id = v.a when matched then update set notes = notes returning c.ssn as s) select s from m`,
  ),
  leak(
    'DELETE RETURNING',
    `begin; alter table orders drop constraint orders_customer_id_fkey; delete from customers returning ssn || ''; rollback`,
  ),
  leak(
    'RETURNING of rows by other names',
    'update customers set notes = notes where id = 1 returning with (old as o, new as n) o.ssn, (n).card, o::text',
  ),
  leak('JSON_OBJECT', `select json_object('a': ssn) from customers`),
  leak('JSON_ARRAY of a query', 'select json_array(select ssn from customers)'),
  leak('JSON_ARRAYAGG', 'select json_arrayagg(ssn) from customers'),
  leak('JSON_OBJECTAGG', 'select json_objectagg(id: ssn) from customers'),
  leak('JSON_SCALAR and JSON_SERIALIZE', 'select json_serialize(json_scalar(ssn)) from customers'),
  leak('JSON_QUERY', `select json_query(to_jsonb(c), '$.ssn') from customers c`),
  leak('JSON_EXISTS with variables', `select json_query('[1]'::jsonb, '$x' passing ssn as x) from customers`),
  leak('XMLFOREST', 'select xmlforest(ssn) from customers'),
  leak('XMLPI', 'select xmlpi(name a, ssn) from customers'),
  leak('XMLSERIALIZE', 'select xmlserialize(content xmlelement(name a, ssn) as text) from customers'),
  leak('GROUPING SETS', 'select ssn, count(*) from customers group by grouping sets ((ssn), ())'),
  leak('CUBE', 'select ssn, card from customers group by cube (ssn, card)'),
  leak('a window of a whole row', 'select first_value(c) over (order by id) from customers c'),
  leak(
    'a range of rows',
    `select string_agg(ssn, ',') over (order by id rows between unbounded preceding and current row) from customers`,
  ),
  leak('ONLY', `select ssn || '' from only customers`),
  leak('an old star', `select ssn || '' from customers *`),
  leak(
    'a join under a name',
    `select j.ssn || '' from (customers a join orders b on a.id = b.customer_id) j`,
  ),
  leak('a merged column under a name', 'select j.ssn from customers a join customers b using (ssn) as j'),
  leak(
    'a right join that merges',
    `select ssn from (select '1'::text as ssn) x right join customers using (ssn)`,
  ),
  leak('a row of rows', 'select row(c, c) from customers c'),
  leak('a field of a row of an array', 'select (array_agg(c))[1].ssn from customers c'),
  leak('fields of a composite', 'select (c).* from (select customers as c from customers) x'),
  leak(
    'constants beside the fields of a composite',
    `select 'a', (c).*, 'b', 'c' from (select customers as c from customers) x`,
  ),
  leak(
    'constants beside a populated row',
    `select 'a', (json_populate_record(null::customers, to_json(c))).*, 1, 2, 3 from customers c`,
  ),
  leak('constants beside stars', `select 1, c.*, 2, o.*, 3 from customers c, orders o`),
  leak('unnest in the target list', 'select unnest(array[ssn, card]) from customers'),
  leak(
    'ROWS FROM',
    'select * from rows from (unnest(array(select ssn from customers)), generate_series(1, 2)) x',
  ),
  leak('WITH ORDINALITY', 'select * from unnest(array(select ssn from customers)) with ordinality'),
  leak('LATERAL VALUES', 'select v from customers, lateral (values (ssn), (card)) x (v)'),
  leak('a composite by its cast', `select ('(' || ssn || ')') from customers`),
  leak('a plan that was run', `explain (analyze, verbose) select (${SSN})::int`),
  leak(
    'a generic plan',
    `prepare p (int) as select ssn || '' from customers where id = $1`,
    'set plan_cache_mode = force_generic_plan',
    'execute p (1)',
  ),
  leak(
    'a cursor that scrolls',
    `begin; declare c scroll cursor for select ssn || '' from customers`,
    'fetch last from c',
    'fetch absolute 1 from c',
    'commit',
  ),
  leak(
    'a binary cursor',
    `begin; declare c binary cursor for select ssn || '' from customers`,
    'fetch all from c',
    'commit',
  ),
  leak(
    'a cursor without a transaction around',
    `declare c cursor with hold for select ssn || '' from customers; fetch all from c`,
  ),
  leak(
    'a statement prepared in a transaction that was rolled back',
    `begin; prepare p as select ssn || '' from customers; rollback`,
    'execute p',
  ),
  leak(
    'a savepoint',
    `begin; savepoint s; select name::int from customers`,
    `rollback to s; select ssn || '' from customers`,
    'commit',
  ),
  leak(
    'a temporary table by its name',
    `create temp table customers as select ssn as name from public.customers`,
    'select name from pg_temp.customers',
  ),
  leak(
    'a temporary view by its name',
    `create temp view orders as select ssn as status from customers`,
    'select status from orders',
  ),
  leak('two queries in one COPY', `copy (select ssn from customers) to stdout; copy (select 1) to stdout`),
  leak('COPY with a header', `copy (select ssn as x from customers) to stdout (format csv, header)`),
  leak('COPY of a table by its schema', `copy public.customers (ssn) to stdout`),
  leak('COPY of a whole row', 'copy (select c from customers c) to stdout'),
  given(
    'a value that is as long as a page',
    [`update customers set ssn = ssn || repeat('x', 9000) where id = 1`],
    `select ssn || '' from customers where id = 1`,
  ),
  given(
    'a column of a domain',
    ['create domain number as text', 'alter table customers alter ssn type number'],
    `select ssn from customers`,
    `select ssn || '' from customers`,
  ),
  given(
    'an array column',
    ['alter table customers alter ssn type text[] using array[ssn]'],
    'select ssn[1] from customers',
  ),
  given(
    'a slice of an array column',
    ['alter table customers alter ssn type text[] using array[ssn]'],
    'select ssn[1:1] from customers',
  ),
  given(
    'a composite column',
    [
      'create type pair as (a text, b int)',
      'alter table customers alter ssn type pair using row(ssn, 1)::pair',
    ],
    'select (ssn).a from customers',
  ),
  given('hstore', ['create extension hstore'], 'select hstore(c) from customers c'),
  given('hstore, each', ['create extension hstore'], 'select e.value from customers c, each(hstore(c)) e'),
  given('citext', ['create extension citext'], 'select ssn::citext from customers'),
  shows(
    /ada/,
    given('trigrams', ['create extension pg_trgm'], 'select show_trgm(email) from customers where id = 1'),
  ),
  given(
    'tablefunc',
    ['create extension tablefunc'],
    `select * from crosstab('select id, 1, ssn from customers order by 1') as x (a int, b text)`,
  ),
  given(
    'a label',
    [`comment on table orders is 'x'`],
    `select c.ssn || coalesce(obj_description('orders'::regclass), '') from customers c`,
  ),
  leak('a pipeline after an error', [
    parse({ sql: 'select 1/0' }),
    bind({}),
    execute(),
    sync(),
    parse({ sql: `select ssn || '' from customers` }),
    bind({}),
    execute(),
    sync(),
  ]),
  leak('names of no length', [
    parse({ name: '', sql: `select ssn || '' from customers` }),
    describe('S', ''),
    bind({ portal: '', statement: '' }),
    describe('P', ''),
    execute('', 0),
    sync(),
  ]),
  leak('an empty query between', [query(';'), query(`select ssn || '' from customers`)]),
  leak(
    'many results in one query',
    `select 1; select name from customers; select 2 as ssn; select ssn || '' from customers`,
  ),
]
