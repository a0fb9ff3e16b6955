// Why rules count for an operation, and why the others do not, for people who write them.
import type { Circumstances } from '../core/circumstances.ts'
import type { Access } from '../core/facts.ts'
import type { Operation } from '../core/operation.ts'
import type { Principal } from '../core/principal.ts'
import type { SearchPath } from '../core/search-path.ts'
import { unmetCondition } from './conditions.ts'
import { accessesOf, verdictsOf } from './judge.ts'
import type { RuleSet } from './judge-access.ts'
import { couldMeanAccess, mismatch, type Rule } from './rule.ts'

export interface Situation {
  readonly principal: Principal
  readonly resource: string
  readonly circumstances: Circumstances
  readonly set: RuleSet
  readonly operation: Pick<Operation, 'facts' | 'reached'>
}

export interface RuleExplanation {
  readonly applicable: readonly string[]
  readonly others: readonly { readonly rule: string; readonly why: string }[]
}

export function explainRules(rules: readonly Rule[], situation: Situation): RuleExplanation {
  const { operation, set } = situation
  // What is behind the names counts as well, and what is vouched for does not.
  const accesses =
    operation.reached === undefined ? accessesOf(operation, set) : accessesBehind(operation, set)
  const { principal, resource, circumstances } = situation
  const applicable: string[] = []
  const others: { rule: string; why: string }[] = []
  for (const rule of rules) {
    const why = mismatch(rule, principal, resource) ?? unmetCondition(rule.config, circumstances)
    if (why === undefined) applicable.push(rule.id)
    const nothing = why ?? meansNothing(rule, accesses, situation.set.searchPath)
    if (nothing !== undefined) others.push({ rule: rule.id, why: nothing })
  }
  return { applicable, others }
}

const accessesBehind = (operation: Situation['operation'], set: RuleSet): readonly Access[] =>
  verdictsOf(operation, set).map(({ access }) => access)

function meansNothing(rule: Rule, accesses: readonly Access[], path: SearchPath): string | undefined {
  if (accesses.some((access) => couldMeanAccess(rule, access, path))) return undefined
  const effects = rule.effects
  if (effects !== '*' && !accesses.some(({ effect }) => effects.has(effect))) {
    return `it is about ${[...effects].join(', ')}`
  }
  return 'it names nothing that the statement touches'
}
