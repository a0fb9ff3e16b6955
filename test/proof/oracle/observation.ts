// What a statement did, as the server itself tells: locks of the backend, rows that its transaction changed in every
// table (system catalogs too), functions that ran, and what the session looks like afterwards.
import type { CalledFunction } from './calls.ts'
import type { Connection } from './connection.ts'

/** A table, view, sequence or other relation; an index or TOAST table counts as the table that owns it. */
export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** relkind */
  readonly kind: string
  readonly system: boolean
  readonly partition: boolean
}

export interface RowCounts {
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

export interface Touched extends RowCounts {
  readonly relation: Relation
  readonly modes: readonly string[]
}

export interface Observation {
  readonly touched: readonly Touched[]
  /** user-defined functions that ran: `schema.name` */
  readonly functions: readonly string[]
  /** that the statement names, as the server reads it */
  readonly calls: readonly CalledFunction[]
  readonly settings: readonly string[]
  /** another current or session user */
  readonly role: boolean
  readonly advisoryLock: boolean
  readonly listening: boolean
  readonly prepared: readonly string[]
  readonly cursors: readonly string[]
  /** schemas where a name without one was looked for */
  readonly path: readonly string[]
}

export interface Session {
  readonly settings: ReadonlyMap<string, string>
  readonly users: string
  readonly channels: string
  readonly prepared: ReadonlySet<string>
  readonly cursors: ReadonlySet<string>
  readonly path: readonly string[]
  readonly rows: ReadonlyMap<number, RowCounts>
  readonly calls: ReadonlyMap<string, number>
}

/** First OID of what is not the server's own (FirstNormalObjectId). */
const FIRST_USER_OID = 16_384

/** Counters of the transaction (in `pg_stat_get_xact_*`) have what was not yet reported as well: hence differences. */
export const SESSION = `SELECT pg_catalog.json_build_object(
  'settings', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, setting))
    FROM pg_catalog.pg_show_all_settings() WHERE source = 'session'),
  'users', current_user || '/' || session_user,
  'channels', (SELECT pg_catalog.string_agg(c, ' ') FROM pg_catalog.pg_listening_channels() c),
  'prepared', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_prepared_statement()),
  'cursors', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_cursor() WHERE name <> ''),
  'path', pg_catalog.current_schemas(true),
  'rows', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(oid::pg_catalog.int8,
      pg_catalog.pg_stat_get_xact_tuples_inserted(oid), pg_catalog.pg_stat_get_xact_tuples_updated(oid),
      pg_catalog.pg_stat_get_xact_tuples_deleted(oid)))
    FROM pg_catalog.pg_class WHERE relkind IN ('r', 't', 'm')
      AND (pg_catalog.pg_stat_get_xact_tuples_inserted(oid) > 0 OR pg_catalog.pg_stat_get_xact_tuples_updated(oid) > 0
        OR pg_catalog.pg_stat_get_xact_tuples_deleted(oid) > 0)),
  'calls', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname || '.' || p.proname, pg_catalog.pg_stat_get_xact_function_calls(p.oid)))
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid >= ${FIRST_USER_OID} AND pg_catalog.pg_stat_get_xact_function_calls(p.oid) > 0))`

interface SessionRow {
  readonly settings: readonly (readonly [string, string])[] | null
  readonly users: string
  readonly channels: string | null
  readonly prepared: readonly string[] | null
  readonly cursors: readonly string[] | null
  readonly path: readonly string[]
  readonly rows: readonly (readonly [number, number, number, number])[] | null
  readonly calls: readonly (readonly [string, number])[] | null
}

export function readSession(json: string): Session {
  const row = JSON.parse(json) as SessionRow
  const calls = new Map<string, number>()
  for (const [name, count] of row.calls ?? []) calls.set(name, (calls.get(name) ?? 0) + count)
  return {
    settings: new Map(row.settings),
    users: row.users,
    channels: row.channels ?? '',
    prepared: new Set(row.prepared),
    cursors: new Set(row.cursors),
    path: row.path,
    rows: new Map(
      (row.rows ?? []).map(([oid, inserted, updated, deleted]) => [oid, { inserted, updated, deleted }]),
    ),
    calls,
  }
}

export interface Locks {
  /** OID of the relation and mode */
  readonly relations: ReadonlySet<string>
  readonly advisory: number
}

/** Asked by another session, so that asking takes no lock that counts. */
export async function locksOf(observer: Connection, pid: number): Promise<Locks> {
  const { rows } = await observer.run(
    `SELECT locktype, relation::int8, mode FROM pg_locks WHERE pid = ${pid} AND locktype IN ('relation', 'advisory')`,
  )
  const relations = rows.filter(([type]) => type === 'relation')
  return {
    relations: new Set(relations.map(([, oid, mode]) => `${oid} ${mode}`)),
    advisory: rows.length - relations.length,
  }
}

/** Relations by OID, each with the table that an index or TOAST table belongs to. */
export async function relationsOf(
  connection: Connection,
  oids: readonly number[],
): Promise<Map<number, Relation>> {
  if (oids.length === 0) return new Map()
  const { rows } = await connection.run(`
    WITH asked AS (SELECT c.oid AS asked, coalesce(i.indrelid, c.oid) AS oid FROM pg_catalog.pg_class c
      LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE c.oid IN (${oids.join(', ')})),
    owners AS (SELECT a.asked, coalesce(t.oid, a.oid) AS oid FROM asked a
      LEFT JOIN pg_catalog.pg_class t ON t.reltoastrelid = a.oid)
    SELECT o.asked::pg_catalog.int8, c.oid::pg_catalog.int8, n.nspname, c.relname, c.relkind, c.relispartition
    FROM owners o JOIN pg_catalog.pg_class c ON c.oid = o.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`)
  return new Map(
    rows.map(([asked, oid, schema, name, kind, partition]) => [
      Number(asked),
      {
        oid: Number(oid),
        schema: (schema ?? '').replace(/^pg_temp_\d+$/, 'pg_temp'),
        name: name ?? '',
        kind: kind ?? '',
        system: Number(oid) < FIRST_USER_OID,
        partition: partition === 't',
      },
    ]),
  )
}

const NONE: RowCounts = { inserted: 0, updated: 0, deleted: 0 }

/** Rows that were counted between two moments. A counter that fell was reported and began again. */
function counted(before: RowCounts, after: RowCounts): RowCounts {
  const difference = (field: keyof RowCounts) =>
    after[field] >= before[field] ? after[field] - before[field] : after[field]
  return {
    inserted: difference('inserted'),
    updated: difference('updated'),
    deleted: difference('deleted'),
  }
}

const total = ({ inserted, updated, deleted }: RowCounts) => inserted + updated + deleted
const sum = (a: RowCounts, b: RowCounts): RowCounts => ({
  inserted: a.inserted + b.inserted,
  updated: a.updated + b.updated,
  deleted: a.deleted + b.deleted,
})

function changedKeys(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key))
}

const added = (before: ReadonlySet<string>, after: ReadonlySet<string>) =>
  [...after].filter((name) => !before.has(name))

export interface Moment {
  readonly session: Session
  readonly locks: Locks
}

/** OIDs of all relations that something happened to between two moments. */
export function touchedOids(before: Moment, after: Moment): number[] {
  const locked = added(before.locks.relations, after.locks.relations).map((lock) =>
    Number(lock.split(' ')[0]),
  )
  const written = [...after.session.rows].filter(
    ([oid, rows]) => total(counted(before.session.rows.get(oid) ?? NONE, rows)) > 0,
  )
  return [...new Set([...locked, ...written.map(([oid]) => oid)])]
}

export function observe(
  before: Moment,
  after: Moment,
  relations: ReadonlyMap<number, Relation>,
  calls: readonly CalledFunction[],
): Observation {
  const touched = new Map<number, { relation: Relation; modes: Set<string>; rows: RowCounts }>()
  const entry = (oid: number) => {
    // Known neither before nor after: the new heap of a rewrite, which was gone again before the statement ended.
    const relation = relations.get(oid)
    if (relation === undefined) return undefined
    const found = touched.get(relation.oid) ?? { relation, modes: new Set<string>(), rows: NONE }
    touched.set(relation.oid, found)
    return found
  }
  for (const lock of added(before.locks.relations, after.locks.relations)) {
    const [oid, mode] = lock.split(' ')
    entry(Number(oid))?.modes.add(mode ?? '')
  }
  for (const [oid, rows] of after.session.rows) {
    const change = counted(before.session.rows.get(oid) ?? NONE, rows)
    if (total(change) === 0) continue
    const found = entry(oid)
    // A TOAST table's own rows are parts of values; the table that has them has counts of its own.
    if (found !== undefined && found.relation.oid === oid) found.rows = sum(found.rows, change)
  }
  const { session } = after
  return {
    touched: [...touched.values()].map(({ relation, modes, rows }) => ({
      relation,
      modes: [...modes],
      ...rows,
    })),
    functions: [...session.calls.keys()].filter(
      (name) => session.calls.get(name) !== before.session.calls.get(name),
    ),
    calls,
    settings: changedKeys(before.session.settings, session.settings),
    role: session.users !== before.session.users,
    advisoryLock: after.locks.advisory > before.locks.advisory,
    listening: session.channels.length > before.session.channels.length,
    prepared: added(before.session.prepared, session.prepared),
    cursors: added(before.session.cursors, session.cursors),
    path: [...before.session.path, ...session.path].map((schema) =>
      schema.replace(/^pg_temp_\d+$/, 'pg_temp'),
    ),
  }
}
