// Ways to bring masked values out by what few statements use: SQL/JSON, recursion that records its way, types and rows of other
// relations, statistics under other names, plans, and portals between each other.
import { bind, close, describe, execute, flush, parse, sync } from '../support/pgwire/frontend.ts'
import { given, type Leak, leak } from './case.ts'

const SSN = '(select ssn from customers where id = 1)'
const PEEK = `create function peek() returns text immutable language sql as 'select ssn from public.customers where id = 1'`
const RLS = 'alter table orders enable row level security; alter table orders force row level security'

export const newerLeaks: readonly Leak[] = [
  leak(
    'the order that SEARCH records',
    'with recursive r (s) as (select ssn from customers union all select s from r where false) search depth first by s set ord select ord from r',
  ),
  leak(
    'the path that CYCLE records',
    'with recursive r (s) as (select ssn from customers union all select s from r where false) cycle s set c using p select p from r',
  ),
  leak(
    'JSON_ARRAY of a query in RETURNING',
    'update orders set total = total where id = 10 returning json_array(select ssn from customers)',
  ),
  leak(
    'a subquery in RETURNING of MERGE',
    `merge into orders o using (values (10)) v (i) on o.id = v.i when matched then update set total = total returning ${SSN}`,
  ),
  leak(
    'nested columns of JSON_TABLE',
    `select * from json_table((select json_agg(ssn) from customers), '$[*]' columns (n for ordinality, v text path '$' default 'x' on empty, nested path '$' columns (w text path '$')))`,
  ),
  leak(
    'a wrapper of JSON_TABLE',
    `select * from json_table((select json_agg(ssn) from customers), '$[*]' columns (e boolean exists path '$ ? (@ starts with "078")', j json path '$' with wrapper))`,
  ),
  leak(
    'XMLTABLE with namespaces',
    `select * from xmltable(xmlnamespaces('http://x' as x), '/x:r/x:v' passing (select xmlelement(name r, xmlattributes('http://x' as xmlns), xmlagg(xmlelement(name v, ssn))) from customers) columns v text path '.', o for ordinality)`,
  ),
  leak(
    'ROWS FROM with definitions',
    'select * from rows from (json_to_recordset((select json_agg(c) from customers c)) as (ssn text), generate_series(1, 3)) with ordinality as x (a, b, c)',
  ),
  leak(
    'a row populated of the type of another table',
    `select (jsonb_populate_record(null::orders, jsonb_build_object('status', ssn))).status from customers`,
  ),
  leak(
    'rows populated of the type of another table',
    `select r.status from json_populate_recordset(null::orders, (select json_agg(json_build_object('status', ssn)) from customers)) r`,
  ),
  leak(
    'a row cast to a type with other names',
    'create type shape as (a int, b text, c text, d text, e text, f date, g numeric, h text, i jsonb)',
    'select (c::text::shape).d from customers c',
  ),
  leak(
    'the message of pg_input_error_info',
    `select (pg_input_error_info(ssn, 'int')).message from customers where id = 1`,
  ),
  given(
    'COPY of a materialized view',
    ['create materialized view kept as select ssn as x from customers', 'grant select on kept to app_rw'],
    'copy kept to stdout',
  ),
  given(
    'statistics under other names',
    [
      `create view st (a, b, c) as select tablename, attname, histogram_bounds::text from pg_stats; grant select on st to app_rw; analyze customers`,
    ],
    'select c from st',
  ),
  given(
    'statistics kept in a materialized view',
    [
      `analyze customers; create materialized view st as select attname as a, histogram_bounds::text as b from pg_stats where tablename = 'customers'; grant select on st to app_rw`,
    ],
    'select b from st',
  ),
  leak('statistics as a row', 'analyze customers', 'select row_to_json(s) from pg_catalog.pg_stats as s'),
  given('the plan of a function', [PEEK], 'explain verbose select from orders where status = peek()'),
  given(
    'the plan of a policy',
    [PEEK, `create policy p on orders using (status <> peek()); ${RLS}`],
    'explain verbose select status from orders',
  ),
  leak('values in both formats', [
    parse({ sql: 'select id, ssn, name, card, email from customers' }),
    bind({ resultFormats: [1, 0, 0, 1, 0] }),
    describe('P'),
    execute(),
    sync(),
  ]),
  leak('portals row by row between each other', [
    parse({ name: 'a', sql: 'select ssn, name from customers' }),
    parse({ name: 'b', sql: 'select name, ssn from customers' }),
    bind({ portal: 'a', statement: 'a' }),
    bind({ portal: 'b', statement: 'b', resultFormats: [1] }),
    execute('a', 1),
    execute('b', 1),
    flush(),
    execute('a', 1),
    describe('P', 'a'),
    execute('b', 0),
    execute('a', 0),
    close('P', 'a'),
    flush(),
    sync(),
  ]),
  leak('a portal that is bound to another statement between rows', [
    parse({ name: 'a', sql: 'select name, ssn from customers' }),
    parse({ name: 'b', sql: 'select ssn, name from customers' }),
    bind({ portal: 'p', statement: 'a' }),
    describe('P', 'p'),
    execute('p', 1),
    close('P', 'p'),
    bind({ portal: 'p', statement: 'b' }),
    execute('p', 0),
    sync(),
  ]),
]
