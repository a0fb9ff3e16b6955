// The query that the session asks the server about relations, and the meaning of its rows.
import { ProtocolError } from '../../core/errors.ts'
import type { RelationName } from '../../core/facts.ts'

export type Named = Required<RelationName>

export interface Behind extends Named {
  /** those of its columns that the view's query mentions; undefined when it may be any */
  readonly columns?: readonly string[]
}

/** One relation, as a row of the query tells it. */
export interface Entry {
  readonly oid: number
  readonly relation: Named
  readonly columns: ReadonlyMap<number, string>
  /** generated columns, each with those that it is computed from */
  readonly generated: ReadonlyMap<string, readonly string[]>
  /** inheritance parents and children, however far: the same columns. Of a view, those of the tables behind it */
  readonly family: readonly Named[]
  /** relations that a view's rule reads, however deep */
  readonly behind: readonly Behind[]
  /** a view that calls functions: what it reads cannot be told */
  readonly opaque: boolean
  readonly view: boolean
}

/**
 * A last row has the age of the transaction, in seconds, where all its statements see what was there at its beginning.
 * $1: names (text[]), $2: OIDs (oid[]). Every operator is qualified: the session's search_path must not choose one.
 * A view that mentions a whole row (attribute 0) has no dependency on single columns: it may show any.
 * Built-in functions leave no trace in pg_depend, so a dependency on pg_proc is one on somebody's own function.
 */
export const CATALOG_QUERY = `
WITH RECURSIVE asked AS (
  SELECT c.oid, c.relname, c.relkind, n.nspname
  FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n
  WHERE n.oid OPERATOR(pg_catalog.=) c.relnamespace
    AND (c.relname OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[]) OR c.oid OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.oid[]))
    AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f,S}'::pg_catalog."char"[])
), reads AS (
  SELECT r.ev_class AS view, d.refclassid, d.refobjid, d.refobjsubid,
    r.ev_action::pg_catalog.text OPERATOR(pg_catalog.~~) '%:varattno 0 %' AS whole
  FROM pg_catalog.pg_rewrite r, pg_catalog.pg_depend d
  WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.objid OPERATOR(pg_catalog.=) r.oid
    AND d.refobjid OPERATOR(pg_catalog.<>) r.ev_class
), lineage AS (
  SELECT a.oid AS root, r.refclassid, r.refobjid, r.refobjsubid, r.whole
  FROM asked a, reads r WHERE r.view OPERATOR(pg_catalog.=) a.oid
  UNION
  SELECT l.root, r.refclassid, r.refobjid, r.refobjsubid, r.whole
  FROM lineage l, reads r WHERE r.view OPERATOR(pg_catalog.=) l.refobjid
), starts AS (
  SELECT a.oid AS root, a.oid FROM asked a
  UNION
  SELECT l.root, l.refobjid FROM lineage l WHERE l.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
), ancestors AS (
  SELECT s.root, i.inhparent AS oid FROM starts s, pg_catalog.pg_inherits i WHERE i.inhrelid OPERATOR(pg_catalog.=) s.oid
  UNION
  SELECT t.root, i.inhparent FROM ancestors t, pg_catalog.pg_inherits i WHERE i.inhrelid OPERATOR(pg_catalog.=) t.oid
), descendants AS (
  SELECT s.root, i.inhrelid AS oid FROM starts s, pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) s.oid
  UNION
  SELECT t.root, i.inhrelid FROM descendants t, pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) t.oid
), family AS (
  SELECT * FROM ancestors UNION SELECT * FROM descendants
)
SELECT pg_catalog.json_build_object(
  'oid', a.oid::pg_catalog.int8, 'schema', a.nspname, 'name', a.relname, 'kind', a.relkind,
  'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(t.attnum, t.attname)) FROM pg_catalog.pg_attribute t
    WHERE t.attrelid OPERATOR(pg_catalog.=) a.oid AND NOT t.attisdropped),
  'generated', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(t.attname, b.attname))
    FROM pg_catalog.pg_attribute t, pg_catalog.pg_attrdef e, pg_catalog.pg_depend d, pg_catalog.pg_attribute b
    WHERE t.attrelid OPERATOR(pg_catalog.=) a.oid AND t.attgenerated OPERATOR(pg_catalog.<>) ''::pg_catalog."char"
      AND e.adrelid OPERATOR(pg_catalog.=) a.oid AND e.adnum OPERATOR(pg_catalog.=) t.attnum
      AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass
      AND d.objid OPERATOR(pg_catalog.=) e.oid
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.refobjid OPERATOR(pg_catalog.=) a.oid AND d.refobjsubid OPERATOR(pg_catalog.<>) t.attnum
      AND b.attrelid OPERATOR(pg_catalog.=) a.oid AND b.attnum OPERATOR(pg_catalog.=) d.refobjsubid),
  'family', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname))
    FROM family f, pg_catalog.pg_class c, pg_catalog.pg_namespace n
    WHERE f.root OPERATOR(pg_catalog.=) a.oid AND c.oid OPERATOR(pg_catalog.=) f.oid AND n.oid OPERATOR(pg_catalog.=) c.relnamespace),
  'behind', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname,
      CASE WHEN NOT b.whole THEN (SELECT coalesce(pg_catalog.json_agg(t.attname), '[]') FROM pg_catalog.pg_attribute t
        WHERE t.attrelid OPERATOR(pg_catalog.=) c.oid AND t.attnum OPERATOR(pg_catalog.=) ANY (b.columns)) END))
    FROM (SELECT l.refobjid, pg_catalog.bool_or(l.whole) AS whole, pg_catalog.array_agg(l.refobjsubid) AS columns FROM lineage l
      WHERE l.root OPERATOR(pg_catalog.=) a.oid AND l.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
      GROUP BY l.refobjid) b, pg_catalog.pg_class c, pg_catalog.pg_namespace n
    WHERE c.oid OPERATOR(pg_catalog.=) b.refobjid AND n.oid OPERATOR(pg_catalog.=) c.relnamespace),
  'opaque', EXISTS (SELECT FROM lineage l WHERE l.root OPERATOR(pg_catalog.=) a.oid
    AND l.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass)
)::pg_catalog.text FROM asked a
UNION ALL
SELECT pg_catalog.json_build_object('age',
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.transaction_timestamp()))::pg_catalog.text
WHERE pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) ANY ('{repeatable read,serializable}'::pg_catalog.text[])`

type Pair = readonly [string, string]
type Pairs = readonly Pair[] | null

interface Row {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly columns: readonly (readonly [number, string])[] | null
  /** a generated column and one that it is computed from */
  readonly generated: Pairs
  readonly family: Pairs
  readonly behind: readonly (readonly [string, string, readonly string[] | null])[] | null
  readonly opaque: boolean
}

export interface CatalogAnswer {
  readonly entries: readonly Entry[]
  /** how old it may be, in milliseconds */
  readonly age: number
}

/** @throws ProtocolError for a row that the query does not give */
export function decodeAnswer(rows: readonly string[]): CatalogAnswer {
  const entries: Entry[] = []
  let age = 0
  for (const json of rows) {
    const row = parsed(json)
    if (isAge(row)) age = Math.ceil(row.age * 1000)
    else entries.push(decodeEntry(row))
  }
  return { entries, age }
}

function isAge(row: unknown): row is { readonly age: number } {
  return typeof row === 'object' && row !== null && 'age' in row && Number.isFinite(row.age)
}

function decodeEntry(value: unknown): Entry {
  const row: Row = checkRow(value)
  return {
    oid: row.oid,
    relation: { schema: row.schema, name: row.name },
    columns: new Map(row.columns ?? []),
    generated: grouped(row.generated),
    family: named(row.family),
    behind: (row.behind ?? []).map(([schema, name, columns]) => ({
      schema,
      name,
      ...(columns && { columns }),
    })),
    opaque: row.opaque,
    view: row.kind === 'v' || row.kind === 'm',
  }
}

function grouped(pairs: Pairs): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, from] of pairs ?? []) groups.set(name, [...(groups.get(name) ?? []), from])
  return groups
}

function checkRow(row: unknown): Row {
  if (!isRow(row)) throw new ProtocolError('the catalog gave a row that cannot be read')
  return row
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false
  const row: Partial<Record<keyof Row, unknown>> = value
  return (
    Number.isSafeInteger(row.oid) &&
    typeof row.schema === 'string' &&
    typeof row.name === 'string' &&
    typeof row.kind === 'string' &&
    typeof row.opaque === 'boolean' &&
    isPairs(row.columns, 'number') &&
    isPairs(row.generated, 'string') &&
    isPairs(row.family, 'string') &&
    isBehind(row.behind)
  )
}

function isPairs(value: unknown, first: 'number' | 'string'): boolean {
  if (value === null) return true
  return (
    Array.isArray(value) &&
    value.every(
      (pair: unknown) =>
        Array.isArray(pair) && pair.length === 2 && typeof pair[0] === first && typeof pair[1] === 'string',
    )
  )
}

function isBehind(value: unknown): boolean {
  if (value === null) return true
  return (
    Array.isArray(value) &&
    value.every(
      (one: unknown) =>
        Array.isArray(one) && one.length === 3 && isPairs([one.slice(0, 2)], 'string') && isNames(one[2]),
    )
  )
}

const isNames = (value: unknown): boolean =>
  value === null || (Array.isArray(value) && value.every((name: unknown) => typeof name === 'string'))

const named = (pairs: Pairs): readonly Named[] => (pairs ?? []).map(([schema, name]) => ({ schema, name }))

/** A list as an array literal in PostgreSQL's text form. */
export function arrayLiteral(items: readonly (string | number)[]): string {
  const quoted = items.map((item) => `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
  return `{${quoted.join(',')}}`
}
