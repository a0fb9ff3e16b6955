// The masks of one session: which relations and columns they name, and a mask for each column of a result (design section 7).
import type { Facts, RelationName } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import { allTerms } from '../core/hold-terms.ts'
import type { ColumnOrigin, Masker, MaskVerdict, ResultColumn, ValueMask } from '../core/masking.ts'
import { once } from '../core/once.ts'
import type { MaskedOperation } from '../core/operation.ts'
import { copiesOf, toldCopies } from './copies.ts'
import { createCleanser } from './detect/cleanse.ts'
import { copyRefusal } from './detect/copy.ts'
import { detectorMask } from './detect/value.ts'
import type { NamedByMasks, Offence } from './meant.ts'
import { probesOf } from './probes.ts'
import { maskingRefusal } from './refusals.ts'
import { remembered } from './remembered.ts'
import {
  type ColumnRule,
  columnRules,
  findStrategies,
  type MaskKeys,
  type MaskRule,
  namesRelation,
  stricter,
} from './rules.ts'
import { toldOf, touchedOf } from './told.ts'
import { columnMask, type Strategy, wholeMask } from './value-mask.ts'

export type { MaskKeys, MaskRule } from './rules.ts'

/** Relations whose rules a session remembers; a session that reads more only matches its globs again. */
const REMEMBERED_RELATIONS = 1000

/** Catalog relations that hold samples, or parts, of what is stored in others. */
const SAMPLES = /^pg_(stats|stats_ext.*|statistic.*|largeobject.*|toast.*|stat_activity|stat_statements.*)$/

/** Rules by relation, remembered, since a session reads few relations many times. */
function relationRules(rules: readonly ColumnRule[]): (relation: RelationName) => readonly ColumnRule[] {
  const remembered = new Map<string, readonly ColumnRule[]>()
  return (relation) => {
    // No identifier holds a zero byte.
    const key = relation.schema === undefined ? relation.name : `${relation.schema}\0${relation.name}`
    const known = remembered.get(key)
    if (known !== undefined) return known
    const found = rules.filter((rule) => namesRelation(rule, relation))
    if (remembered.size >= REMEMBERED_RELATIONS) remembered.clear()
    remembered.set(key, found)
    return found
  }
}

function wordsOf({ column, how, rule, untold }: Offence): string {
  const name = JSON.stringify(column)
  if (untold) {
    const what = column === '*' ? 'A column' : `Column ${name}`
    return `${what} ${how}, and may be masked: what is behind its relation cannot be told.`
  }
  const what = column === '*' ? 'A masked column' : `The masked column ${name}`
  return `${what} ${how}${rule === undefined ? '' : ` (mask ${rule.mask})`}.`
}

/** Any that is refused refuses all; those that are held are held together. */
function verdictOf(offences: readonly Offence[]): MaskVerdict | undefined {
  const [first] = offences
  if (first === undefined) return undefined
  const refused = offences.find(({ choice }) => choice === 'refuse')
  const told = refused ?? first
  const message = wordsOf(told)
  const terms = refused === undefined ? allTerms(offences.flatMap(({ rule }) => rule?.hold ?? [])) : undefined
  if (terms !== undefined) return { kind: 'hold', terms, reason: message }
  const { setting } = told
  const hint =
    told.hint ??
    `Use columns that are not masked, or ask whoever keeps the mask for \`${setting}: allow\` or \`${setting}: hold\`.`
  return { kind: 'refuse', refusal: { code: 'denied', message, hint } }
}

/**
 * Masks as the rules say; the rules are those of this resource that do not except this principal.
 *
 * @throws Error when a rule cannot be applied: a missing or short key, a pattern that is no column
 */
export function createMasker(rules: readonly MaskRule[], keys: MaskKeys, resource: string): Masker {
  const rulesOf = relationRules(rules.flatMap((rule) => columnRules(rule, keys, resource)))
  const namesColumns = rules.some((rule) => rule.columns !== undefined)
  const strategies = findStrategies(rules, keys, resource)
  const cleanser = strategies.size === 0 ? undefined : createCleanser(strategies)

  /** The strictest strategy for a stored column; a mask above it in the inheritance tree counts as well. */
  function strategyOf(
    origin: Extract<ColumnOrigin, { kind: 'column' }>,
    column = origin.column,
  ): Strategy | undefined {
    let strategy: Strategy | undefined
    for (const relation of [origin.relation, ...origin.ancestors]) {
      for (const rule of rulesOf(relation)) {
        if (matchesGlob(rule.column, column)) strategy = stricter(strategy, rule.strategy)
      }
    }
    return strategy
  }

  const maskOf = (column: ResultColumn, touchesMasked: boolean): ValueMask | undefined =>
    columnMaskOf(column, touchesMasked) ?? (cleanser && detectorMask(column, cleanser))

  function columnMaskOf(column: ResultColumn, touchesMasked: boolean): ValueMask | undefined {
    if (!namesColumns) return undefined
    switch (column.origin.kind) {
      case 'column': {
        const { origin } = column
        const strategy = strategyOf(origin)
        if (strategy !== undefined) return columnMask(strategy, column)
        return origin.from?.some((one) => strategyOf(origin, one)) ? wholeMask(column) : undefined
      }
      case 'derived':
        return touchesMasked && column.rowsOnly !== true ? wholeMask(column) : undefined
      case 'unknown':
        return wholeMask(column)
    }
  }

  const samples = ({ name }: RelationName) => SAMPLES.test(name)
  const masksRelation = (relation: RelationName) => rulesOf(relation).length > 0 || samples(relation)
  const isClosed = (relation: RelationName) =>
    masksRelation(relation) &&
    (samples(relation) || !rulesOf(relation).some(({ copies }) => copies === 'hold' || copies === 'allow'))
  /** For one operation: a generated column is named with those that it is computed from. */
  function namesOf({ generated = [] }: Pick<MaskedOperation, 'generated'>) {
    const ruleNames: NamedByMasks['ruleNames'] = (rule, column) =>
      matchesGlob(rule.column, column) ||
      generated.some(
        (one) => one.column === column && one.from.some((from) => matchesGlob(rule.column, from)),
      )
    const masksColumn = (relation: RelationName, column: string) =>
      rulesOf(relation).some((rule) => ruleNames(rule, column))
    return { rulesOf, ruleNames, masksRelation, masksColumn, isClosed, samples }
  }

  const touched = once((facts: Facts) => ({ masks: touchedOf(rulesOf, facts) }))

  return {
    masks: rules.map(({ id }) => id),
    active: namesColumns || cleanser !== undefined,
    namesColumns,
    ...(cleanser ? { detection: cleanser } : {}),
    masksRelation,
    masksColumn: namesOf({}).masksColumn,
    verdict: remembered((operation) => {
      if (!namesColumns) return undefined
      const names = namesOf(operation)
      return verdictOf([...probesOf(names, operation), ...copiesOf(names, operation)])
    }),
    refuses: remembered(
      (operation) =>
        (namesColumns ? maskingRefusal(namesOf(operation), operation) : undefined) ??
        (cleanser ? copyRefusal(operation) : undefined),
    ),
    told(operation) {
      const names = namesOf(operation)
      return toldOf(names, operation, toldCopies(names, operation))
    },
    touched: namesColumns ? (facts) => touched(facts).masks : () => undefined,
    plan: (columns, touchesMasked) => columns.map((column) => maskOf(column, touchesMasked)),
  }
}
