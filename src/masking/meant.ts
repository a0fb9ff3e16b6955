// Which masked columns a statement may mean by a column that it mentions.
import type { ColumnMention, RelationName, StatementFacts } from '../core/facts.ts'
import type { MaskedOperation } from '../core/operation.ts'
import type { ColumnRule } from './rules.ts'

/** What is needed of a masker. */
export interface NamedByMasks {
  /** the rules that name any column of this relation */
  rulesOf(relation: RelationName): readonly ColumnRule[]
  ruleNames(rule: ColumnRule, column: string): boolean
  /** it holds samples, or parts, of what others store */
  samples(relation: RelationName): boolean
}

/** What a statement does with a masked column that its mask does not allow. */
export interface Offence {
  readonly column: string
  /** in the words of a refusal: `orders rows` */
  readonly how: string
  /** the mask; absent for samples in the catalog and views that cannot be looked into */
  readonly rule?: ColumnRule
  /** a view that cannot be looked into, or a catalog that did not tell */
  readonly untold?: true
  /** what the mask says of it; `refuse` where none says */
  readonly choice: 'refuse' | 'hold'
  /** the setting of the mask that may say otherwise */
  readonly setting: 'probes' | 'copies'
  /** what to do about it, where no setting of a mask says otherwise */
  readonly hint?: string
}

export interface Meant {
  readonly rules: readonly ColumnRule[]
  /** it may be any column: its relation is a view that cannot be looked into */
  readonly untold: boolean
  /** a view shows it, so that it may be another column under this name */
  readonly shown: boolean
  /** the relations that it may be of */
  readonly relations: readonly RelationName[]
}

export function meantBy(
  masks: NamedByMasks,
  { column, relation }: ColumnMention,
  { accesses }: StatementFacts,
  { behind, renaming = [] }: MaskedOperation,
): Meant {
  const relations = relation === undefined ? accesses.flatMap((access) => access.relation ?? []) : [relation]
  const covers = (rule: ColumnRule) => column === '*' || masks.ruleNames(rule, column)
  // A child has its parent's columns. A view may show any column of what is behind it, under any name.
  const shown = relations.some((one) => renaming.some((view) => same(view, one)))
  const rules = new Set([
    ...[...relations, ...behind].flatMap((one) => masks.rulesOf(one).filter(covers)),
    ...(shown ? behind.flatMap((one) => masks.rulesOf(one)) : []),
  ])
  return { rules: [...rules], untold: shown && rules.size === 0, shown, relations }
}

export const same = (a: RelationName, b: RelationName) => a.name === b.name && a.schema === b.schema

/** What a setting says of one offence: nothing but `hold` holds, whatever else comes. */
export const heldOrRefused = (setting: 'refuse' | 'hold'): Offence['choice'] =>
  setting === 'hold' ? 'hold' : 'refuse'
