// What a name without a schema may mean, on the search path that the resource pins.
import type { RelationName } from '../core/facts.ts'
import { CATALOG_RELATIONS } from './generated/catalog-relations.ts'

export type QualifiedName = Required<RelationName>

/** A name's possible meanings. Rules that refuse look at all that could be; rules that allow must cover all that can be. */
export interface Candidates {
  readonly any: readonly QualifiedName[]
  readonly all: readonly QualifiedName[]
}

function onPath(name: string, path: readonly string[]): QualifiedName[] {
  return path.map((schema) => ({ schema, name }))
}

export function relationCandidates(relation: RelationName, path: readonly string[]): Candidates {
  const { schema, name } = relation
  if (schema !== undefined) return exactly({ schema, name })
  if (!name.startsWith('pg_')) return same(onPath(name, path))
  const everywhere = [{ schema: 'pg_catalog', name }, ...onPath(name, path)]
  // PostgreSQL looks into pg_catalog before the path, so what is there hides what is on the path.
  if (CATALOG_RELATIONS.has(name)) return { any: everywhere, all: [{ schema: 'pg_catalog', name }] }
  return same(everywhere)
}

/** `schema.name` or `name` of a function, as analysis gives it: what pg_catalog has is already qualified there. */
export function functionCandidates(object: string, path: readonly string[]): Candidates {
  const dot = object.indexOf('.')
  if (dot >= 0) return exactly({ schema: object.slice(0, dot), name: object.slice(dot + 1) })
  return same(onPath(object, path))
}

const exactly = (name: QualifiedName): Candidates => same([name])
const same = (names: readonly QualifiedName[]): Candidates => ({ any: names, all: names })
