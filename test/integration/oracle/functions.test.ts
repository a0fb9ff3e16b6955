// The table of harmless functions and operators against what PostgreSQL 15 and 18 say of their own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { outputName } from '../../../src/analysis/postgres/columns/output-names.ts'
import { HARMLESS_FUNCTIONS } from '../../../src/analysis/postgres/harmless-functions.ts'
import { loadParser, parseSql } from '../../../src/analysis/postgres/parser.ts'
import { FUNCTION_COLUMNS, ROW_FUNCTIONS } from '../../../src/analysis/postgres/row-functions.ts'
import {
  OTHER_FUNCTIONS,
  PURE_FUNCTIONS,
  PURE_OPERATORS,
  SCHEMA_FUNCTIONS,
} from '../../../src/core/generated/builtins.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'

interface Form {
  name: string
  immutable: boolean
  language: string
  source: string
  parallel: string
  callable: boolean
  types: string[]
}

const FORMS = `
  SELECT p.proname AS name, p.provolatile = 'i' AS immutable, l.lanname AS language, p.proparallel AS parallel,
    coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS source,
    p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype, 'language_handler'::regtype,
      'index_am_handler'::regtype, 'table_am_handler'::regtype, 'tsm_handler'::regtype, 'fdw_handler'::regtype)
      AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[]) AS callable,
    ARRAY(SELECT t::regtype::text FROM unnest(p.proargtypes::oid[]) t) AS types
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind <> 'p' AND p.oid < 16384
    AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass)`

const OPERATORS = `SELECT DISTINCT oprname AS name FROM pg_operator JOIN pg_proc p ON p.oid = oprcode
  WHERE oprnamespace = 'pg_catalog'::regnamespace AND provolatile = 'v'`

/** Names that hold a word of these are harmful unless they are listed: files, other sessions, text that is run, state. */
const HARM =
  /_to_xml|^ts_(?:stat|rewrite)$|^lo(?:_.*|read|write)$|^pg_(?:read|ls_|stat_|file|log|reload|rotate|terminate|cancel|promote|switch|backup|create|drop|replication|advisory|try_advisory|notify|sleep|export|import|wal|sync|restore|clear|copy|show|control|config|hba|ident_|prepared|cursor|lock|safe|blocking|isolation|nextoid|stop|get_(?:wal|backend|replication_slots|shmem|aios|loaded))|^binary_upgrade|^(?:next|set|curr|last)val$|^set_config$|^brin_(?:de)?summarize|^gin_clean|^fmgr_.*validator$|^amvalidate$|^currtid2$/

/** They match, and are harmless all the same. */
const NOT_HARM: Readonly<Record<string, string>> = {
  currval: 'what this session got from nextval',
  lastval: 'what this session got from nextval',
  pg_show_all_settings: 'what the view pg_settings shows, and current_setting one by one',
  pg_stat_get_numscans: 'what the view pg_stat_all_indexes shows',
  pg_walfile_name: 'arithmetic on a position',
  pg_walfile_name_offset: 'arithmetic on a position',
  pg_wal_lsn_diff: 'arithmetic on two positions',
}

/** Why PostgreSQL runs them in no parallel worker, when they change nothing that anybody can see. */
const NOT_PARALLEL: Readonly<Record<string, string>> = {
  current_schema: 'it may make the temporary schema of the session',
  current_schemas: 'it may make the temporary schema of the session',
  currval: 'a worker does not know the sequences of the session',
  lastval: 'a worker does not know the sequences of the session',
  pg_current_xact_id: 'the transaction gets its number',
  pg_current_xact_id_if_assigned: 'a worker does not know the number',
  txid_current: 'the transaction gets its number',
  txid_current_if_assigned: 'a worker does not know the number',
}

/** Entries of a target list without AS, of every sort that analysis knows the name of. */
const ENTRIES: readonly string[] = [
  'a',
  't.a',
  'upper(b)',
  'pg_catalog.upper(b)',
  'b || b',
  'a + 1',
  '-a',
  'a between 1 and 2',
  'a in (1, 2)',
  "b like 'x'",
  'a is distinct from 1',
  'a = any (array[1])',
  'nullif(a, 1)',
  '1',
  "'x'",
  'null',
  "date '2000-01-01'",
  '(a + 1)::bigint',
  'a::bigint',
  '(b || b)::varchar(3)',
  "cast('{1}' as int[])",
  '(b || b)::pg_catalog.text::varchar',
  'b collate "C"',
  '(b || b) collate "C"',
  '(b || b)::text collate "C"',
  'a > 1 and a < 3',
  'not a > 1',
  'a is null',
  '(a > 1) is true',
  'coalesce(a, 1)',
  'case a when 1 then b end',
  'case a when 1 then b else b end',
  "case a when 1 then b else b || 'x' end",
  "case a when 1 then b else (b || 'x')::text end",
  'case a when 1 then 1 else a::bigint end',
  'now() at time zone $$UTC$$',
  'extract(year from now())',
  'trim(b)',
  'position(b in b)',
]

let postgres: Postgres
let forms: Form[]

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  beforeAll(async () => {
    await loadParser()
    postgres = await startPostgres({ version })
    forms = (await postgres.query(FORMS)) as unknown as Form[]
  })
  afterAll(() => postgres.stop())

  const pure = () => forms.filter(({ name }) => PURE_FUNCTIONS.has(name))

  test('a function is in the table because all its forms are immutable, or because it was chosen by hand', () => {
    const chosen = new Set(HARMLESS_FUNCTIONS)
    const neither = pure().filter(({ name, immutable }) => !immutable && !chosen.has(name))
    expect(neither.map(({ name }) => name)).toEqual([])
  })

  test('none of them may change the session or the database: PostgreSQL would call it unsafe in parallel', () => {
    const unsafe = pure().filter(
      ({ name, parallel }) => parallel === 'u' && !Object.hasOwn(NOT_PARALLEL, name),
    )
    expect(unsafe.map(({ name }) => name)).toEqual([])
  })

  test('none of them has the name of a function that runs text, reads files or reaches other sessions', () => {
    const harmful = pure().filter(({ name }) => HARM.test(name) && !Object.hasOwn(NOT_HARM, name))
    expect(harmful.map(({ name }) => name)).toEqual([])
  })

  test('one that is written in SQL calls only functions that are harmless as well', () => {
    const known = new Set(forms.map(({ name }) => name))
    const calls = pure()
      .filter(({ language }) => language === 'sql')
      .flatMap(({ name, source }) =>
        [...source.matchAll(/\b([a-z_0-9]+)\s*\(/g)].map(([, called = '']) => ({ name, called })),
      )
    const harmful = calls.filter(({ called }) => known.has(called) && !PURE_FUNCTIONS.has(called))
    expect(harmful).toEqual([])
    expect(calls.length).toBeGreaterThan(20)
  })

  test('every other function that a statement can call is known as PostgreSQL\u2019s own', async () => {
    const unknown = forms.filter(
      ({ name, callable }) => callable && !PURE_FUNCTIONS.has(name) && !OTHER_FUNCTIONS.has(name),
    )
    expect([...new Set(unknown.map(({ name }) => name))]).toEqual(version === '18' ? [] : expect.anything())
  })

  test.each(ENTRIES)(
    'the name that analysis expects of an entry is the one that it gets: %s',
    async (entry) => {
      const parsed = parseSql(`select ${entry} from t`)
      const statement = parsed.kind === 'tree' ? parsed.statements[0]?.stmt : undefined
      if (statement === undefined || !('SelectStmt' in statement)) throw new Error(`not read: ${entry}`)
      const target = statement.SelectStmt.targetList?.[0]
      const expected = target !== undefined && 'ResTarget' in target ? outputName(target.ResTarget.val) : ''
      const [row] = await postgres.query(`select ${entry} from (values (1, 'x'::text)) t (a, b)`)
      expect(Object.keys(row ?? {})).toEqual([expected])
    },
  )

  test('no operator of the table is volatile', async () => {
    const volatile = (await postgres.query(OPERATORS)).map(({ name }) => name as string)
    expect(volatile.filter((name) => PURE_OPERATORS.has(name))).toEqual([])
  })

  test('the helpers of information_schema are not volatile', async () => {
    const rows = await postgres.query(
      "SELECT proname AS name FROM pg_proc WHERE pronamespace = 'information_schema'::regnamespace AND provolatile = 'v'",
    )
    expect(rows.filter(({ name }) => SCHEMA_FUNCTIONS.has(name as string))).toEqual([])
  })

  test('the columns that functions give are those that the table has, in all their forms', async () => {
    const rows = await postgres.query(`
      SELECT n.nspname || '.' || p.proname AS name,
        ARRAY(SELECT p.proargnames[i] FROM generate_subscripts(p.proargmodes, 1) i WHERE p.proargmodes[i] IN ('o', 't')) AS columns
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid < 16384`)
    for (const [name, columns] of FUNCTION_COLUMNS) {
      const found = rows.filter((row) => row.name === name)
      expect(found.length, name).toBeGreaterThan(0)
      for (const row of found) expect(row.columns, name).toEqual(expect.arrayContaining([...columns]))
    }
  })

  test('a harmless function that names its one result is in the table of columns', async () => {
    const rows =
      await postgres.query(`SELECT proname AS name FROM pg_proc p WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (SELECT count(*) FROM unnest(p.proargmodes) m WHERE m IN ('o', 't', 'b')) = 1`)
    const named = rows.map(({ name }) => name as string).filter((name) => PURE_FUNCTIONS.has(name))
    expect(named.filter((name) => !FUNCTION_COLUMNS.has(`pg_catalog.${name}`))).toEqual([])
    expect(named).toContain('jsonb_array_elements')
  })

  test('a function that can be called by a row alone gives that row only if the table says so', () => {
    const ROW = new Set([
      'record',
      '"any"',
      'anyelement',
      'anynonarray',
      'anycompatible',
      'anycompatiblenonarray',
    ])
    /** They tell a property, count rows, or are no call without OVER or WITHIN GROUP. */
    const NOTHING =
      /^(?:any\w*_out|count|\w*rank|cume_dist|first_value|last_value|lag|lead|mode|num_\w+|pg_\w+|json\w*_build_object)$/
    const takes = forms.filter(({ types }) => types.length === 1 && ROW.has(types[0] ?? ''))
    const missing = takes.filter(({ name }) => !ROW_FUNCTIONS.has(name) && !NOTHING.test(name))
    expect(missing.map(({ name }) => name)).toEqual([])
    expect(takes.length).toBeGreaterThan(20)
  })
})
