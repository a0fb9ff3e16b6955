// Statements that let a masked value decide: a condition, an order, a group. Nothing of it comes back, and yet a patient
// asker guesses it (`WHERE ssn > '5'`). Each mask says what becomes of them.

import type { ColumnMention, ColumnUse, RelationName, StatementFacts } from '../core/facts.ts'
import { allTerms, type HoldTerms } from '../core/hold-terms.ts'
import type { MaskedOperation } from '../core/operation.ts'
import type { ColumnRule } from './rules.ts'

/** Uses by which a value tells of itself, in the words of a refusal. */
const PROBES: Readonly<Partial<Record<ColumnUse, string>>> = {
  predicate: 'decides which rows or branches count',
  sort: 'orders rows',
  group: 'groups rows',
  aggregate: 'goes into an aggregate',
  compare: 'is compared by a set operation',
  fallible: 'goes into a computation that may fail or take its time on it',
}

/** Catalog columns that hold values of other relations' columns, or what others ask. */
const SAMPLED = /^(most_common_.*|histogram_bounds|range_.*|stavalues\d|stxd.*|query|(chunk_)?data|\*)$/

export interface Probed {
  readonly column: string
  readonly how: string
  /** the mask that refuses or holds it; absent for samples in the catalog and views that cannot be looked into */
  readonly rule?: ColumnRule
  /** a view that cannot be looked into, or a catalog that did not tell */
  readonly untold?: true
}

/** What is needed of a masker. */
export interface ProbeMasks {
  /** the rules that name any column of this relation */
  rulesOf(relation: RelationName): readonly ColumnRule[]
  ruleNames(rule: ColumnRule, column: string): boolean
  samples(relation: RelationName): boolean
}

/** Every probe of the operation that its masks do not allow. */
export function probesOf(masks: ProbeMasks, operation: MaskedOperation): readonly Probed[] {
  return operation.facts.statements.flatMap((statement) => probesOfStatement(masks, statement, operation))
}

function probesOfStatement(
  masks: ProbeMasks,
  statement: StatementFacts,
  operation: MaskedOperation,
): Probed[] {
  const named = statement.accesses.flatMap(({ relation }) => relation ?? [])
  return statement.columns.flatMap((mention) => {
    const how = howProbed(mention.uses)
    if (how === undefined) return []
    const relations = mention.relation === undefined ? named : [mention.relation]
    return probed(masks, mention, relations, operation).map((found) => ({ ...found, how }))
  })
}

function howProbed(uses: readonly ColumnUse[]): string | undefined {
  // In the order of the table: that it is a condition says more than that its operator may fail.
  return Object.entries(PROBES).find(([use]) => uses.some((one) => one === use))?.[1]
}

function probed(
  masks: ProbeMasks,
  { column }: ColumnMention,
  relations: readonly RelationName[],
  { behind, renaming = [] }: MaskedOperation,
): Omit<Probed, 'how'>[] {
  if (relations.some((relation) => masks.samples(relation)) && SAMPLED.test(column)) return [{ column }]
  // A child has its parent's columns. A view may show any column of what is behind it, under any name.
  const shown = relations.some((relation) => renaming.some((view) => same(view, relation)))
  const rules = new Set([
    ...[...relations, ...behind].flatMap((relation) =>
      masks.rulesOf(relation).filter((rule) => covers(masks, rule, column)),
    ),
    ...(shown ? behind.flatMap((relation) => masks.rulesOf(relation)) : []),
  ])
  // It cannot be told what the view shows.
  if (shown && rules.size === 0) return [{ column, untold: true }]
  return [...rules].filter((rule) => rule.probes !== 'allow').map((rule) => ({ column, rule }))
}

const covers = (masks: ProbeMasks, rule: ColumnRule, column: string) =>
  column === '*' || masks.ruleNames(rule, column)

const same = (a: RelationName, b: RelationName) => a.name === b.name && a.schema === b.schema

/** What reviewers have to agree to; undefined when the masks that hold have no approvers in common. */
export function holdTermsOf(rules: readonly ColumnRule[]): HoldTerms | undefined {
  return allTerms(rules.flatMap((rule) => rule.hold ?? []))
}
