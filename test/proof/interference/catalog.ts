// What PostgreSQL itself can compute: its functions, operators and casts, for types that the worlds have.
import type { Postgres } from '../../support/postgres.ts'

export interface Callable {
  readonly name: string
  readonly kind: 'function' | 'aggregate' | 'window' | 'operator'
  readonly arguments: readonly string[]
  readonly result: string
  readonly set: boolean
}

export interface Cast {
  readonly from: string
  readonly to: string
}

export interface Known {
  readonly callables: readonly Callable[]
  readonly casts: readonly Cast[]
}

/** Types that expressions have, by PostgreSQL's name, and constants of each. */
export const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  text: ["'kettle'", "''", "'12'", "'%'", "'(a)'", "'YYYY'"],
  int4: ['0', '1', '-1', '2147483647', '3'],
  int8: ['0::int8', '1::int8', '9223372036854775807'],
  numeric: ['0.0', '1.5', "'NaN'::numeric"],
  float8: ['0::float8', '1e300::float8', "'NaN'::float8"],
  bool: ['true', 'false'],
  date: ["'2001-02-03'::date", "'infinity'::date"],
  timestamptz: ["'2001-02-03 04:05:06+00'::timestamptz", "'infinity'::timestamptz"],
  interval: ["'1 day'::interval", "'-3 months'::interval"],
  uuid: ["'11111111-2222-3333-4444-555555555555'::uuid"],
  jsonb: [`'{"a": 1}'::jsonb`, "'[1, 2]'::jsonb", "'5'::jsonb"],
  json: [`'{"a": 1}'::json`, "'[1]'::json"],
  bytea: ["'\\x00ff'::bytea", "'\\x'::bytea"],
  _int4: ["'{1,2}'::int4[]", "'{{1,2}}'::int4[]", "'{}'::int4[]"],
  _text: ["'{a}'::text[]", "'{a,b,c}'::text[]"],
  int4range: ["'[1,5)'::int4range", "'empty'::int4range"],
  inet: ["'10.0.0.1'::inet", "'::1'::inet"],
  mood: ["'calm'::mood"],
  pair: ["row('left', 1)::pair"],
  jsonpath: [`'$.a'::jsonpath`, "'strict $.b'::jsonpath"],
  regconfig: ["'simple'::regconfig"],
  bpchar: ["'b'::bpchar"],
  varchar: ["'v'::varchar"],
  name: ["'people'::name"],
}
export const TYPES = Object.keys(CONSTANTS)

/** What differs by the hour, the process, the database's own number, or would stop the run. */
const NEVER =
  /^(repeat|lpad|rpad|array_fill|generate_series|random_normal|pg_(?!typeof|column_size|collation_for)|txid_|lo_|has_|inet_|uuid|gen_random|now|clock_|statement_|transaction_|timeofday|random|setseed|version|current_|getpgusername|session_user|query_to|table_to|schema_to|database_to|cursor_to|ts_stat|dblink|binary_upgrade|nextval|setval|currval|lastval|set_config|array_shuffle|array_sample|row_security|RI_|suppress_|trigger_|tsvector_update|unique_key|loread|lowrite|be_lo|currtid|hash.*extended|fmgr_|plpgsql_|ri_|.*_(in|out|recv|send|sortsupport|transfn|serialize|deserialize|combine|support|sfunc|finalfn|final|accum|accum_inv|avg_accum|handler|consistent|penalty|picksplit)$)/i

const POLYMORPHIC = [
  'any',
  'anyelement',
  'anyarray',
  'anynonarray',
  'anyenum',
  'anyrange',
  'anycompatible',
  'anycompatiblearray',
  'anycompatiblenonarray',
  'anycompatiblerange',
  'record',
]

export async function readCatalog(postgres: Postgres, database: string): Promise<Known> {
  const wanted = [...TYPES, ...POLYMORPHIC, 'void'].map((type) => `'${type}'`).join(', ')
  const functions = await postgres.query(
    `select p.proname as name, p.prokind::text as kind, p.proretset as set, r.typname as result,
       coalesce((select json_agg(t.typname order by a.n) from unnest(p.proargtypes::oid[]) with ordinality a (t, n) join pg_type t on t.oid = a.t), '[]') as arguments
     from pg_proc p join pg_type r on r.oid = p.prorettype
     where p.pronamespace = 'pg_catalog'::regnamespace and p.pronargs between 1 and 4
       and not exists (select from unnest(p.proargtypes::oid[]) a (t) join pg_type t on t.oid = a.t where t.typname not in (${wanted}))
     order by p.oid`,
    undefined,
    database,
  )
  const operators = await postgres.query(
    `select o.oprname as name, json_agg(t.typname order by a.n) as arguments, r.typname as result
     from pg_operator o join pg_type r on r.oid = o.oprresult
       join unnest(array[o.oprleft, o.oprright]) with ordinality a (t, n) on a.t <> 0 join pg_type t on t.oid = a.t
     where o.oprnamespace = 'pg_catalog'::regnamespace
       and (o.oprleft = 0 or exists (select from pg_type x where x.oid = o.oprleft and x.typname in (${wanted})))
       and exists (select from pg_type x where x.oid = o.oprright and x.typname in (${wanted}))
     group by o.oid, o.oprname, r.typname order by o.oid`,
    undefined,
    database,
  )
  const casts = await postgres.query(
    `select s.typname as from, d.typname as to from pg_cast c join pg_type s on s.oid = c.castsource join pg_type d on d.oid = c.casttarget
     where s.typname in (${wanted}) and d.typname in (${wanted}) order by c.oid`,
    undefined,
    database,
  )
  return {
    callables: [...functions.map(asFunction), ...operators.map(asOperator)].filter(
      ({ name }) => !NEVER.test(name),
    ),
    casts: casts.map((row) => ({ from: String(row['from']), to: String(row['to']) })),
  }
}

const KINDS: Readonly<Record<string, Callable['kind']>> = {
  f: 'function',
  p: 'function',
  a: 'aggregate',
  w: 'window',
}

function asFunction(row: Record<string, unknown>): Callable {
  return {
    name: String(row['name']),
    kind: KINDS[String(row['kind'])] ?? 'function',
    arguments: listOf(row['arguments']),
    result: String(row['result']),
    set: row['set'] === true,
  }
}

function asOperator(row: Record<string, unknown>): Callable {
  return {
    name: String(row['name']),
    kind: 'operator',
    arguments: listOf(row['arguments']),
    result: String(row['result']),
    set: false,
  }
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
