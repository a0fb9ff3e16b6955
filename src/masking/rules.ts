// Mask rules made ready: which strategy each rule has, and which of several is the strictest.
import { maskHolds, termsOf } from '../config/hold-terms.ts'
import type { MaskRuleConfig } from '../config/schema.ts'
import type { RelationName } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import type { HoldTerms } from '../core/hold-terms.ts'
import type { TouchedColumn } from '../core/mentioned-columns.ts'
import type { Secret } from '../core/secret.ts'
import type { FindStrategy } from './detect/cleanse.ts'
import type { Detector } from './detect/found.ts'
import { hashKey } from './hash.ts'
import { tokenKey } from './keyed.ts'
import type { Strategy } from './value-mask.ts'

/** A rule of the configuration that applies to the session: resource and groups were looked at before. */
export type MaskRule = MaskRuleConfig & { readonly id: string }

export interface MaskKeys {
  /** @throws Error when there is no secret of this name */
  key(name: string): Secret
}

/** One pattern `schema.relation.column` of a rule. */
export interface ColumnRule {
  readonly schema: string
  readonly relation: string
  readonly column: string
  readonly strategy: Strategy
  /** name of the mask in the configuration */
  readonly mask: string
  readonly probes: MaskRule['probes']
  readonly copies: MaskRule['copies']
  /** for probes and copies that are held */
  readonly hold?: HoldTerms
}

/** Shown characters of `partial` when the rule does not say: what card numbers and phone numbers are known by. */
const DEFAULT_KEEP_LAST = 4

/** @throws Error for a rule that cannot be applied as it is written */
function strategyOf(rule: MaskRule, keys: MaskKeys, resource: string): Strategy {
  const { id, strategy } = rule
  switch (strategy) {
    case 'null':
    case 'redact':
      return { kind: strategy }
    case 'fixed':
      if (rule.value === undefined) throw new Error(`mask ${JSON.stringify(id)}: fixed needs a value`)
      return { kind: 'fixed', value: rule.value }
    case 'partial':
      return rule.keep_first === undefined
        ? { kind: 'partial', kept: { end: 'last', count: rule.keep_last ?? DEFAULT_KEEP_LAST } }
        : { kind: 'partial', kept: { end: 'first', count: rule.keep_first } }
    case 'hash':
    case 'tokenize': {
      if (rule.key === undefined) throw new Error(`mask ${JSON.stringify(id)}: ${strategy} needs a key`)
      const key = hashKey(rule.key, keys.key(rule.key))
      return strategy === 'hash' ? { kind: 'hash', key } : { kind: 'tokenize', key: tokenKey(key, resource) }
    }
  }
}

/**
 * The strategy for what each detector finds: the strictest of the rules that name it.
 *
 * @throws Error for a rule that cannot be applied as it is written
 */
export function findStrategies(
  rules: readonly MaskRule[],
  keys: MaskKeys,
  resource: string,
): ReadonlyMap<Detector, FindStrategy> {
  const strategies = new Map<Detector, FindStrategy>()
  for (const rule of rules) {
    if (rule.detect === undefined) continue
    const strategy = strategyOf(rule, keys, resource)
    if (strategy.kind === 'null' || strategy.kind === 'fixed') {
      throw new Error(`mask ${JSON.stringify(rule.id)}: ${strategy.kind} is for whole values`)
    }
    for (const detector of rule.detect) {
      strategies.set(detector, stricter(strategies.get(detector), strategy))
    }
  }
  return strategies
}

/** @throws Error for a rule that cannot be applied as it is written: a session without its masks must not start */
export function columnRules(rule: MaskRule, keys: MaskKeys, resource: string): readonly ColumnRule[] {
  if (rule.columns === undefined) return []
  const strategy = strategyOf(rule, keys, resource)
  return rule.columns.map((pattern) => {
    const [schema, relation, column, ...rest] = pattern.split('.')
    if (!schema || !relation || !column || rest.length > 0) {
      throw new Error(
        `mask ${JSON.stringify(rule.id)}: ${JSON.stringify(pattern)} is not schema.relation.column`,
      )
    }
    const { id: mask, probes, copies } = rule
    return { schema, relation, column, strategy, mask, probes, copies, ...holdOf(rule) }
  })
}

/** @throws Error when nobody could approve */
function holdOf(rule: MaskRule): { readonly hold?: HoldTerms } {
  if (!maskHolds(rule)) return {}
  const hold = termsOf(rule)
  if (hold === undefined) throw new Error(`mask ${JSON.stringify(rule.id)}: hold needs approvers`)
  return { hold }
}

/** Without a schema the name may stand for a relation of any schema; `*` stands for every one, as in CLUSTER without a table. */
export function namesRelation(
  rule: Pick<ColumnRule, 'schema' | 'relation'>,
  { schema, name }: RelationName,
): boolean {
  if (name !== '*' && !matchesGlob(rule.relation, name)) return false
  return schema === undefined || schema === '*' || matchesGlob(rule.schema, schema)
}

/** Strictest first: what tells nothing, what tells which values are equal, their shape, a piece of them. */
const STRICTNESS: readonly Strategy['kind'][] = ['null', 'redact', 'fixed', 'hash', 'tokenize', 'partial']

/** Of two equally strict the first stays; of two `partial` the one that shows less. */
export function stricter<S extends Strategy>(a: S | undefined, b: S): S {
  if (a === undefined) return b
  if (a.kind === 'partial' && b.kind === 'partial') return b.kept.count < a.kept.count ? b : a
  return STRICTNESS.indexOf(b.kind) < STRICTNESS.indexOf(a.kind) ? b : a
}

/** Could the rule mean this column, by the names that a statement has for it? */
export function namesColumn(
  rule: Pick<ColumnRule, 'schema' | 'relation' | 'column'>,
  { relation, column }: TouchedColumn,
): boolean {
  return namesRelation(rule, relation) && (column === '*' || matchesGlob(rule.column, column))
}
