// Ways to bring masked values out as results: expressions, rows made of rows, other formats, cursors, prepared statements.
import {
  bind,
  close,
  describe,
  execute,
  flush,
  functionCall,
  parse,
  query,
  sync,
} from '../support/pgwire/frontend.ts'
import type { Leak } from './case.ts'

const BINARY = { resultFormats: [1] }
const SSN = 'select ssn from customers where id = 1'
/** query_to_xml(query, nulls, tableforest, targetns): its OID in every release since 8.3. */
const QUERY_TO_XML = 2924

export const resultLeaks: readonly Leak[] = [
  { name: 'an alias', steps: ['select ssn as name from customers'] },
  { name: 'the alias of another column of the table', steps: ['select ssn as id, id as ssn from customers'] },
  { name: 'concatenation', steps: [`select ssn || '' from customers`] },
  { name: 'row_to_json', steps: ['select row_to_json(c) from customers c'] },
  { name: 'the row as a value', steps: ['select c from customers c'] },
  { name: 'the row as text', steps: ['select c::text from customers c'] },
  { name: 'a field of the row in parentheses', steps: ['select (c).ssn from customers c'] },
  { name: 'an array of values', steps: ['select array_agg(ssn) from customers'] },
  { name: 'string_agg', steps: [`select string_agg(email, ',') from customers`] },
  { name: 'jsonb_object_agg', steps: ['select jsonb_object_agg(id, ssn) from customers'] },
  { name: 'reverse', steps: ['select reverse(email) from customers'], shows: /moc\.elpmaxe@ada/ },
  {
    name: 'base64',
    steps: [`select encode(email::bytea, 'base64') from customers where id = 1`],
    shows: /YWRhQGV4YW1wbGUuY29t/,
  },
  {
    name: 'substr, piece by piece',
    steps: ['select substr(ssn, 1, 5), substr(ssn, 6) from customers where id = 1'],
    shows: /078-0/,
  },
  { name: 'max', steps: ['select max(card) from customers'], shows: /5500005555555559/ },
  ...['stored', 'virtual'].map((kind) => ({
    name: `a generated column, ${kind}`,
    given: [`alter table customers add column code text generated always as (ssn || '') ${kind}`],
    steps: ['select code from customers'],
  })),
  { name: 'a scalar subquery', steps: [`select (${SSN})`] },
  {
    name: 'a derived table with other names',
    steps: ['select a.d from (table customers) as a (x, b, c, d)'],
  },
  { name: 'a common table expression', steps: ['with c (a) as (select ssn from customers) select a from c'] },
  {
    name: 'a recursive common table expression',
    steps: [
      'with recursive r (a, n) as (select ssn, 0 from customers union all select a, n + 1 from r where n < 1) select a from r',
    ],
  },
  {
    name: 'UNION with an unmasked column',
    steps: ['select name from customers union all select ssn from customers'],
  },
  {
    name: 'INTERSECT of a column with itself',
    steps: ['select ssn from customers intersect select ssn from customers'],
  },
  { name: 'a window frame', steps: ['select first_value(ssn) over (order by id) from customers'] },
  { name: 'lag over a window', steps: ['select lag(ssn) over (order by id) from customers'] },
  { name: 'VALUES with a subquery', steps: [`values ((${SSN}))`] },
  { name: 'a lateral join', steps: ['select l.v from customers c, lateral (select c.ssn as v) l'] },
  {
    name: 'a join that merges columns',
    steps: ['select ssn from customers full join customers c2 using (ssn)'],
  },
  { name: 'unnest of an array', steps: ['select u from unnest(array(select ssn from customers)) u'] },
  {
    name: 'json_to_recordset',
    steps: ['select r.ssn from json_to_recordset((select json_agg(c) from customers c)) as r (ssn text)'],
  },
  {
    name: 'JSON_TABLE',
    steps: [
      `select j.v from json_table((select jsonb_agg(to_jsonb(c)) from customers c), '$[*]' columns (v text path '$.ssn')) j`,
    ],
  },
  {
    name: 'XMLTABLE',
    steps: [
      `select x.v from xmltable('/r/v' passing (select xmlelement(name r, xmlagg(xmlelement(name v, ssn))) from customers) columns v text path '.') x`,
    ],
  },
  {
    name: 'RETURNING of an update',
    steps: ['update customers set notes = notes where id = 1 returning ssn'],
  },
  {
    name: 'RETURNING of the old row',
    steps: ['update customers set notes = notes where id = 1 returning old.ssn, (new).card'],
  },
  {
    name: 'RETURNING inside a common table expression',
    steps: ['with u as (update customers set notes = notes returning ssn as s) select s from u'],
  },
  { name: 'a quoted identifier with escapes', steps: ['select U&"\\0073sn" from U&"\\0063ustomers"'] },
  { name: 'the schema before the name', steps: ['select public.customers.ssn from public.customers'] },
  { name: 'TABLE', steps: ['table customers'] },
  { name: 'TABLESAMPLE', steps: ['select ssn || $$$$ from customers tablesample system (100)'] },
  {
    name: 'the second statement of a query',
    steps: [`select name from customers; select ssn || '' from customers`],
  },
  {
    name: 'a cursor',
    steps: [`begin; declare c cursor for select ssn || '' from customers`, 'fetch all from c', 'commit'],
  },
  {
    name: 'a cursor made again under its name',
    steps: [
      'begin; declare c cursor for select name from customers',
      'close c; declare c cursor for select ssn as name from customers; fetch all from c',
      'commit',
    ],
  },
  {
    name: 'a cursor that outlives its transaction',
    steps: ['declare h cursor with hold for select email from customers', 'fetch all from h', 'close h'],
  },
  { name: 'PREPARE and EXECUTE', steps: [`prepare p as select ssn || '' from customers`, 'execute p'] },
  {
    name: 'EXECUTE of a name prepared twice',
    steps: [
      'prepare p as select name from customers; deallocate p; prepare p as select ssn from customers',
      'execute p',
    ],
  },
  {
    name: 'EXPLAIN ANALYZE of an error',
    steps: ['explain (analyze, verbose) select ssn::int from customers'],
  },
  { name: 'binary format', steps: [[parse({ sql: SSN }), bind(BINARY), describe('P'), execute(), sync()]] },
  {
    name: 'binary format of a row',
    steps: [[parse({ sql: 'select c from customers c' }), bind(BINARY), describe('P'), execute(), sync()]],
  },
  {
    name: 'a prepared statement executed again without Describe',
    steps: [
      [parse({ name: 's', sql: SSN }), describe('S', 's'), sync()],
      [bind({ statement: 's' }), execute(), sync()],
      [bind({ statement: 's', ...BINARY }), execute(), sync()],
    ],
  },
  {
    name: 'no Describe at all',
    steps: [[parse({ sql: `select ssn || '' from customers` }), bind({}), execute(), sync()]],
  },
  {
    name: 'a portal read row by row',
    steps: [
      [
        parse({ sql: 'select ssn from customers' }),
        bind({ portal: 'p' }),
        execute('p', 1),
        execute('p', 1),
        execute('p', 1),
        sync(),
      ],
    ],
  },
  {
    name: 'a portal read with FETCH',
    steps: [
      'begin',
      [parse({ sql: `select ssn || '' from customers` }), bind({ portal: 'p' }), sync()],
      'fetch all from p',
      'commit',
    ],
  },
  {
    name: 'a statement of the protocol run with EXECUTE',
    steps: [[parse({ name: 'sp', sql: `select ssn || '' from customers` }), sync()], 'execute sp'],
  },
  {
    name: 'a statement of SQL run by the protocol',
    steps: ['prepare q as select ssn from customers', [bind({ statement: 'q' }), execute(), sync()]],
  },
  {
    name: 'a cursor of SQL run by the protocol',
    steps: ['begin; declare k cursor for select ssn from customers', [execute('k'), sync()], 'commit'],
  },
  {
    name: 'two statements under one name in one segment',
    steps: [
      [
        parse({ name: 't', sql: 'select name from customers' }),
        bind({ portal: 'a', statement: 't' }),
        describe('P', 'a'),
        close('S', 't'),
        parse({ name: 't', sql: SSN }),
        bind({ portal: 'b', statement: 't' }),
        execute('a'),
        execute('b'),
        sync(),
      ],
    ],
  },
  {
    name: 'a name whose making over failed half way',
    steps: [
      [parse({ name: 'u', sql: SSN }), sync()],
      [
        parse({ name: 'x', sql: 'select no_such_column' }),
        close('S', 'u'),
        parse({ name: 'u', sql: 'select name from customers' }),
        sync(),
      ],
      [bind({ statement: 'u' }), execute(), sync()],
    ],
  },
  {
    name: 'a pipeline without Sync between',
    steps: [
      [
        parse({ sql: 'select name from customers' }),
        bind({}),
        describe('P'),
        execute(),
        parse({ sql: SSN }),
        bind(BINARY),
        execute(),
        flush(),
        sync(),
      ],
    ],
  },
  {
    name: 'a pipeline of segments',
    steps: [
      [query('select name from customers'), parse({ sql: SSN }), bind({}), execute(), sync(), query(SSN)],
    ],
  },
  {
    name: 'a function called by its OID',
    steps: [[functionCall({ function: QUERY_TO_XML, values: ['select * from customers', 't', 't', ''] })]],
  },
  { name: 'query_to_xml', steps: [`select query_to_xml('select * from customers', true, true, '')`] },
  { name: 'table_to_xml', steps: [`select table_to_xml('customers', true, true, '')`] },
  { name: 'schema_to_xml', steps: [`select schema_to_xml('public', true, true, '')`] },
  {
    name: 'cursor_to_xml',
    steps: [
      'begin; declare k cursor for select ssn from customers',
      `select cursor_to_xml('k', 10, true, true, '')`,
      'commit',
    ],
  },
  {
    name: 'ts_stat by the notation of a column',
    steps: [`select (('select ssn::tsvector from customers'::text).ts_stat).word`],
  },
  {
    name: 'ts_stat by the notation of a column of FROM',
    steps: [`select (s.ts_stat).word from lower('select ssn::tsvector from customers') as s`],
  },
  { name: 'the row by the notation of a column', steps: ['select c.quote_literal from customers c'] },
  { name: 'the row as JSON by the notation of a column', steps: ['select c.row_to_json from customers c'] },
  {
    name: 'ts_stat',
    steps: [`select word from ts_stat('select to_tsvector(ssn) from customers')`],
    shows: /1120/,
  },
  {
    name: 'a union under a constant',
    steps: [`select 'x' from orders where false union all select ssn from customers where id = 1`],
  },
  {
    name: 'the place of a constant behind a star',
    steps: [`select *, ssn || '', card || '', 1, 2, 3, 4, 5 from customers where id = 1`],
  },
  {
    name: 'the place of a constant of another statement',
    steps: [`select 'x' from customers limit 1; select ssn || '' from customers where id = 1`],
  },
  {
    name: 'a prepared constant whose name SQL gave to another statement',
    steps: [
      [parse({ name: 's', sql: `select 'x' from customers` }), sync()],
      `deallocate s; prepare s as select ssn || '' from customers where id = 1`,
      [bind({ statement: 's' }), execute(), sync()],
    ],
  },
  {
    name: 'a portal of a constant whose name SQL gave to a cursor',
    steps: [
      'begin',
      [parse({ sql: `select 'x' from customers` }), bind({ portal: 'k' }), sync()],
      `close k; declare k cursor for select ssn || '' from customers where id = 1`,
      [describe('P', 'k'), execute('k'), sync()],
    ],
  },
  {
    name: 'a prepared constant that is closed and prepared again in one write',
    steps: [
      [parse({ name: 's', sql: `select 'x' from customers` }), sync()],
      [
        close('S', 's'),
        parse({ name: 's', sql: `select ssn || '' from customers where id = 1` }),
        bind({ statement: 's' }),
        describe('P'),
        execute(),
        sync(),
      ],
    ],
  },
]
