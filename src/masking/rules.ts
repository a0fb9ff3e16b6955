// Mask rules made ready: which strategy each rule has, and which of several is the strictest.
import type { MaskRuleConfig } from '../config/schema.ts'
import type { RelationName } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import type { Secret } from '../core/secret.ts'
import { hashKey } from './hash.ts'
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
}

/** Shown characters of `partial` when the rule does not say: what card numbers and phone numbers are known by. */
const DEFAULT_KEEP_LAST = 4

function strategyOf(rule: MaskRule, keys: MaskKeys): Strategy {
  switch (rule.strategy) {
    case 'null':
    case 'redact':
      return { kind: rule.strategy }
    case 'partial':
      return { kind: 'partial', keepLast: rule.keep_last ?? DEFAULT_KEEP_LAST }
    case 'hash':
      if (rule.key === undefined) throw new Error(`mask ${JSON.stringify(rule.id)}: hash needs a key`)
      return { kind: 'hash', key: hashKey(rule.key, keys.key(rule.key)) }
  }
}

/** @throws Error for a rule that cannot be applied as it is written: a session without its masks must not start */
export function columnRules(rule: MaskRule, keys: MaskKeys): readonly ColumnRule[] {
  const strategy = strategyOf(rule, keys)
  return rule.columns.map((pattern) => {
    const [schema, relation, column, ...rest] = pattern.split('.')
    if (!schema || !relation || !column || rest.length > 0) {
      throw new Error(
        `mask ${JSON.stringify(rule.id)}: ${JSON.stringify(pattern)} is not schema.relation.column`,
      )
    }
    return { schema, relation, column, strategy }
  })
}

/** Without a schema the name may stand for a relation of any schema. */
export function namesRelation(rule: ColumnRule, relation: RelationName): boolean {
  if (!matchesGlob(rule.relation, relation.name)) return false
  return relation.schema === undefined || matchesGlob(rule.schema, relation.schema)
}

const STRICTNESS: Readonly<Record<Strategy['kind'], number>> = { null: 3, redact: 2, hash: 1, partial: 0 }

/** Of two equally strict the first stays; of two `partial` the one that shows less. */
export function stricter(a: Strategy | undefined, b: Strategy): Strategy {
  if (a === undefined) return b
  if (a.kind === 'partial' && b.kind === 'partial') return b.keepLast < a.keepLast ? b : a
  return STRICTNESS[b.kind] > STRICTNESS[a.kind] ? b : a
}
