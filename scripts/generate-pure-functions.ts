// Writes the tables of PostgreSQL's own functions, operators and catalog relations from a running server.
// Use: PGHOST=… PGPORT=… PGUSER=… npx tsx scripts/generate-pure-functions.ts (a fresh PostgreSQL 18, no extensions)
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { HARMLESS_FUNCTIONS } from '../src/analysis/postgres/harmless-functions.ts'

// Triggers and index or table access method handlers are left out: no statement can call them.
const FUNCTIONS = `
  SELECT proname AS name, bool_and(provolatile = 'i') AS immutable
  FROM pg_proc
  WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind <> 'p'
    AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
    AND NOT 'internal'::regtype = ANY (proargtypes::oid[])
    AND oid NOT IN (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass)
  GROUP BY proname`
const SCHEMA_FUNCTIONS = `
  SELECT proname AS name FROM pg_proc
  WHERE pronamespace = 'information_schema'::regnamespace AND provolatile <> 'v'`
const OPERATORS = `
  SELECT DISTINCT oprname AS name FROM pg_operator JOIN pg_proc p ON p.oid = oprcode
  WHERE oprnamespace = 'pg_catalog'::regnamespace AND provolatile <> 'v'`
const RELATIONS = `
  SELECT relname AS name FROM pg_class
  WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')`

const client = new pg.Client()

async function names(query: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(query)
  return rows.map((row) => row.name).sort()
}

function constant(name: string, comment: string, values: readonly string[]): string {
  const lines: string[] = ['']
  for (const value of values) {
    const line = lines.at(-1) ?? ''
    if (line.length + value.length > 100) lines.push(value)
    else lines[lines.length - 1] = line === '' ? value : `${line} ${value}`
  }
  return `\n/** ${comment} */\nexport const ${name}: ReadonlySet<string> = new Set(\n  \`${lines.join('\n').replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\`.split(/\\s+/),\n)\n`
}

function write(path: string, header: string, ...constants: readonly string[]): void {
  const target = fileURLToPath(new URL(`../src/${path}`, import.meta.url))
  writeFileSync(
    target,
    `// ${header}\n// Made by scripts/generate-pure-functions.ts; do not edit.\n${constants.join('')}`,
  )
}

await client.connect()
const { rows } = await client.query<{ name: string; immutable: boolean }>(FUNCTIONS)
const known = new Set(rows.map((row) => row.name))
const missing = HARMLESS_FUNCTIONS.filter((name) => !known.has(name))
if (missing.length > 0) throw new Error(`this server has no function ${missing.join(', ')}`)
const harmless = new Set(HARMLESS_FUNCTIONS)
const pure = rows.filter((row) => row.immutable || harmless.has(row.name)).map((row) => row.name)
const effectful = rows.filter((row) => !row.immutable && !harmless.has(row.name)).map((row) => row.name)

write(
  'core/generated/builtins.ts',
  'What PostgreSQL itself brings: functions and operators of pg_catalog.',
  constant('PURE_FUNCTIONS', 'Immutable, or harmless by harmless-functions.ts.', pure.sort()),
  constant('OTHER_FUNCTIONS', 'In pg_catalog as well, but not known to be harmless.', effectful.sort()),
  constant('SCHEMA_FUNCTIONS', 'Helpers in information_schema.', await names(SCHEMA_FUNCTIONS)),
  constant('PURE_OPERATORS', 'None of them has effects.', await names(OPERATORS)),
)
write(
  'policy/generated/catalog-relations.ts',
  'Tables and views of pg_catalog.',
  constant('CATALOG_RELATIONS', 'Of PostgreSQL 18.', await names(RELATIONS)),
)
await client.end()
