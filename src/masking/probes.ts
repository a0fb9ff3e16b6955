// Statements that let a masked value decide: a condition, an order, a group. Nothing of it comes back, and yet a patient
// asker guesses it (`WHERE ssn > '5'`). Each mask says what becomes of them.

import type { ColumnMention, ColumnUse, StatementFacts } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'
import { heldOrRefused, meantBy, type NamedByMasks, type Offence } from './meant.ts'

/** Uses by which a value tells of itself, in the words of a refusal. */
const PROBES = {
  predicate: 'decides which rows or branches count',
  sort: 'orders rows',
  group: 'groups rows',
  aggregate: 'goes into an aggregate',
  compare: 'is compared by a set operation',
  fallible: 'goes into a computation that may fail or take its time on it',
} as const satisfies Readonly<Partial<Record<ColumnUse, string>>>

/** Catalog columns that hold values of other relations' columns, or what others ask. */
const SAMPLED = /^(most_common_.*|histogram_bounds|range_.*|stavalues\d|stxd.*|query|(chunk_)?data|\*)$/

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema'])

/** Every probe of the operation that its masks do not allow. */
export function probesOf(masks: NamedByMasks, operation: MaskedOperation): readonly Offence[] {
  return operation.facts.statements.flatMap((statement) =>
    statement.columns.flatMap((mention) => {
      const how = howProbed(mention.uses)
      if (how !== undefined) return probed(masks, mention, how, statement, operation)
      if (
        mention.uses.includes('guarding') &&
        (operation.computes === true || mayCast(statement, 'lazy', operation))
      )
        return probed(masks, mention, PROBES.predicate, statement, operation)
      if (mention.uses.includes('recast') && mayCast(statement, 'recast', operation))
        return probed(masks, mention, PROBES.fallible, statement, operation)
      if (mention.uses.includes('collated') && mayConflict(statement, operation))
        return probed(masks, mention, PROBES.fallible, statement, operation)
      return [...shapedOf(mention, operation), ...longOf(mention, operation)].flatMap((one) =>
        probed(masks, one, PROBES.fallible, statement, operation),
      )
    }),
  )
}

function howProbed(uses: readonly ColumnUse[]): string | undefined {
  // In the order of the table: that it is a condition says more than that its operator may fail.
  return Object.entries(PROBES).find(([use]) => uses.some((one) => one === use))?.[1]
}

/** An array becomes one of another's elements where it stands beside it, also of a domain's, whose check may fail. */
const SHAPED: ReadonlySet<ColumnUse> = new Set<ColumnUse>(['shaped', 'converted', 'recast'])

/** Of a column that is computed with, those that may fail by their types: of a whole row any that there are. */
function shapedOf(mention: ColumnMention, { shaped = [] }: MaskedOperation): ColumnMention[] {
  if (!mention.uses.some((use) => SHAPED.has(use))) return []
  if (shaped.includes('*')) return [mention]
  const { column } = mention
  return [...new Set(shaped)].flatMap((one) =>
    column === '*' || column === one ? [{ ...mention, column: one }] : [],
  )
}

/** Of a column that stands beside others, those whose values may be too long for their types. */
function longOf(mention: ColumnMention, { castable = [] }: MaskedOperation): ColumnMention[] {
  if (!mention.uses.includes('converted')) return []
  const { column } = mention
  return castable.flatMap((one) => {
    if (!one.long || (column !== '*' && one.column !== '*' && one.column !== column)) return []
    return [{ ...mention, column: one.column === '*' ? column : one.column }]
  })
}

/** May what it names be of another collation than the default and C? A type of somebody's own may have one. */
const mayConflict = ({ uses, accesses }: StatementFacts, { collates }: MaskedOperation): boolean =>
  collates === true ||
  (uses?.types.length ?? 0) > 0 ||
  (uses?.typeOids?.length ?? 0) > 0 ||
  accesses.some(({ effect }) => effect === 'call')

/** Is a column of this use of a type that becomes others? Those of the catalog are not asked for. */
function mayCast({ columns }: StatementFacts, use: ColumnUse, { castable = [] }: MaskedOperation): boolean {
  return columns.some(
    ({ column, relation, uses }) =>
      uses.includes(use) &&
      (SYSTEM_SCHEMAS.has(relation?.schema ?? '') ||
        castable.some((one) => column === '*' || one.column === '*' || one.column === column)),
  )
}

function probed(
  masks: NamedByMasks,
  mention: ColumnMention,
  how: string,
  statement: StatementFacts,
  operation: MaskedOperation,
): Offence[] {
  const { column } = mention
  const { rules, untold, relations } = meantBy(masks, mention, statement, operation)
  const probe = { column, how, setting: 'probes', choice: 'refuse' } as const
  if (SAMPLED.test(column) && relations.some((relation) => masks.samples(relation))) return [probe]
  if (untold) return [{ ...probe, untold: true }]
  return rules.flatMap((rule) =>
    rule.probes === 'allow' ? [] : [{ ...probe, rule, choice: heldOrRefused(rule.probes) }],
  )
}
