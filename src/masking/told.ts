// What reviewers are told of masks: those over what an operation names, and over what is behind that.
import type { RelationName } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'
import type { ToldMasks } from '../core/told-masks.ts'
import type { ColumnRule } from './rules.ts'

/** Columns that are listed: more are a table to look up, and a request has its size. */
const MAX_LISTED = 50

/** It may be any relation. */
const ANY: RelationName = { name: '*' }

/** @param rulesOf of the masks that apply to the asker */
export function toldOf(
  rulesOf: (relation: RelationName) => readonly ColumnRule[],
  { facts, behind, opaque }: Pick<MaskedOperation, 'facts' | 'behind' | 'opaque'>,
): ToldMasks {
  const named = facts.statements.flatMap(({ accesses }) => accesses.flatMap(({ relation }) => relation ?? []))
  const relations = opaque === true ? [ANY] : [...named, ...behind]
  const touched = new Set(relations.flatMap(rulesOf))
  const masks = new Map<string, string[]>()
  for (const { mask, schema, relation, column } of [...touched].slice(0, MAX_LISTED)) {
    const columns = masks.get(mask) ?? []
    columns.push(`${schema}.${relation}.${column}`)
    masks.set(mask, columns)
  }
  return {
    ...(masks.size === 0 ? {} : { masked: [...masks].map(([mask, columns]) => ({ mask, columns })) }),
    ...(touched.size > MAX_LISTED ? { moreMasked: touched.size - MAX_LISTED } : {}),
  }
}
