// Ways to bring values past detectors, which see neither columns nor statements, only what the client is sent.
import { bind, execute, flush, parse, query, sync } from '../support/pgwire/frontend.ts'
import { type Leak, leak, shows } from './case.ts'

const PEM = `'-----BEGIN PRIVATE ' || E'KEY-----\\nTUlJRXBBSUJBQUtDQVFFQQ==\\n-----END PRIVATE KEY-----'`
const BODY = /TUlJRXBBSUJBQUtDQVFFQQ/

const inFormat = (sql: string, format: 0 | 1) => [
  [parse({ sql }), bind({ resultFormats: [format] }), execute(), sync()],
]
/** Bytes as they are seen: one character each. */
const bytes = (hex: string) =>
  new RegExp(
    Buffer.from(hex, 'hex')
      .toString('latin1')
      .replace(/[.*+?()[\]{}|\\^$]/g, '\\$&'),
  )

const CARD = 'select card from customers where id = 1'

/** What the mask says that identifiers of the team's own look like: `EMP-` and six digits. */
const EMPLOYEE = /EMP-123456/
const ofOwn = (how: string, ...steps: Leak['steps']): Leak =>
  shows(EMPLOYEE, leak(`an identifier of one's own ${how}`, ...steps))

const own: readonly Leak[] = [
  ofOwn('made of two pieces', `select 'EMP-' || 123456`),
  ofOwn('in a sentence', `select 'by (EMP-' || 123456 || ').'`),
  ofOwn('behind a prefix like it', `select 'EMP-EMP-' || 123456`),
  ofOwn('in an array', `select array['a', 'EMP-' || 123456]`),
  ofOwn('in a row in binary', ...inFormat(`select row(1, 'EMP-' || 123456)`, 1)),
  ofOwn('in JSON', `select json_build_object('EMP-' || 123456, 1)`),
  ofOwn('in COPY', `copy (select 'EMP-' || 123456, 2) to stdout csv`),
  ofOwn('in an error', `select ('EMP-' || 123456)::int`),
  shows(
    /EMP\\\\u002d123456|EMP\\u002d123456/,
    leak(
      'an escaped one of one’s own',
      `select replace(to_json('EMP-' || 123456)::text, '-', '\\u002d')::json`,
    ),
  ),
  shows(
    /acme\\\/key-123456/,
    leak(
      'one of one’s own with a slash that JSON escapes',
      `select replace(to_json('acme/key-' || 123456)::text, '/', '\\/')::json`,
    ),
  ),
  shows(/454d502d313233343536/, leak('bytes of one of one’s own', `select ('EMP-' || 123456)::bytea`)),
]

export const detected: readonly Leak[] = [
  { name: 'the value itself', steps: [CARD] },
  { name: 'the value in the extended protocol', steps: inFormat(CARD, 0) },
  { name: 'the value in binary', steps: inFormat(CARD, 1) },
  { name: 'another name', steps: ['select ssn as total, email as id from customers'] },
  {
    name: 'another name with a cast',
    steps: ['select ssn::varchar(20) as x, email::char(60) from customers'],
  },
  { name: 'a prefix', steps: [`select 'x' || card || 'y' from customers`] },
  { name: 'a prefix without a space', steps: [`select 'mail' || email from customers`] },
  { name: 'a suffix of digits', steps: [`select email || '1' from customers`] },
  { name: 'a list in one text', steps: [`select string_agg(card, ',') from customers`] },
  { name: 'an array', steps: ['select array_agg(card) from customers'] },
  { name: 'an array in binary', steps: inFormat('select array_agg(email) from customers', 1) },
  {
    name: 'an array of arrays as text',
    steps: ['select array[array_agg(ssn), array_agg(email)]::text from customers'],
  },
  { name: 'a row', steps: ['select c from customers c'] },
  { name: 'a row in binary', steps: inFormat('select row(ssn, email) from customers', 1) },
  { name: 'JSON', steps: ['select to_jsonb(c) from customers c'] },
  { name: 'JSON in binary', steps: inFormat('select to_jsonb(c) from customers c', 1) },
  { name: 'a key of JSON', steps: ['select json_build_object(email, 1) from customers'] },
  {
    name: 'a number in JSON',
    steps: ['select json_build_object(1, card::bigint) from customers'],
  },
  {
    name: 'an escape of JSON',
    steps: [`select replace(to_json(card)::text, '411', '\\u0034\\u00311')::json from customers`],
    shows: /\\u0034\\u00311\d{13}/,
  },
  { name: 'JSON in a text', steps: [`select to_json(to_json(email)::text)::text from customers`] },
  { name: 'XML', steps: ['select xmlelement(name c, card) from customers'] },
  { name: 'XML of a query', steps: [`select query_to_xml('select ssn from customers', true, true, '')`] },
  { name: 'a number', steps: ['select card::bigint from customers where id = 1'] },
  {
    name: 'a number in binary',
    steps: inFormat('select card::bigint from customers where id = 1', 1),
    shows: bytes('000e9b08a568f1c7'),
  },
  { name: 'a decimal number', steps: ['select card::numeric(30,2) from customers where id = 1'] },
  {
    name: 'a decimal number in binary',
    steps: inFormat('select card::numeric(30,2) from customers where id = 1', 1),
    shows: bytes('100f045704570457'),
  },
  {
    name: 'a float',
    steps: ['select card::float8 from customers where id = 1'],
    shows: /4\.111111111111111e/,
  },
  {
    name: 'a float in binary',
    steps: inFormat('select card::float8 from customers where id = 1', 1),
    shows: bytes('432d36114ad1e38e'),
  },
  {
    name: 'a float in JSON',
    steps: ['select to_json(card::float8) from customers where id = 1'],
    shows: /4\.?111111111111111/,
  },
  {
    name: 'a number in a row in binary',
    steps: inFormat('select row(1, row(card::bigint)) from customers where id = 1', 1),
    shows: bytes('000e9b08a568f1c7'),
  },
  {
    name: 'a number in an array of rows in binary',
    steps: inFormat('select array_agg(row(card::bigint)) from customers where id = 1', 1),
    shows: bytes('000e9b08a568f1c7'),
  },
  { name: 'a range', steps: ['select int8range(card::bigint, null) from customers where id = 1'] },
  {
    name: 'a range in binary',
    steps: inFormat('select int8range(card::bigint, null) from customers where id = 1', 1),
    shows: bytes('000e9b08a568f1c7'),
  },
  { name: 'a transaction', steps: ['select card::xid8 from customers where id = 1'] },
  {
    name: 'bytes',
    steps: ['select card::bytea from customers where id = 1'],
    shows: /34313131313131/,
  },
  {
    name: 'bytes as they were written',
    steps: [`set bytea_output = 'escape'`, `select '\\x00'::bytea || card::bytea from customers`],
  },
  { name: 'bytes in binary', steps: inFormat('select card::bytea from customers where id = 1', 1) },
  { name: 'bytes as text', steps: ['select card::bytea::text from customers'], shows: /34313131313131/ },
  { name: 'bytes in a row', steps: ['select row(card::bytea) from customers'], shows: /34313131313131/ },
  { name: 'a name', steps: ['select email::name from customers'] },
  { name: 'a text search vector', steps: [`select to_tsvector('simple', email) from customers`] },
  {
    name: 'a text search vector in binary',
    steps: inFormat(`select to_tsvector('simple', email) from customers`, 1),
  },
  { name: 'a private key', steps: [`select ${PEM}`], shows: BODY },
  { name: 'a private key in JSON', steps: [`select to_json(${PEM})`], shows: BODY },
  { name: 'a private key without its end', steps: [`select left(${PEM}, 60)`], shows: BODY },
  { name: 'COPY', steps: ['copy customers to stdout'] },
  { name: 'COPY as csv', steps: ['copy customers to stdout (format csv, header, force_quote *)'] },
  { name: 'COPY in binary', steps: ['copy customers to stdout (format binary)'] },
  {
    name: 'COPY with a delimiter that is in the value',
    steps: [`copy (select email) to stdout (delimiter '@')`.replace('email', 'email from customers')],
    shows: /ada\\@example/,
  },
  {
    name: 'COPY with a quote that is in the value',
    steps: [`copy (select card from customers) to stdout (format csv, quote '1', force_quote *)`],
    shows: /1411111111/,
  },
  {
    name: 'COPY with an escape that is in the value',
    steps: [`copy (select card from customers) to stdout (format csv, escape '1', force_quote *)`],
    shows: /411111111/,
  },
  {
    name: 'COPY in another encoding',
    steps: [`copy (select card from customers) to stdout (encoding 'latin1')`],
  },
  {
    name: 'COPY of bytes',
    steps: ['copy (select card::bytea from customers) to stdout'],
    shows: /34313131313131/,
  },
  {
    name: 'COPY of two kinds in one text',
    steps: ['copy (select 1) to stdout; copy customers to stdout csv'],
  },
  {
    name: 'COPY in the extended protocol',
    steps: [[parse({ sql: 'copy customers to stdout' }), bind({}), execute(), sync()]],
  },
  {
    name: 'a cursor',
    steps: ['begin; declare c cursor for select card from customers', 'fetch all from c', 'commit'],
  },
  { name: 'EXECUTE', steps: ['prepare p as select card from customers', 'execute p'] },
  {
    name: 'a statement that is executed again without its description',
    steps: [
      [parse({ name: 's', sql: CARD }), bind({ statement: 's' }), execute(), sync()],
      [bind({ statement: 's' }), execute(), flush(), sync()],
    ],
  },
  { name: 'a plan', steps: [`explain select 1 from customers where email = 'ada@' || 'example.com'`] },
  { name: 'an error of a cast', steps: ['select email::int from customers'] },
  {
    name: 'an error of a code block',
    steps: [`do $$begin raise '%', (select ssn from customers where id = 1); end$$`],
  },
  {
    name: 'a hint of an error',
    steps: [`do $$begin raise 'no' using hint = (select ssn from customers where id = 1); end$$`],
  },
  {
    name: 'the failing row of a constraint',
    steps: [`insert into customers (id, email) select 900, email from customers where id = 1`],
  },
  {
    name: 'a notice',
    steps: [`do $$begin raise notice '%', (select card from customers where id = 1); end$$`],
  },
  {
    name: 'a notification',
    steps: ['listen c', `select pg_notify('c', email) from customers`, 'select 1'],
  },
  {
    name: 'a parameter that the server reports',
    steps: [`select set_config('application_name', email, false) is null from customers where id = 1`],
  },
  {
    name: 'the name of a column',
    given: ['create table public.t (x int)', 'alter table t owner to app_rw'],
    steps: [
      `do $$begin execute format('alter table t rename x to %I', (select email from customers where id = 1)); end$$`,
      [query('select * from t')],
    ],
  },
  ...own,
]
