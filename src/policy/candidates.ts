// What a name without a schema may mean, on the search path in force: the resource's, or what a session made of it.
import type { RelationName } from '../core/facts.ts'
import { beforeCatalog, type SearchPath } from '../core/search-path.ts'
import { isHarmlessCatalog } from './catalog.ts'
import { CATALOG_RELATIONS } from './generated/catalog-relations.ts'

export type QualifiedName = Required<RelationName>

/** A name's possible meanings. Rules that refuse look at all that could be; rules that allow must cover all that can be. */
export interface Candidates {
  readonly any: readonly QualifiedName[]
  readonly all: readonly QualifiedName[]
}

const CATALOG = 'pg_catalog'

function inSchemas(name: string, schemas: readonly string[]): QualifiedName[] {
  return schemas.map((schema) => ({ schema, name }))
}

export function relationCandidates(relation: RelationName, path: SearchPath): Candidates {
  const { schema, name } = relation
  if (schema !== undefined) return exactly({ schema, name })
  if (path === 'any') return same(inSchemas(name, ['*', ...tellingSchemas(name)]))
  const own = path.filter((one) => one !== CATALOG)
  // Temporary relations are found whatever the path is: where nothing else is, leave is needed for them.
  if (!name.startsWith('pg_')) return same(inSchemas(name, own.length > 0 ? own : ['pg_temp']))
  const everywhere = inSchemas(name, [CATALOG, ...own])
  if (!CATALOG_RELATIONS.has(name)) return same(everywhere)
  // What is in pg_catalog hides what comes after it: that is the whole path, unless the path says where it is.
  return { any: everywhere, all: inSchemas(name, [...beforeCatalog(path), CATALOG]) }
}

/** `schema.name` or `name` of a function, as analysis gives it: what pg_catalog has is already qualified there. */
export function functionCandidates(object: string, path: SearchPath): Candidates {
  const dot = object.indexOf('.')
  if (dot >= 0) return exactly({ schema: object.slice(0, dot), name: object.slice(dot + 1) })
  // Functions are not looked for among what is temporary.
  const schemas = path === 'any' ? ['*', CATALOG] : path.filter((one) => one !== 'pg_temp')
  return same(inSchemas(object, schemas))
}

/** A rule for every schema does not reach into the catalog, so what may be of it needs leave of its own. */
function tellingSchemas(name: string): string[] {
  const schemas = ['pg_toast', 'information_schema'].filter((schema) => isTellingName(schema, name))
  return name.startsWith('pg_') ? [CATALOG, ...schemas] : schemas
}

function isTellingName(schema: string, name: string): boolean {
  return schema === 'pg_toast' ? name.startsWith('pg_toast') : !isHarmlessCatalog({ schema, name })
}

const exactly = (name: QualifiedName): Candidates => same([name])
const same = (names: readonly QualifiedName[]): Candidates => ({ any: names, all: names })
