// What a statement does beyond its words: to relations behind those that it names, and by code that it does not show.
// It errs on the side of more: an effect through a view, a rule or a foreign key may be on any of what is behind.
import type { Access, AccessEffect, Facts, RelationName } from '../../../core/facts.ts'
import type { Reached } from '../../../core/operation.ts'
import type { Entry } from './answer.ts'
import type { Catalog, Told } from './catalog.ts'
import { type Add, ANYTHING, type CodeSight, hiddenCode } from './hidden-code.ts'
import { followMoves, MOVES } from './moves.ts'
import { type CatalogNames, catalogNames, isSystem } from './names.ts'
import type { Trust } from './trust.ts'
import { WRITES } from './writes.ts'

/** What is done through a view to what it reads, and by a rule of a table. A view that is dropped leaves its tables alone. */
const THROUGH_VIEWS: ReadonlyMap<AccessEffect, AccessEffect> = new Map<AccessEffect, AccessEffect>([
  ['read', 'read'],
  ['insert', 'insert'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['lock', 'lock'],
  // A materialized view that is refreshed reads its tables again.
  ['maintenance', 'read'],
])
/** What a rule (CREATE RULE) may make of what is done to its relation. */
const BY_RULES: readonly AccessEffect[] = ['read', 'insert', 'update', 'delete']
const BEGAN: ReadonlyMap<string, AccessEffect> = new Map<string, AccessEffect>([
  ['d', 'delete'],
  ['u', 'update'],
])
const CASCADES: ReadonlyMap<string, readonly AccessEffect[]> = new Map<string, readonly AccessEffect[]>([
  ['d', ['delete']],
  ['u', ['update']],
  ['m', MOVES],
])

const NOTHING: readonly Reached[] = []
export interface Reach {
  /** What has to be known of a statement's names; undefined when all that is known of them is believed still. */
  unsure(facts: Facts): CatalogNames | undefined
  /** the same where that has to be known anew */
  names(facts: Facts): CatalogNames
  /**
   * The same list for the same facts, as long as it holds the same: decisions are remembered by it.
   */
  of(facts: Facts, told: Told): readonly Reached[]
}

interface Known {
  readonly names: CatalogNames
  readonly list: readonly Reached[]
  readonly key: string
  readonly generation: number
  /** of the clock, in milliseconds */
  readonly due: number
}

export function createReach(catalog: Catalog, trust: Trust): Reach {
  const known = new WeakMap<Facts, Known>()
  const fresh = (facts: Facts): Known | undefined => {
    const found = known.get(facts)
    return found?.generation === catalog.generation() && catalog.now() < found.due ? found : undefined
  }
  const namesOf = (facts: Facts) => known.get(facts)?.names ?? catalogNames(facts)
  return {
    unsure: (facts) => (fresh(facts) === undefined ? namesOf(facts) : undefined),
    names: namesOf,
    of(facts, told) {
      const still = fresh(facts)
      if (still !== undefined) return still.list
      const before = known.get(facts)
      const names = before?.names ?? catalogNames(facts)
      const found = reachedBy({ catalog, trust, told }, facts)
      const key = [...found.keys()].join('\n')
      const list = before?.key === key ? before.list : found.size === 0 ? NOTHING : [...found.values()]
      known.set(facts, { names, list, key, generation: catalog.generation(), due: catalog.due(names) })
      return list
    },
  }
}

function reachedBy(sight: CodeSight, facts: Facts): ReadonlyMap<string, Reached> {
  const found = new Map<string, Reached>()
  const add: Add = (reached) => {
    // Names may hold anything, so they are told apart as JSON.
    found.set(JSON.stringify(reached), reached)
  }
  const redefined: RelationName[] = []
  for (const statement of facts.statements) {
    const seen = redefined.length === 0 ? sight : redefining(sight, redefined)
    for (const { effect, relation } of statement.accesses) {
      if (relation !== undefined && !isSystem(relation)) follow(seen, effect, relation, add)
    }
    for (const assigned of statement.reassigned ?? []) followMoves(seen, assigned, add)
    hiddenCode(seen, statement, add)
    redefined.push(...(statement.redefines ?? []))
  }
  return found
}

/** What the text makes of these names before cannot be told. */
function redefining(sight: CodeSight, redefined: readonly RelationName[]): CodeSight {
  const { catalog } = sight
  const isRedefined = ({ schema, name }: RelationName) =>
    redefined.some(
      (one) =>
        (one.name === name || one.name === '*') &&
        (schema === undefined || one.schema === undefined || one.schema === '*' || one.schema === schema),
    )
  return {
    ...sight,
    catalog: {
      meanings: (relation, since) => (isRedefined(relation) ? undefined : catalog.meanings(relation, since)),
      functions: (name, since) => catalog.functions(name, since),
      operators: (name, since) => catalog.operators(name, since),
      types: (name, since) => catalog.types(name, since),
      typesByOid: (oid, since) => catalog.typesByOid(oid, since),
    },
  }
}

function follow({ catalog, told }: CodeSight, effect: AccessEffect, named: RelationName, add: Add): void {
  const meanings = catalog.meanings(named, told.relations)
  if (meanings === undefined) {
    const via = `what is behind ${named.name} cannot be told`
    // Qualified or not: it may be anything.
    add({
      kind: 'behind',
      access: { effect, relation: ANYTHING, via },
      from: ANYTHING,
      named,
      columns: 'any',
    })
    return
  }
  // PostgreSQL's own views are judged by their own names.
  for (const entry of meanings) if (!isSystem(entry.relation)) followEntry(effect, entry, named, add)
}

function followEntry(effect: AccessEffect, entry: Entry, named: RelationName, add: Add): void {
  const { relation: from, view, behind, family, cascades, rewritten, table, version } = entry
  const words = `${from.schema}.${from.name}`
  const put = (access: Access, columns: Reached['columns']) =>
    add({ kind: 'behind', access, from, named, columns, ...(version !== undefined && { version }) })
  const through = THROUGH_VIEWS.get(effect)
  const effects =
    through === undefined
      ? []
      : rewritten && WRITES.has(effect)
        ? [...new Set([through, ...BY_RULES])]
        : [through]
  for (const one of effects) {
    for (const { columns = 'any', schema, name } of behind)
      put({ effect: one, relation: { schema, name }, via: `behind ${words}` }, rewritten ? 'any' : columns)
  }
  if (effect === 'read') addGenerated(entry, named, add)
  const related = view || (rewritten && WRITES.has(effect)) ? effects : [effect]
  for (const one of related) {
    for (const relation of family)
      put({ effect: one, relation, via: `behind ${words}` }, view ? 'any' : 'mentioned')
  }
  // A rule may write its own table, too, in another way than the statement does.
  if (!view && rewritten && WRITES.has(effect)) {
    for (const one of WRITES)
      if (one !== effect) put({ effect: one, relation: from, via: `a rule of ${words}` }, 'any')
  }
  if (table !== undefined && effect === 'maintenance')
    put({ effect, relation: table, via: `behind ${words}` }, 'any')
  for (const { relation, began, event } of cascades) {
    if (BEGAN.get(began) !== effect && !(rewritten && WRITES.has(effect))) continue
    for (const cascaded of CASCADES.get(event) ?? [])
      put({ effect: cascaded, relation, via: `a foreign key to ${words}` }, 'any')
  }
}

/** Whoever reads a generated column reads those that it is computed from. */
function addGenerated({ relation: from, family, generated }: Entry, named: RelationName, add: Add): void {
  for (const [column, columns] of generated) {
    const via = `the generated column ${column} of ${from.schema}.${from.name}`
    for (const relation of [from, ...family])
      add({ kind: 'generated', access: { effect: 'read', relation, via }, from, named, columns, column })
  }
}
