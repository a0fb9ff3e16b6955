// Compares what the server did with what facts say: each thing that happened has to be claimed by an access.
import type { Access, AccessEffect } from '../../../src/core/facts.ts'
import { CATALOG_CHANGES } from './catalog-changes.ts'
import type { Observation, Relation, Touched } from './observation.ts'

/** Something that the server did, and the effects of which one has to be claimed for it. */
export interface Deed {
  /** in words, for the report */
  readonly what: string
  readonly relation?: Relation
  /** a function, setting or name */
  readonly object?: string
  readonly effects: ReadonlySet<AccessEffect>
}

const WRITES: readonly AccessEffect[] = ['insert', 'update', 'delete', 'truncate']
const DEFINES: readonly AccessEffect[] = ['create', 'alter', 'drop', 'grant', 'maintenance']
const STRONG: ReadonlySet<AccessEffect> = new Set([...DEFINES, 'truncate', 'lock'])
const ANY: ReadonlySet<AccessEffect> = new Set(['read', ...WRITES, ...DEFINES, 'lock'])

/** Weakest claim for each lock mode (PostgreSQL 13.3.1). */
const MODES: Readonly<Record<string, ReadonlySet<AccessEffect>>> = {
  AccessShareLock: ANY,
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
  inserted: new Set<AccessEffect>(['insert', 'create', 'alter', 'maintenance']),
  updated: new Set<AccessEffect>(['update', 'alter']),
  deleted: new Set<AccessEffect>(['delete', 'alter']),
}

const nameOf = ({ schema, name }: Relation) => `${schema}.${name}`

function deedsOnTable(touched: Touched): Deed[] {
  const { relation } = touched
  const locks = touched.modes.map((mode) => ({
    what: `${mode} on ${nameOf(relation)}`,
    relation,
    effects: MODES[mode] ?? STRONG,
  }))
  const rows = (['inserted', 'updated', 'deleted'] as const)
    .filter((kind) => touched[kind] > 0)
    .map((kind) => ({ what: `${kind} rows of ${nameOf(relation)}`, relation, effects: ROWS[kind] }))
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
    }))
  const locks = touched.modes.map((mode) => ({
    what: `${mode} on ${nameOf(relation)}`,
    relation,
    effects: MODES[mode] ?? STRONG,
  }))
  return [...changes, ...locks]
}

const SETTING: ReadonlySet<AccessEffect> = new Set(['setting', 'session', 'role'])

export function deedsOf(observation: Observation): Deed[] {
  const only = (...effects: AccessEffect[]) => new Set(effects)
  return [
    ...observation.touched.flatMap((touched) =>
      touched.relation.system ? deedsOnCatalog(touched) : deedsOnTable(touched),
    ),
    ...observation.functions.map((object) => ({ what: `ran ${object}`, object, effects: only('call') })),
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
  const claimed = access.object ?? ''
  const [, name = object] = /^[^.]*\.(.*)$/s.exec(object) ?? []
  return claimed === '*' || claimed.toLowerCase() === object.toLowerCase() || claimed === name
}

/** Does the access, as the statement words it, cover the deed? */
export function claims(access: Access, deed: Deed, path: readonly string[]): boolean {
  if (!deed.effects.has(access.effect)) return false
  if (deed.relation !== undefined) return namesRelation(access, deed.relation, path)
  return deed.object === undefined || namesObject(access, deed.object)
}
