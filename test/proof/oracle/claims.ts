// Compares what the server did with what facts say: each thing that happened has to be claimed by an access.
import type { Access, AccessEffect } from '../../../src/core/facts.ts'
import { type CalledFunction, otherwise } from './calls.ts'
import { CATALOG_CHANGES } from './catalog-changes.ts'
import type { Observation, Relation, Touched } from './observation.ts'

/** Something that the server did, and the effects of which one has to be claimed for it. */
export interface Deed {
  /** in words, for the report */
  readonly what: string
  readonly relation?: Relation
  /** a function, setting or type */
  readonly object?: string
  readonly effects: ReadonlySet<AccessEffect>
  /** it was only locked: no row of it changed by this */
  readonly mode?: string
  /** effects of which any one says it as well, whatever it is on */
  readonly otherwise?: ReadonlySet<AccessEffect>
  /** a statement that names the catalog itself, with one of these */
  readonly directly?: { readonly relation: Relation; readonly effects: ReadonlySet<AccessEffect> }
}

const WRITES: readonly AccessEffect[] = ['insert', 'update', 'delete', 'truncate']
const DEFINES: readonly AccessEffect[] = ['create', 'alter', 'drop', 'grant', 'maintenance']
const STRONG: ReadonlySet<AccessEffect> = new Set([...DEFINES, 'truncate', 'lock'])
const ANY: ReadonlySet<AccessEffect> = new Set(['read', ...WRITES, ...DEFINES, 'lock'])

/** Weakest claim for each lock mode (PostgreSQL 13.3.1). */
const MODES: Readonly<Record<string, ReadonlySet<AccessEffect>>> = {
  AccessShareLock: ANY,
  // what a serializable transaction has read (13.2.3)
  SIReadLock: ANY,
  RowShareLock: new Set([...WRITES, ...DEFINES, 'lock']),
  RowExclusiveLock: new Set([...WRITES, ...DEFINES, 'lock']),
  ShareUpdateExclusiveLock: STRONG,
  ShareLock: STRONG,
  ShareRowExclusiveLock: STRONG,
  ExclusiveLock: STRONG,
  AccessExclusiveLock: STRONG,
}

/** Rows may also be written by what makes or rewrites the table. */
const ROWS = {
  // TRUNCATE sets the counters of its transaction back, which looks like new rows
  inserted: new Set<AccessEffect>(['insert', 'create', 'alter', 'maintenance', 'truncate']),
  updated: new Set<AccessEffect>(['update', 'alter']),
  deleted: new Set<AccessEffect>(['delete', 'alter', 'maintenance']),
}
/** An update of a partitioned table may move rows from one partition to another: it is still that update. */
const ROWS_OF_PARTITIONS = {
  inserted: new Set<AccessEffect>([...ROWS.inserted, 'update']),
  updated: ROWS.updated,
  deleted: new Set<AccessEffect>([...ROWS.deleted, 'update']),
}

const nameOf = ({ schema, name }: Relation) => `${schema}.${name}`

const locksOn = ({ relation, modes }: Touched): Deed[] =>
  modes.map((mode) => ({
    what: `${mode} on ${nameOf(relation)}`,
    relation,
    effects: MODES[mode] ?? STRONG,
    mode,
  }))

/** The entry of a composite type among the relations: it holds no rows, so that reading it is no effect. */
function deedsOnType({ relation, modes }: Touched): Deed[] {
  return modes
    .filter((mode) => mode !== 'AccessShareLock')
    .map((mode) => ({
      what: `${mode} on type ${nameOf(relation)}`,
      object: nameOf(relation),
      effects: STRONG,
      mode,
    }))
}

function deedsOnTable(touched: Touched): Deed[] {
  const { relation } = touched
  const locks = locksOn(touched)
  const effects = relation.partition ? ROWS_OF_PARTITIONS : ROWS
  const rows = (['inserted', 'updated', 'deleted'] as const)
    .filter((kind) => touched[kind] > 0)
    .map((kind) => ({ what: `${kind} rows of ${nameOf(relation)}`, relation, effects: effects[kind] }))
  return [...locks, ...rows]
}

/** A change of a catalog is the effect of a definition, whose name is elsewhere. Its locks mean as much as any table's. */
function deedsOnCatalog(touched: Touched): Deed[] {
  const { relation } = touched
  const allowed = CATALOG_CHANGES[relation.name]
  const changes = (['inserted', 'updated', 'deleted'] as const)
    .filter((kind) => touched[kind] > 0)
    .map((kind) => ({
      what: `${kind} rows of ${relation.name}`,
      effects: new Set(allowed?.[kind] ?? []),
      directly: { relation, effects: ROWS[kind] },
    }))
  return [...changes, ...locksOn(touched)]
}

function deedsOn(touched: Touched): Deed[] {
  if (touched.relation.kind === 'c') return deedsOnType(touched)
  return touched.relation.system ? deedsOnCatalog(touched) : deedsOnTable(touched)
}

/** Any effect on a function of that name: what analysis calls it, it knows that it is called. */
const CALLED: ReadonlySet<AccessEffect> = new Set([
  ...['call', 'do', 'lock', 'remote', 'large-object', 'server-file', 'backend-signal'],
] as AccessEffect[])

function deedOfCall({ schema, name }: CalledFunction): Deed {
  const object = `${schema}.${name}`
  return { what: `calls ${object}`, object, effects: CALLED, otherwise: otherwise(name) }
}

const SETTING: ReadonlySet<AccessEffect> = new Set(['setting', 'session', 'role'])

export function deedsOf(observation: Observation): Deed[] {
  const only = (...effects: AccessEffect[]) => new Set(effects)
  return [
    ...observation.touched.flatMap(deedsOn),
    ...observation.functions.map((object) => ({ what: `ran ${object}`, object, effects: only('call') })),
    ...observation.calls.map(deedOfCall),
    ...observation.settings.map((object) => ({ what: `changed ${object}`, object, effects: SETTING })),
    ...(observation.role ? [{ what: 'changed the role', effects: only('role') }] : []),
    ...(observation.advisoryLock ? [{ what: 'took an advisory lock', effects: only('lock') }] : []),
    ...(observation.listening ? [{ what: 'listens', effects: only('listen') }] : []),
  ]
}

function namesRelation(access: Access, relation: Relation, path: readonly string[]): boolean {
  const claimed = access.relation
  if (claimed === undefined) return false
  if (claimed.name !== '*' && claimed.name !== relation.name) return false
  if (claimed.schema === undefined) return path.includes(relation.schema)
  return claimed.schema === '*' || claimed.schema === relation.schema
}

function namesObject(access: Access, object: string): boolean {
  const { relation } = access
  // ALTER TYPE of a composite type names it as a relation; DROP … CASCADE names everything.
  const asRelation =
    relation && (relation.schema === undefined ? relation.name : `${relation.schema}.${relation.name}`)
  const claimed = access.object ?? (asRelation === '*.*' ? '*' : asRelation) ?? ''
  const [, name = object] = /^[^.]*\.(.*)$/s.exec(object) ?? []
  return claimed === '*' || claimed.toLowerCase() === object.toLowerCase() || claimed === name
}

/** Does the access, as the statement words it, cover the deed? */
export function claims(access: Access, deed: Deed, path: readonly string[]): boolean {
  const { directly } = deed
  if (directly?.effects.has(access.effect) === true && namesRelation(access, directly.relation, path))
    return true
  if (deed.otherwise?.has(access.effect) === true) return true
  if (!deed.effects.has(access.effect)) return false
  if (deed.relation !== undefined) return namesRelation(access, deed.relation, path)
  return deed.object === undefined || namesObject(access, deed.object)
}
