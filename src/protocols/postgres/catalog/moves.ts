// Rows that an UPDATE or MERGE takes from one partition to another, by what it assigns to the columns that say where they belong.
import type { AccessEffect, RelationName, StoredIn } from '../../../core/facts.ts'
import type { Entry } from './answer.ts'
import { type Add, ANYTHING, type CodeSight } from './hidden-code.ts'
import { isSystem } from './names.ts'

/** What it is to the partition that a row leaves, and to the one that it comes to. */
export const MOVES: readonly AccessEffect[] = ['delete', 'insert']

export function followMoves(
  { catalog, told }: CodeSight,
  { relation: named, column }: StoredIn,
  add: Add,
): void {
  if (isSystem(named)) return
  const put = (relation: RelationName, from: Entry['relation'], via: string) => {
    for (const effect of MOVES)
      add({ kind: 'behind', access: { effect, relation, via }, from, named, columns: 'any' })
  }
  const meanings = catalog.meanings(named, told.relations)
  if (meanings === undefined) put(ANYTHING, ANYTHING, `what is behind ${named.name} cannot be told`)
  for (const entry of meanings ?? []) {
    const { relation: from, partitions } = entry
    if (isSystem(from) || !mayMove(entry, column)) continue
    for (const one of partitions) put(one, from, `rows of ${from.schema}.${from.name} that move`)
  }
}

/** Views, and what rules write, may have other names for the columns. */
const mayMove = ({ view, rewritten, keys }: Entry, column: string): boolean =>
  view || rewritten || column === '*' || keys.includes('*') || keys.includes(column)
