// What the server's catalog says about relations, learned through the session itself and shared by the sessions of one
// database: which relation and column an OID and attribute number are, and what lies behind views and inheritance.
import type { RelationName } from '../../core/facts.ts'
import type { ColumnOrigin } from '../../core/masking.ts'
import type { GeneratedColumn } from '../../core/operation.ts'
import { decodeAnswer, type Entry, type Named } from './catalog-query.ts'

export interface Catalog {
  /** names and OIDs that have to be asked for; undefined when everything is known */
  missing(relations: readonly RelationName[]): CatalogQuestion | undefined
  /** the rows that answer the question, all of them */
  learn(question: CatalogQuestion, rows: readonly string[]): void
  origin(table: number, attribute: number): ColumnOrigin
  /** What the named relations stand for. `opaque` when the catalog cannot tell. */
  behind(relations: readonly RelationName[]): {
    readonly relations: readonly Named[]
    readonly opaque: boolean
    /** one of them is a view, whose columns have names of its own */
    readonly view: boolean
    readonly generated: readonly GeneratedColumn[]
  }
  /** The relations that the name may mean in any schema; undefined when the catalog was not asked, or too long ago. */
  meanings(relation: RelationName): readonly Entry[] | undefined
  /** after a statement that may have changed the catalog */
  forget(): void
}

export interface CatalogQuestion {
  readonly names: readonly string[]
  readonly oids: readonly number[]
}

/** First OID that a user's own object can have (FirstNormalObjectId). Below are the catalogs. */
const FIRST_USER_OID = 16_384
/** How long an answer is believed, in milliseconds: the longest time that a change made elsewhere can go unnoticed. */
const FRESH_FOR = 15_000
/** Relations kept; beyond, everything is asked for again. */
const MAX_ENTRIES = 20_000
/** Names kept, also of relations that do not exist: clients think of them. A statement has some 100,000 at most. */
const MAX_ASKED = 20_000
/** OIDs asked for at once; more are asked for with the next statement. */
const MAX_STRANGERS = 1000
const SYSTEM_SCHEMAS = new Set(['pg_catalog', 'information_schema'])

export const isSystem = ({ schema }: RelationName): boolean =>
  schema !== undefined && SYSTEM_SCHEMAS.has(schema)

export function createCatalog(now: () => number): Catalog {
  const byOid = new Map<number, Entry>()
  const byName = new Map<string, Set<Entry>>()
  const askedAt = new Map<string, number>()
  const strangers = new Set<number>()

  const isFresh = (key: string) => now() - (askedAt.get(key) ?? Number.NEGATIVE_INFINITY) < FRESH_FOR

  function add(entry: Entry): void {
    byOid.set(entry.oid, entry)
    const same = [...(byName.get(entry.relation.name) ?? [])].filter((other) => other.oid !== entry.oid)
    byName.set(entry.relation.name, new Set([...same, entry]))
  }

  function matches(entry: Entry, relation: RelationName): boolean {
    const { schema } = entry.relation
    // A temporary relation is in pg_temp for whoever names it, and in pg_temp_3 in the catalog.
    if (relation.schema === 'pg_temp') return schema.startsWith('pg_temp_')
    return relation.schema === undefined || relation.schema === schema
  }

  return {
    missing(relations) {
      const names = new Set<string>()
      for (const relation of relations)
        if (!isSystem(relation) && !isFresh(relation.name)) names.add(relation.name)
      const oids = [...strangers]
      return names.size > 0 || oids.length > 0 ? { names: [...names], oids } : undefined
    },
    learn(question, rows) {
      if (byOid.size > MAX_ENTRIES) {
        byOid.clear()
        byName.clear()
        askedAt.clear()
      }
      if (askedAt.size + question.names.length > MAX_ASKED) askedAt.clear()
      // An old snapshot does not show what was changed since: its answer is no younger than it.
      const { entries, age } = decodeAnswer(rows)
      for (const name of question.names) {
        for (const entry of byName.get(name) ?? []) byOid.delete(entry.oid)
        byName.delete(name)
        askedAt.set(name, now() - age)
      }
      for (const oid of question.oids) strangers.delete(oid)
      for (const entry of entries) add(entry)
    },
    origin(table, attribute) {
      // Attribute 0 is the whole row. Catalogs hold samples of the data (pg_stats), so their columns prove nothing.
      if (table < FIRST_USER_OID || attribute === 0) return { kind: 'derived' }
      const entry = byOid.get(table)
      const column = entry?.columns.get(attribute)
      if (!entry || column === undefined) {
        if (strangers.size < MAX_STRANGERS) strangers.add(table)
        return { kind: 'unknown' }
      }
      if (entry.view) return { kind: 'derived' }
      const from = entry.generated.get(column)
      return {
        kind: 'column',
        relation: entry.relation,
        column,
        ancestors: entry.family,
        ...(from && { from }),
      }
    },
    forget() {
      // What was learned stays until it is asked for again: results on their way still need it.
      askedAt.clear()
    },
    meanings(relation) {
      if (!isFresh(relation.name)) return undefined
      return [...(byName.get(relation.name) ?? [])].filter((entry) => matches(entry, relation))
    },
    behind(relations) {
      const found: Named[] = []
      let opaque = false
      let view = false
      const generated: GeneratedColumn[] = []
      for (const relation of relations) {
        if (isSystem(relation)) continue
        if (!isFresh(relation.name)) opaque = true
        for (const entry of byName.get(relation.name) ?? []) {
          if (!matches(entry, relation)) continue
          found.push(...entry.behind, ...entry.family)
          opaque ||= entry.opaque
          view ||= entry.view
          for (const [column, from] of entry.generated) generated.push({ column, from })
        }
      }
      return { relations: found, opaque, view, generated }
    },
  }
}
