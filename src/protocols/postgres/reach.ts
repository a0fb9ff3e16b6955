// What a statement does to relations behind those that it names: the tables of a view, parents and children of a table.
// It errs on the side of more, since only rules that refuse or hold look at it.
import type { Access, AccessEffect, Facts, RelationName } from '../../core/facts.ts'
import type { Reached } from '../../core/operation.ts'
import { type Catalog, isSystem } from './catalog.ts'
import type { Named } from './catalog-query.ts'

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

const NOTHING: readonly Reached[] = []
const ANYTHING: Named = { schema: '*', name: '*' }

export interface Reach {
  /** The same list for the same facts, as long as it holds the same: decisions are remembered by it. */
  of(facts: Facts): readonly Reached[]
}

export function createReach(catalog: Catalog): Reach {
  const last = new WeakMap<Facts, readonly Reached[]>()
  return {
    of(facts) {
      const found = reachedBy(catalog, facts)
      if (found.length === 0) return NOTHING
      const before = last.get(facts)
      if (before !== undefined && sameList(before, found)) return before
      last.set(facts, found)
      return found
    },
  }
}

function reachedBy(catalog: Catalog, facts: Facts): Reached[] {
  const found = new Map<string, Reached>()
  for (const { accesses } of facts.statements) {
    for (const { effect, relation } of accesses) {
      if (relation !== undefined) follow(catalog, effect, relation, found)
    }
  }
  return [...found.values()]
}

function follow(
  catalog: Catalog,
  effect: AccessEffect,
  named: RelationName,
  found: Map<string, Reached>,
): void {
  if (isSystem(named)) return
  const add = (access: Access, from: Named, columns: Reached['columns']) => {
    const { relation } = access
    const key = [
      access.effect,
      relation?.schema,
      relation?.name,
      named.schema,
      from.schema,
      from.name,
      columns,
    ]
    found.set(JSON.stringify(key), { access, from, named, columns })
  }
  const meanings = catalog.meanings(named)
  if (meanings === undefined) {
    const via = `what is behind ${named.name} cannot be told`
    // Qualified or not: it may be anything.
    add({ effect, relation: ANYTHING, via }, ANYTHING, 'any')
    return
  }
  for (const { relation: from, view, behind, family } of meanings) {
    // PostgreSQL's own views are judged by their own names.
    if (isSystem(from)) continue
    const via = `behind ${from.schema}.${from.name}`
    const through = THROUGH_VIEWS.get(effect)
    const related = view ? through : effect
    if (through !== undefined) {
      for (const { columns = 'any', schema, name } of behind)
        add({ effect: through, relation: { schema, name }, via }, from, columns)
    }
    if (related !== undefined)
      for (const relation of family) add({ effect: related, relation, via }, from, view ? 'any' : 'mentioned')
  }
}

function sameList(a: readonly Reached[], b: readonly Reached[]): boolean {
  return a.length === b.length && a.every((one, index) => JSON.stringify(one) === JSON.stringify(b[index]))
}
