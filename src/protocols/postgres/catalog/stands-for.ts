// What the relations that a statement names stand for, as far as the catalog was asked.
import type { RelationName } from '../../../core/facts.ts'
import type { CastableColumn, GeneratedColumn } from '../../../core/operation.ts'
import type { Entry, Named } from './answer.ts'
import { isSystem } from './names.ts'
import type { Shelf } from './shelf.ts'

export interface StandsFor {
  readonly relations: readonly Named[]
  /** the catalog cannot tell */
  readonly opaque: boolean
  /** one of them is a view, whose columns have names of its own */
  readonly view: boolean
  /** one of them has rules for writes of it, or of what is behind it */
  readonly rewritten: boolean
  readonly generated: readonly GeneratedColumn[]
  /** columns of types whose values do not all fit together; `*` where nothing is known of a relation */
  readonly shaped: readonly string[]
  /** columns of types that become others without being asked to; `*` as above */
  readonly castable: readonly CastableColumn[]
  /** columns of one may be of collations that are in conflict with others */
  readonly collates: boolean
}

export function lookBehind(shelf: Shelf<Entry>, wanted: readonly RelationName[], since?: number): StandsFor {
  const found: Named[] = []
  let opaque = false
  let view = false
  let rewritten = false
  let collates = false
  const generated: GeneratedColumn[] = []
  const shaped: string[] = []
  const castable: CastableColumn[] = []
  for (const relation of wanted) {
    if (isSystem(relation)) continue
    const fresh = shelf.isFresh(relation.name, since)
    if (!fresh) opaque = true
    const known = shelf.of(relation.name).filter((entry) => matches(entry, relation))
    // What was known of its types before stays so while nobody else's change of them is seen.
    if (!fresh && known.length === 0) {
      shaped.push('*')
      castable.push({ column: '*', long: true })
      collates = true
    }
    for (const entry of known) {
      found.push(...entry.behind, ...entry.family)
      opaque ||= entry.opaque
      view ||= entry.view
      rewritten ||= entry.rewritten
      collates ||= entry.collates
      for (const [column, from] of entry.generated) generated.push({ column, from })
      shaped.push(...entry.shaped)
      castable.push(...entry.castable)
    }
  }
  return { relations: found, opaque, view, rewritten, generated, shaped, castable, collates }
}

export function matches(entry: Entry, relation: RelationName): boolean {
  const { schema } = entry.relation
  // A temporary relation is in pg_temp for whoever names it, and in pg_temp_3 in the catalog.
  if (relation.schema === 'pg_temp') return schema.startsWith('pg_temp_')
  return relation.schema === undefined || relation.schema === schema
}
