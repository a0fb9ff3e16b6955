// The masks of one session: which relations and columns they name, and a mask for each column of a result (design section 7).
import type { Refusal } from '../core/errors.ts'
import type { Facts, RelationName } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import { allTerms } from '../core/hold-terms.ts'
import type {
  ColumnOrigin,
  Masker,
  MaskVerdict,
  ResultColumn,
  ResultPlan,
  ValueMask,
} from '../core/masking.ts'
import type { MaskedOperation } from '../core/operation.ts'
import type { ToldMasks } from '../core/told-masks.ts'
import { copiesOf, toldCopies } from './copies.ts'
import { type Cleanser, createCleanser } from './detect/cleanse.ts'
import { copyRefusal } from './detect/copy.ts'
import { detectorMask } from './detect/value.ts'
import type { NamedByMasks, Offence } from './meant.ts'
import { probesOf } from './probes.ts'
import { maskingRefusal } from './refusals.ts'
import { createRelationRules, type RelationRules } from './relation-rules.ts'
import { createRemembered } from './remembered.ts'
import { columnRules, findStrategies, type MaskKeys, type MaskRule, stricter } from './rules.ts'
import { toldOf, touchedOf } from './told.ts'
import { columnMask, type Strategy, wholeMask } from './value-mask.ts'

export type { MaskKeys, MaskRule } from './rules.ts'

/** Catalog relations that hold samples, or parts, of what is stored in others. */
const SAMPLES = /^pg_(stats|stats_ext.*|statistic.*|largeobject.*|toast.*|stat_activity|stat_statements.*)$/
const samples = ({ name }: RelationName) => SAMPLES.test(name)

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
export const createMasker = (rules: readonly MaskRule[], keys: MaskKeys, resource: string): Masker =>
  new MasksOfSession(rules, keys, resource)

class MasksOfSession implements Masker {
  readonly masks: readonly string[]
  readonly active: boolean
  readonly namesColumns: boolean
  readonly detection?: Cleanser
  readonly #rules: RelationRules
  readonly #touched = new WeakMap<Facts, { readonly masks: readonly string[] | undefined }>()
  readonly #verdicts = createRemembered((operation) => this.#verdict(operation))
  readonly #refusals = createRemembered((operation) => this.#refusal(operation))

  constructor(rules: readonly MaskRule[], keys: MaskKeys, resource: string) {
    this.#rules = createRelationRules(rules.flatMap((rule) => columnRules(rule, keys, resource)))
    const strategies = findStrategies(rules, keys, resource)
    if (strategies.size > 0) this.detection = createCleanser(strategies)
    this.masks = rules.map(({ id }) => id)
    this.namesColumns = rules.some((rule) => rule.columns !== undefined)
    this.active = this.namesColumns || strategies.size > 0
  }

  masksRelation(relation: RelationName): boolean {
    return this.#rules.of(relation).length > 0 || samples(relation)
  }

  masksColumn(relation: RelationName, column: string): boolean {
    return this.#rules.of(relation).some((rule) => matchesGlob(rule.column, column))
  }

  verdict(operation: MaskedOperation): MaskVerdict | undefined {
    return this.#verdicts.of(operation)
  }

  refuses(operation: MaskedOperation): Refusal | undefined {
    return this.#refusals.of(operation)
  }

  told(operation: MaskedOperation): ToldMasks {
    const names = this.#namesOf(operation)
    return toldOf(names, operation, toldCopies(names, operation))
  }

  touched(facts: Facts): readonly string[] | undefined {
    if (!this.namesColumns) return undefined
    const known = this.#touched.get(facts)
    if (known !== undefined) return known.masks
    const masks = touchedOf((relation) => this.#rules.of(relation), facts)
    this.#touched.set(facts, { masks })
    return masks
  }

  plan(columns: readonly ResultColumn[], touchesMasked: boolean): ResultPlan {
    return columns.map((column) => this.#maskOf(column, touchesMasked))
  }

  #verdict(operation: MaskedOperation): MaskVerdict | undefined {
    if (!this.namesColumns) return undefined
    const names = this.#namesOf(operation)
    return verdictOf([...probesOf(names, operation), ...copiesOf(names, operation)])
  }

  #refusal(operation: MaskedOperation): Refusal | undefined {
    const refusal = this.namesColumns ? maskingRefusal(this.#namesOf(operation), operation) : undefined
    return refusal ?? (this.detection ? copyRefusal(operation) : undefined)
  }

  /** For one operation: a generated column is named with those that it is computed from. */
  #namesOf({ generated = [] }: Pick<MaskedOperation, 'generated'>) {
    const rulesOf = (relation: RelationName) => this.#rules.of(relation)
    const ruleNames: NamedByMasks['ruleNames'] = (rule, column) =>
      matchesGlob(rule.column, column) ||
      generated.some(
        (one) => one.column === column && one.from.some((from) => matchesGlob(rule.column, from)),
      )
    return {
      rulesOf,
      ruleNames,
      samples,
      masksRelation: (relation: RelationName) => this.masksRelation(relation),
      masksColumn: (relation: RelationName, column: string) =>
        rulesOf(relation).some((rule) => ruleNames(rule, column)),
      isClosed: (relation: RelationName) => this.#isClosed(relation),
    }
  }

  #isClosed(relation: RelationName): boolean {
    if (samples(relation)) return true
    const rules = this.#rules.of(relation)
    return rules.length > 0 && !rules.some(({ copies }) => copies === 'hold' || copies === 'allow')
  }

  #maskOf(column: ResultColumn, touchesMasked: boolean): ValueMask | undefined {
    const cleanser = this.detection
    return this.#columnMaskOf(column, touchesMasked) ?? (cleanser && detectorMask(column, cleanser))
  }

  #columnMaskOf(column: ResultColumn, touchesMasked: boolean): ValueMask | undefined {
    if (!this.namesColumns) return undefined
    switch (column.origin.kind) {
      case 'column': {
        const { origin } = column
        const strategy = this.#strategyOf(origin)
        if (strategy !== undefined) return columnMask(strategy, column)
        return origin.from?.some((one) => this.#strategyOf(origin, one)) ? wholeMask(column) : undefined
      }
      case 'derived':
        return touchesMasked && column.rowsOnly !== true ? wholeMask(column) : undefined
      case 'unknown':
        return wholeMask(column)
    }
  }

  /** The strictest strategy for a stored column; a mask above it in the inheritance tree counts as well. */
  #strategyOf(
    origin: Extract<ColumnOrigin, { kind: 'column' }>,
    column = origin.column,
  ): Strategy | undefined {
    let strategy: Strategy | undefined
    for (const relation of [origin.relation, ...origin.ancestors]) {
      for (const rule of this.#rules.of(relation)) {
        if (matchesGlob(rule.column, column)) strategy = stricter(strategy, rule.strategy)
      }
    }
    return strategy
  }
}
