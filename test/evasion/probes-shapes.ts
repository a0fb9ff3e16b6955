// Ways to guess by computations that fail for the shape of a value: arrays that do not fit together, json that jsonb does not
// take, elements of what has none.
import { bind, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { Probe } from './case.ts'

const one = (given: readonly string[], name: string, sql: (guess: string) => string): Probe => ({
  name,
  given,
  steps: (guess) => [sql(guess)],
})

/** The right guess has as many parts as the value. */
const PARTS = [`alter table customers alter ssn type text[] using string_to_array(ssn, '5')`]
const parts = (guess: string) => `string_to_array('${guess}', '5')`

/** One value is json that is no jsonb. */
const PLAIN_JSON = [
  `alter table customers alter ssn type json using (case id when 1 then '"\\u0000"' else '"x"' end)::json`,
]
const row = (guess: string) => `case when '${guess}' = '078-05-1120' then 1 else 2 end`

/** Documents in which the value is a key. */
const DOCUMENT = [
  `alter table customers alter ssn type jsonb using jsonb_build_object('a', jsonb_build_object(coalesce(ssn, 'none'), 1))`,
]

const LIST = ['alter table customers alter ssn type text[] using array[ssn]']
/** What makes the value an array of a domain. */
const ELEMENTS = [
  ['COALESCE', 'select coalesce(null::g[], ssn) from customers where id = 1'],
  ['CASE', 'select case when id = 1 then ssn else null::g[] end from customers where id = 1'],
  ['UNION ALL', 'select null::g[] union all select ssn from customers where id = 1'],
  ['a column', 'select coalesce(x, ssn) from mine, customers where id = 1'],
  ['UNION ALL with a column', 'select x from mine union all select ssn from customers where id = 1'],
  [
    'a cursor',
    'begin; declare c cursor for select coalesce(null::g[], ssn) from customers where id = 1; fetch c; commit',
  ],
] as const

export const shapeProbes: readonly Probe[] = [
  one(PARTS, 'arrays put together', (g) => `select ssn || array[${parts(g)}] from customers where id = 1`),
  one(
    PARTS,
    'arrays put together, the other way',
    (g) => `select array[${parts(g)}] || ssn from customers where id = 1`,
  ),
  one(PARTS, 'an array of arrays', (g) => `select array[ssn, ${parts(g)}] from customers where id = 1`),
  one(
    PARTS,
    'an array of the rows of a query',
    (g) => `select array(select ssn from customers where id = 1 union all select ${parts(g)})`,
  ),
  one(
    PARTS,
    'an array of the rows of VALUES',
    (g) => `select array(values (ssn), (${parts(g)})) from customers where id = 1`,
  ),
  one(
    PARTS,
    'arrays of a subquery',
    (g) => `select array[x, ${parts(g)}] from (select ssn as x from customers where id = 1) s`,
  ),
  one(
    [
      ...PARTS,
      'create view shown as select id, ssn as number from customers',
      'grant all on shown to app_rw',
    ],
    'arrays of a view',
    (g) => `select array[number, ${parts(g)}] from shown where id = 1`,
  ),
  one(
    ['create domain list as text[]', ...PARTS, 'alter table customers alter ssn type list'],
    'arrays under a domain',
    (g) => `select array[ssn::text[], ${parts(g)}] from customers where id = 1`,
  ),
  one(
    ['create domain list as text[]', ...PARTS, 'alter table customers alter ssn type list'],
    'arrays under a domain, put together',
    (g) => `select ssn || array[${parts(g)}] from customers where id = 1`,
  ),
  one(PLAIN_JSON, 'json that is no jsonb', (g) => `select to_jsonb(ssn) from customers where id = ${row(g)}`),
  one(
    PLAIN_JSON,
    'json in an array',
    (g) => `select jsonb_build_array(ssn) from customers where id = ${row(g)}`,
  ),
  one(PLAIN_JSON, 'json in a row', (g) => `select to_jsonb(row(ssn)) from customers where id = ${row(g)}`),
  one(
    PLAIN_JSON,
    'json in the row of a table',
    (g) => `select to_jsonb(c) from customers c where id = ${row(g)}`,
  ),
  one(
    PLAIN_JSON,
    'json by a function like a column',
    (g) => `select c.to_jsonb from customers c where id = ${row(g)}`,
  ),
  one(
    PLAIN_JSON,
    'json by a function of a row',
    (g) => `select (c).to_jsonb from customers c where id = ${row(g)}`,
  ),
  one(
    [
      'create domain one as json',
      'create domain two as one',
      ...PLAIN_JSON,
      'alter table customers alter ssn type two',
    ],
    'json under a domain of a domain',
    (g) => `select to_jsonb(ssn) from customers where id = ${row(g)}`,
  ),
  one(
    [
      `alter table customers alter ssn type bytea using (case id when 1 then '\\xc3' else '\\x61' end)::bytea`,
    ],
    'bytes that are no text in an encoding',
    (g) => `select length(ssn, 'UTF8') from customers where id = ${row(g)}`,
  ),
  one(
    DOCUMENT,
    'an element of a document that is assigned',
    (g) => `update customers set ssn['a']['${g}']['x'] = '5' where id = 1`,
  ),
  one(
    DOCUMENT,
    'an element that is assigned on a conflict',
    (g) =>
      `insert into customers (id, name) values (1, 'x') on conflict (id) do update set ssn['a']['${g}']['x'] = '5'`,
  ),
  one(
    DOCUMENT,
    'an element that MERGE assigns',
    (g) =>
      `merge into customers c using (values (1)) v (a) on c.id = v.a when matched then update set ssn['a']['${g}']['x'] = '5'`,
  ),
  one(
    DOCUMENT,
    'an element that is assigned with others',
    (g) => `update customers set (ssn['a']['${g}']['x'], name) = row('5'::jsonb, 'x') where id = 1`,
  ),
  ...ELEMENTS.map(
    ([name, sql]): Probe => ({
      name: `an array beside one of a domain: ${name}`,
      given: LIST,
      steps: (g) => [
        `create domain g as text check (value <> '${g}')`,
        'create table mine (x g[])',
        'insert into mine values (null)',
        sql,
      ],
    }),
  ),
  {
    name: 'an array beside one of a domain: a parameter',
    given: LIST,
    steps: (g) => [
      `create domain g as text check (value <> '${g}')`,
      [
        parse({ sql: 'select coalesce($1::g[], ssn) from customers where id = 1' }),
        bind({ values: [null] }),
        execute(),
        sync(),
      ],
    ],
  },
  one(
    [`alter table customers alter ssn type bigint[] using array[case id when 1 then 5000000000 else 5 end]`],
    'an array of long numbers beside one of OIDs',
    (g) => `select coalesce(null::oid[], ssn) from customers where id = ${row(g)}`,
  ),
]
