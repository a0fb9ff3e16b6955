// What reviewers are told of masks: those over what an operation names, and over what is behind that. And what recordings are.
import type { Facts, RelationName } from '../core/facts.ts'
import { ANY_COLUMN, columnsOf, ON_COLUMNS, touchedColumns } from '../core/mentioned-columns.ts'
import type { MaskedOperation } from '../core/operation.ts'
import type { CopiedColumn, ToldMasks } from '../core/told-masks.ts'
import { type ColumnRule, namesColumn } from './rules.ts'

/** Columns that are listed: more are a table to look up, and a request has its size. */
const MAX_LISTED = 50

/** It may be any relation. */
const ANY: RelationName = { name: '*' }

/** Of the masks that apply to the asker. */
interface Names {
  readonly rulesOf: (relation: RelationName) => readonly ColumnRule[]
  /** could the rule mean this column, or one that it is computed from? */
  readonly ruleNames: (rule: ColumnRule, column: string) => boolean
}

/** @param copies what the operation stores elsewhere */
export function toldOf(
  names: Names,
  operation: Pick<MaskedOperation, 'facts' | 'behind' | 'opaque'>,
  copies: readonly CopiedColumn[],
): ToldMasks {
  const touched = rulesTouched(names, operation)
  const masks = new Map<string, string[]>()
  for (const { mask, schema, relation, column } of [...touched].slice(0, MAX_LISTED)) {
    const columns = masks.get(mask) ?? []
    columns.push(`${schema}.${relation}.${column}`)
    masks.set(mask, columns)
  }
  return {
    ...(masks.size === 0 ? {} : { masked: [...masks].map(([mask, columns]) => ({ mask, columns })) }),
    ...(touched.size > MAX_LISTED ? { moreMasked: touched.size - MAX_LISTED } : {}),
    ...(copies.length === 0 ? {} : { copied: copies.slice(0, MAX_LISTED) }),
    ...(copies.length > MAX_LISTED ? { moreCopied: copies.length - MAX_LISTED } : {}),
  }
}

/** Of what a statement names, those of the columns that it reads or writes; of what is behind that, all: its columns may be any there. */
function rulesTouched(
  { rulesOf, ruleNames }: Names,
  { facts, behind, opaque }: Pick<MaskedOperation, 'facts' | 'behind' | 'opaque'>,
): ReadonlySet<ColumnRule> {
  if (opaque === true) return new Set(rulesOf(ANY))
  const named = facts.statements.flatMap((statement) =>
    statement.accesses.flatMap((access) => {
      const { effect, relation } = access
      if (relation === undefined) return []
      // What is done to whole rows, or to the relation itself, is done to each column.
      const columns = ON_COLUMNS.has(effect) ? columnsOf(statement, access) : ANY_COLUMN
      return rulesOf(relation).filter((rule) =>
        columns.some((column) => column === '*' || ruleNames(rule, column)),
      )
    }),
  )
  return new Set([...named, ...behind.flatMap(rulesOf)])
}

/** Names of masks over what the statements themselves touch; undefined when there are none. */
export function touchedOf(
  rulesOf: (relation: RelationName) => readonly ColumnRule[],
  facts: Facts,
): readonly string[] | undefined {
  const masks = new Set<string>()
  for (const touched of touchedColumns(facts)) {
    for (const rule of rulesOf(touched.relation)) if (namesColumn(rule, touched)) masks.add(rule.mask)
  }
  return masks.size === 0 ? undefined : [...masks]
}
