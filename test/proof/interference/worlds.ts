// Two databases that are alike to the last byte but for what masked columns hold.
import type { Postgres } from '../../support/postgres.ts'
import { type Random, random } from '../fuzz/mutate.ts'

/** A column of a relation that statements read, by the type that PostgreSQL has for it. */
export interface KnownColumn {
  readonly name: string
  readonly type: string
  readonly masked: boolean
}

/** Values that a masked column may have: edges of its type among usual ones. */
const POOLS: Readonly<Record<string, readonly string[]>> = {
  text: [
    'kettle',
    '12',
    '-3.5',
    'q',
    'true',
    '{1}',
    '[1]',
    'people',
    "it''s",
    'a%b',
    '2020-01-01',
    'Ünïcode',
    '1/0',
  ],
  int4: ['7', '0', '-1', '2147483647', '-2147483648', '41', '3'],
  int8: ['8', '0', '9223372036854775807', '-5', '4294967296'],
  numeric: ['1.5', '0', 'NaN', '12345678901234567890', '-0.001', 'Infinity', '99999999999'],
  float8: ['0.5', '0', 'NaN', '1e300', '-Infinity', '-2'],
  bool: ['true', 'false'],
  date: ['2001-02-03', 'infinity', '4000-01-01 BC', '1999-12-31'],
  timestamptz: ['2001-02-03 04:05:06+00', 'infinity', '4000-01-01 00:00:00+00 BC'],
  interval: ['1 day', '-3 months', '178000000 years', '00:00:00'],
  uuid: ['11111111-2222-3333-4444-555555555555', '00000000-0000-0000-0000-000000000001'],
  jsonb: ['{"a": 1}', '[1, 2]', '"x"', 'null', '{"a": {"b": [3]}}', '5'],
  json: ['{"a": 1}', '"\\u0000"', '[1e999999]', '{"a": 1, "a": 2}', '{"a": "\\ud800"}'],
  bytea: ['\\x00ff', '\\x', '\\xc328', '\\x6162636465'],
  _int4: ['{1,2}', '{}', '{{1,2},{3,4}}', '{1,2,3}', '[5:6]={1,2}', '{NULL}'],
  _text: ['{a}', '{}', '{a,b}', '{{a},{b}}', '{"NULL"}'],
  int4range: ['[1,5)', 'empty', '(,)', '[3,)', '[7,8)'],
  inet: ['10.0.0.1', '192.168.0.0/16', '::1', '2001:db8::/32'],
  mood: ['calm', 'glad', 'wild'],
  pair: ['(left,1)', '(right,2)', '(,)', '("",-7)'],
  code: ['c1', 'c22', 'c333'],
  bpchar: ['b', 'bb ', 'bbb'],
}

/** Masked columns have names that begin so. */
const MASKED = 's_'
const SECRETS = Object.keys(POOLS).map((type) => [`${MASKED}${type.replace(/^_/, 'a')}`, type] as const)

const sqlType = (type: string) => (type === 'bpchar' ? 'char(5)' : type.replace(/^_(.*)/, '$1[]'))

const OPEN = 'id int, grp int, name text, note text, amount numeric'
const open: readonly KnownColumn[] = [
  { name: 'id', type: 'int4', masked: false },
  { name: 'grp', type: 'int4', masked: false },
  { name: 'name', type: 'text', masked: false },
  { name: 'note', type: 'text', masked: false },
  { name: 'amount', type: 'numeric', masked: false },
]
const secrets: readonly KnownColumn[] = SECRETS.map(([name, type]) => ({ name, type, masked: true }))
const computed: readonly KnownColumn[] = [
  { name: 'g_stored', type: 'int8', masked: true },
  { name: 'g_virtual', type: 'text', masked: true },
]
const few: readonly KnownColumn[] = secrets.filter(({ type }) => ['text', 'int4', 'jsonb'].includes(type))

/** By name, as a statement has it. */
export const RELATIONS: ReadonlyMap<string, readonly KnownColumn[]> = new Map([
  ['people', [...open, ...secrets, ...computed]],
  ['parts', [...open, ...few]],
  ['parts_1', [...open, ...few]],
  ['boss', [...open, ...few]],
  ['staff', [...open, ...few]],
  ['plain', open],
  [
    'seen',
    [
      ...open.slice(0, 3),
      { name: 'word', type: 'text', masked: true },
      { name: 'number', type: 'int4', masked: true },
    ],
  ],
  ['fenced', [...open.slice(0, 3), { name: 'word', type: 'text', masked: true }]],
  [
    'sums',
    [
      { name: 'grp', type: 'int4', masked: false },
      { name: 'n', type: 'int8', masked: false },
      { name: 'top', type: 'int4', masked: true },
    ],
  ],
  ['kept', [...open.slice(0, 3), { name: 'word', type: 'text', masked: true }]],
  ['over_kept', [...open.slice(0, 3), { name: 'thing', type: 'text', masked: true }]],
  ['guarded', [...open, ...few]],
])

/** Those that take INSERT, UPDATE and DELETE. */
export const WRITABLE = ['people', 'parts', 'boss', 'staff', 'plain', 'seen', 'guarded', 'fenced'] as const

export const MASKED_COLUMNS = ['people', 'parts', 'boss', 'guarded'].map(
  (table) => `public.${table}.${MASKED}*`,
)

const columnsOf = (types: readonly string[]) =>
  SECRETS.filter(([, type]) => types.includes(type)).map(([name, type]) => `${name} ${sqlType(type)}`)
const FEW = columnsOf(['text', 'int4', 'jsonb']).join(', ')

const TABLES = `
  create type mood as enum ('calm', 'glad', 'wild');
  create type pair as (a text, b int);
  create domain code as text check (value <> '');
  create table plain (${OPEN}, primary key (id));
  create table people (${OPEN}, ${columnsOf(Object.keys(POOLS)).join(', ')},
    g_stored bigint generated always as (s_int4::bigint * 2) stored,
    g_virtual text generated always as (s_text || 'x') virtual, primary key (id));
  create table parts (${OPEN}, ${FEW}) partition by list (grp);
  create table parts_1 partition of parts for values in (1);
  create table parts_2 partition of parts default;
  create table boss (${OPEN}, ${FEW});
  create table staff () inherits (boss);
  create table guarded (${OPEN}, ${FEW});
  alter table guarded enable row level security;
  create policy few on guarded using (grp < 3);
  create view seen as select id, grp, name, s_text as word, s_int4 as number from people;
  create view fenced with (security_barrier) as select id, grp, name, s_text as word from people where grp < 3;
  create view sums as select grp, count(*) as n, max(s_int4) as top from people group by grp;
  create materialized view kept as select id, grp, name, s_text as word from people with no data;
  create view over_kept as select id, grp, name, word as thing from kept;
  create sequence ticks;
  create table log (id int, what text);
  create function noted() returns trigger language plpgsql as
    'begin insert into log values (new.id, tg_op); return new; end';
  create trigger noted after insert or update on plain for each row execute function noted();`

/** Of tables with the columns of `people`, and of those with few. */
const FILLED = ['people', 'parts', 'boss', 'staff', 'guarded']
/** As many as fit in a page, whatever their values: how many pages they take is no secret (SECURITY.md). */
const ROWS = 6

function rowsOf(table: string, value: (type: string, row: number) => string): string {
  const types = table === 'people' ? Object.keys(POOLS) : ['text', 'int4', 'jsonb']
  const names = SECRETS.filter(([, type]) => types.includes(type))
  const from = table === 'staff' ? ROWS : 0
  const rows = Array.from({ length: ROWS }, (_, n) => {
    const own = names.map(([, type]) => (n === ROWS - 1 ? 'null' : value(type, n)))
    return `(${[n + 1 + from, n % 4, `'name${n}'`, n % 3 === 0 ? 'null' : `'note${n}'`, `${n}.25`, ...own].join(', ')})`
  })
  const columns = ['id', 'grp', 'name', 'note', 'amount', ...names.map(([name]) => name)]
  return `insert into ${table} (${columns.join(', ')}) values ${rows.join(', ')};`
}

/** The same number of the same columns is another one in the second world; equal values in one are none in the other. */
function drawn(second: boolean, next: Random): (type: string, row: number) => string {
  return (type) => {
    const pool = POOLS[type] ?? []
    const at = next(pool.length)
    const shift = 1 + next(pool.length - 1)
    return `'${pool[second ? (at + shift) % pool.length : at]}'`
  }
}

/** Every value is there once, in both: for masks that show which values are equal. Shapes of values are the same too. */
function distinct(second: boolean): (type: string, row: number) => string {
  return (type, row) => `'${shaped(type, 11 + row * 2 + (second ? 1 : 0))}'`
}

function shaped(type: string, n: number): string {
  const shapes: Readonly<Record<string, string>> = {
    text: `word${n}tail`,
    numeric: `${n}.5`,
    date: `20${n}-01-01`,
    timestamptz: `20${n}-01-01 00:00:00+00`,
    interval: `${n} days`,
    uuid: `11111111-2222-3333-4444-5555555555${n}`,
    bool: n % 2 === 0 ? 'true' : 'false',
    jsonb: `{"a": ${n}}`,
    json: `{"a": ${n}}`,
    bytea: `\\x61${n}`,
    _int4: `{${n},${n + 100}}`,
    _text: `{w${n}}`,
    int4range: `[${n},${n + 1})`,
    inet: `10.0.0.${n}`,
    mood: n % 2 === 0 ? 'calm' : 'glad',
    pair: `(p${n},${n})`,
    code: `code${n}`,
    bpchar: `b${n}`,
  }
  return shapes[type] ?? `${n}`
}

/** `free`: any values. `distinct`: no two alike in either world. */
export type Sort = 'free' | 'distinct'
export type World = 'one' | 'two'

/** Names of one length: what the server says has the same length too. */
export const nameOf = (sort: Sort, world: World) => `${sort}_${world}`
export const NAMES = (['free', 'distinct'] as const).flatMap((sort) => [
  nameOf(sort, 'one'),
  nameOf(sort, 'two'),
])

export interface Worlds {
  /** the highest OID of a relation or type that all of them have */
  readonly newest: number
  /** Makes both worlds of a sort anew; nobody may be in them. */
  renew(sort: Sort): Promise<void>
}

const EMPTY = 'nobodys'
const NEWEST =
  'select max(oid::int8) as newest from (select oid from pg_class union all select oid from pg_type) made'
const templateOf = (name: string) => `${EMPTY}_${name}`
const SORTS: readonly Sort[] = ['free', 'distinct']
const BOTH: readonly World[] = ['one', 'two']

/** @param owner of all that is in them */
export async function createWorlds(postgres: Postgres, owner: string, seed: number): Promise<Worlds> {
  const copy = (name: string, template: string) =>
    postgres.query(`create database ${name} template ${template} owner ${owner} strategy file_copy`)
  await postgres.query(`create database ${EMPTY} owner ${owner}`)
  // What takes longer would say more of the machine than of a value.
  await postgres.query(
    `alter role ${owner} set statement_timeout = '2s'; alter role ${owner} set lock_timeout = '1s'`,
  )
  await postgres.query(`set role ${owner}; ${TABLES}`, undefined, EMPTY)
  const [made] = await postgres.query(NEWEST, undefined, EMPTY)
  for (const sort of SORTS) {
    for (const world of BOTH) {
      const template = templateOf(nameOf(sort, world))
      // Copies have the same OIDs.
      await copy(template, EMPTY)
      const value = sort === 'free' ? drawn(world === 'two', random(seed)) : distinct(world === 'two')
      await postgres.query(`set role ${owner}; ${filled(value)}`, undefined, template)
      await copy(nameOf(sort, world), template)
    }
  }
  return {
    newest: Number(made?.['newest']),
    async renew(sort) {
      for (const name of BOTH.map((world) => nameOf(sort, world))) {
        await postgres.query(`drop database ${name} with (force)`)
        await copy(name, templateOf(name))
      }
    },
  }
}

function filled(value: (type: string, row: number) => string): string {
  const plain = `insert into plain select n, n % 4, 'name' || n, null, n + 0.5 from generate_series(1, 6) n;`
  const rows = FILLED.map((table) => rowsOf(table, value)).join('\n')
  return `${plain} ${rows} refresh materialized view kept`
}
