// Does a statement touch something that masks hide? Names, views and inheritance count; what cannot be told counts too.
import type { Facts, RelationName } from '../../../core/facts.ts'
import type { Masker } from '../../../core/masking.ts'
import type { CastableColumn, GeneratedColumn } from '../../../core/operation.ts'
import type { Catalog } from './catalog.ts'
import { relationsOf } from './names.ts'
import { WRITES } from './writes.ts'

export interface Touch {
  /** a relation with masks is named, or stands behind one that is, or that cannot be told */
  readonly masked: boolean
  /** code of somebody's own may run */
  readonly opaque: boolean
  /** what stands behind a relation cannot be told: a view that calls such code, or a catalog that did not answer */
  readonly hidden: boolean
  readonly behind: readonly Required<RelationName>[]
  /** views over masked relations, or over what cannot be told, and tables that are written by rules which read masked ones */
  readonly renaming: readonly RelationName[]
  readonly generated: readonly GeneratedColumn[]
  /** one of the relations is a view, or has generated columns, or cannot be told: reading it may compute something */
  readonly computes: boolean
  /** their columns of types whose values do not all fit together */
  readonly shaped: readonly string[]
  /** and those of types that become others without being asked to */
  readonly castable: readonly CastableColumn[]
  /** and whether any are of collations that are in conflict with others */
  readonly collates: boolean
}

const NOTHING: Touch = {
  masked: false,
  opaque: false,
  hidden: false,
  behind: [],
  renaming: [],
  generated: [],
  computes: false,
  shaped: [],
  castable: [],
  collates: false,
}
/** Effects behind which anything may be read. */
const OPAQUE = new Set(['call', 'do', 'unknown', 'remote', 'large-object', 'server-file', 'server-program'])

/**
 * Whatever is not known to be harmless. The planner calls what is marked immutable, and asks what is marked stable for
 * estimates, so it runs at Bind, long before an Execute.
 */
export function runsCode(facts: Facts): boolean {
  return facts.statements.some(
    (statement) =>
      statement.incomplete !== undefined || statement.accesses.some((access) => OPAQUE.has(access.effect)),
  )
}

/** What touching is seen by. */
export interface Sight {
  readonly masker: Masker
  readonly catalog: Catalog
  /** what the catalog was told since then counts, by its clock */
  readonly since?: number
  /** names that look like PostgreSQL's own may find somebody's own code */
  readonly hidesCode?: boolean
}

export function touches(sight: Sight, facts: Facts): Touch {
  if (!sight.masker.namesColumns) return NOTHING
  const relations = relationsOf(facts)
  const {
    relations: behind,
    opaque: hidden,
    view,
    generated,
    shaped,
    castable,
    collates,
  } = sight.catalog.behind(relations, sight.since)
  const opaque = hidden || sight.hidesCode === true || runsCode(facts)
  const masked = opaque || [...relations, ...behind].some((relation) => sight.masker.masksRelation(relation))
  const written = behind.length > 0 ? writtenBy(facts) : []
  const renaming =
    behind.length > 0 || hidden
      ? relations.filter((relation) => renames(sight, relation, isAmong(written, relation)))
      : []
  const computes = hidden || view || generated.length > 0
  return { masked, opaque, hidden, behind, renaming, generated, computes, shaped, castable, collates }
}

/** The relations that are written, once for each access. */
const writtenBy = ({ statements }: Facts): readonly RelationName[] =>
  statements.flatMap(({ accesses }) =>
    accesses.flatMap(({ effect, relation }) => (relation && WRITES.has(effect) ? [relation] : [])),
  )

const isAmong = (relations: readonly RelationName[], { schema, name }: RelationName) =>
  relations.some((one) => one.schema === schema && one.name === name)

/** A view's columns may be others under new names, and so may be what a rule gives back of a write (RETURNING). */
function renames({ masker, catalog, since }: Sight, relation: RelationName, isWritten: boolean): boolean {
  const { relations, opaque, view, rewritten } = catalog.behind([relation], since)
  const mayRename = view || (rewritten && isWritten)
  return opaque || (mayRename && relations.some((behind) => masker.masksRelation(behind)))
}
