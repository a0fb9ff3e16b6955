// What the catalog makes of the names in facts: relations behind and beside those that a statement names, and code of
// somebody's own that runs on their behalf.
import type { Access, RelationName } from '../../../src/core/facts.ts'
import type { Connection } from './connection.ts'

export interface Resolution {
  /** OIDs that can be reached from what is read, and from what is changed */
  readonly read: ReadonlySet<number>
  readonly changed: ReadonlySet<number>
  /** a view is among what is named: those of the system leave no trace of what they read */
  readonly views: boolean
  /** functions of somebody's own that hang on a relation: trigger, rule, default, constraint, index, policy, type */
  readonly hangingCode: boolean
}

/** Between a relation and what belongs to it alone: its indexes and the sequences of its columns. */
const BELONGINGS = `
  SELECT indexrelid AS source, indrelid AS target FROM pg_index
  UNION ALL SELECT objid, refobjid FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
  UNION ALL SELECT refobjid, objid FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')`

/** From a relation to those that a statement on it may touch; defaults of columns and of their domains use sequences. */
const EDGES = `${BELONGINGS}
  UNION ALL
  SELECT r.ev_class AS source, d.refobjid AS target FROM pg_rewrite r JOIN pg_depend d
    ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
  UNION ALL SELECT inhparent, inhrelid FROM pg_inherits
  UNION ALL SELECT inhrelid, inhparent FROM pg_inherits
  UNION ALL SELECT conrelid, confrelid FROM pg_constraint WHERE contype = 'f'
  UNION ALL SELECT confrelid, conrelid FROM pg_constraint WHERE contype = 'f'
  UNION ALL SELECT p.polrelid, d.refobjid FROM pg_policy p JOIN pg_depend d
    ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
  UNION ALL SELECT a.adrelid, d.refobjid FROM pg_attrdef a JOIN pg_depend d
    ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
  UNION ALL SELECT a.attrelid, s.oid FROM pg_attribute a JOIN pg_depend d
    ON d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'`

/** Objects that belong to a relation and can call a function. */
const HANGING = `
  SELECT tgrelid AS relation, tgfoid AS function FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT o.relation, d.refobjid FROM (
    SELECT 'pg_attrdef'::regclass AS class, oid, adrelid AS relation FROM pg_attrdef
    UNION ALL SELECT 'pg_constraint'::regclass, oid, conrelid FROM pg_constraint WHERE conrelid <> 0
    UNION ALL SELECT 'pg_policy'::regclass, oid, polrelid FROM pg_policy
    UNION ALL SELECT 'pg_rewrite'::regclass, oid, ev_class FROM pg_rewrite
    UNION ALL SELECT 'pg_class'::regclass, indexrelid, indrelid FROM pg_index) o
    JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid AND d.refclassid = 'pg_proc'::regclass
  UNION ALL SELECT 0, evtfoid FROM pg_event_trigger WHERE evtenabled <> 'D'`

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

function condition({ schema, name }: RelationName): string {
  const where =
    schema === undefined
      ? 'true'
      : schema === 'pg_temp'
        ? "n.nspname LIKE 'pg\\_temp\\_%'"
        : `n.nspname = ${literal(schema)}`
  return `(c.relname = ${literal(name)} AND ${where})`
}

async function reach(
  connection: Connection,
  edges: string,
  names: readonly RelationName[],
): Promise<Set<number>> {
  const known = names.filter(({ name }) => name !== '*')
  if (known.length === 0) return new Set()
  const { rows } = await connection.run(`WITH RECURSIVE edges AS (${edges}),
    reached AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${known.map(condition).join(' OR ')}
      UNION SELECT e.target FROM reached r JOIN edges e ON e.source = r.oid)
    SELECT oid::int8 FROM reached`)
  return new Set(rows.map(([oid]) => Number(oid)))
}

async function hasViews(connection: Connection, oids: ReadonlySet<number>): Promise<boolean> {
  if (oids.size === 0) return false
  const { rows } = await connection.run(
    `SELECT FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm') AND oid IN (${[...oids].join(', ')}) LIMIT 1`,
  )
  return rows.length > 0
}

/** Event triggers hang on no relation: they run for definitions. */
const DEFINES: ReadonlySet<string> = new Set(['create', 'alter', 'drop', 'grant', 'maintenance'])

async function hasCode(
  connection: Connection,
  accesses: readonly Access[],
  oids: ReadonlySet<number>,
): Promise<boolean> {
  const defines = accesses.some(({ effect }) => DEFINES.has(effect))
  const list = [...(defines ? [0] : []), ...oids].join(', ')
  if (list === '') return false
  const { rows } = await connection.run(
    `SELECT FROM (${HANGING}) h WHERE h.function >= 16384 AND h.relation IN (${list}) LIMIT 1`,
  )
  return rows.length > 0
}

/**
 * What is behind names. `made`: in the catalog as the statement left it, where what it made itself must not speak for
 * it; only what belongs to a relation counts then.
 */
export async function resolve(
  connection: Connection,
  accesses: readonly Access[],
  made: boolean,
): Promise<Resolution> {
  const edges = made ? BELONGINGS : EDGES
  const named = accesses.flatMap(({ effect, relation }) => (relation ? [{ effect, relation }] : []))
  const all = await reach(
    connection,
    edges,
    named.map(({ relation }) => relation),
  )
  const changed = await reach(
    connection,
    edges,
    named.filter(({ effect }) => effect !== 'read').map(({ relation }) => relation),
  )
  return {
    read: all,
    changed,
    views: await hasViews(connection, all),
    hangingCode: await hasCode(connection, accesses, all),
  }
}

/**
 * Functions of somebody's own that a type, cast, operator or operator class runs, which no statement names; and those
 * of one row, which look like a column of it.
 */
export async function runsByItself(connection: Connection, name: string): Promise<boolean> {
  const { rows } = await connection.run(`
    WITH f AS (SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname || '.' || p.proname = ${literal(name)})
    SELECT FROM f WHERE f.oid IN (SELECT castfunc FROM pg_catalog.pg_cast)
      OR f.oid IN (SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
        WHERE p.pronargs - p.pronargdefaults < 2 AND t.typtype IN ('c', 'p'))
      OR f.oid IN (SELECT oprcode FROM pg_catalog.pg_operator) OR f.oid IN (SELECT amproc FROM pg_catalog.pg_amproc)
      OR f.oid IN (SELECT u FROM pg_catalog.pg_type, unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout]::oid[]) u)
      OR f.oid IN (SELECT u FROM pg_catalog.pg_aggregate, unnest(ARRAY[aggfnoid, aggtransfn, aggfinalfn, aggcombinefn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) u)
      OR f.oid IN (SELECT u FROM pg_catalog.pg_range, unnest(ARRAY[rngcanonical, rngsubdiff]::oid[]) u)
      OR f.oid IN (SELECT d.refobjid FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)`)
  return rows.length > 0
}

/** Names of functions that can run statements: those in another language than C. */
export async function speaking(connection: Connection): Promise<Set<string>> {
  const { rows } = await connection.run(
    `SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE l.lanname NOT IN ('internal', 'c') AND p.oid >= 16384`,
  )
  return new Set(rows.map(([name]) => name ?? ''))
}
