// What the catalog makes of the names in facts: relations behind and beside those that a statement names, on which the
// server takes locks on their behalf.
import type { Access, RelationName } from '../../../src/core/facts.ts'
import type { Connection } from './connection.ts'

export interface Resolution {
  /** OIDs that can be reached from what is read, and from what is changed */
  readonly read: ReadonlySet<number>
  readonly changed: ReadonlySet<number>
  /** a view is among what is named: those of the system leave no trace of what they read */
  readonly views: boolean
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
  UNION ALL SELECT tgrelid, tgconstrrelid FROM pg_trigger WHERE tgconstrrelid <> 0
  UNION ALL SELECT p.polrelid, d.refobjid FROM pg_policy p JOIN pg_depend d
    ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
  UNION ALL SELECT a.adrelid, d.refobjid FROM pg_attrdef a JOIN pg_depend d
    ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
  UNION ALL SELECT a.attrelid, s.oid FROM pg_attribute a JOIN pg_depend d
    ON d.classid = 'pg_type'::regclass AND d.objid = a.atttypid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'`

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
  if (names.length === 0) return new Set()
  const { rows } = await connection.run(`WITH RECURSIVE edges AS (${edges}),
    reached AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${names.map(condition).join(' OR ')}
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
  const named = accesses.filter(({ relation }) => relation !== undefined && relation.name !== '*')
  const relations = (of: readonly Access[]) => of.flatMap(({ relation }) => relation ?? [])
  const changes = named.filter(({ effect }) => effect !== 'read')
  const read = await reach(connection, edges, relations(named))
  return {
    read,
    changed: changes.length === named.length ? read : await reach(connection, edges, relations(changes)),
    views: await hasViews(connection, read),
  }
}

/** Names of functions that can run statements: those in another language than C. */
export async function speaking(connection: Connection): Promise<Set<string>> {
  const { rows } = await connection.run(
    `SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE l.lanname NOT IN ('internal', 'c') AND p.oid >= 16384`,
  )
  return new Set(rows.map(([name]) => name ?? ''))
}

/** Did one of the functions run for an event trigger? The product does not look at them (SECURITY.md). */
export async function runsEventTrigger(connection: Connection, ran: readonly string[]): Promise<boolean> {
  if (ran.length === 0) return false
  const { rows } = await connection.run(
    `SELECT FROM pg_catalog.pg_event_trigger e JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid
     JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE e.evtenabled <> 'D' AND n.nspname || '.' || p.proname IN (${ran.map(literal).join(', ')})`,
  )
  return rows.length > 0
}
