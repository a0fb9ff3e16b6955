// Why rules count for an operation, and why the others do not, for people who write them.
import type { Circumstances } from '../core/circumstances.ts'
import type { Access } from '../core/facts.ts'
import type { Operation } from '../core/operation.ts'
import type { Principal } from '../core/principal.ts'
import type { SearchPath } from '../core/search-path.ts'
import { unmetCondition } from './conditions.ts'
import { accessesOf } from './judge.ts'
import type { RuleSet } from './judge-access.ts'
import { couldMeanAccess, mismatch, type Rule } from './rule.ts'

export interface Situation {
  readonly principal: Principal
  readonly resource: string
  readonly circumstances: Circumstances
  readonly set: RuleSet
  readonly operation: Pick<Operation, 'facts'>
}

export interface RuleExplanation {
  readonly applicable: readonly string[]
  readonly others: readonly { readonly rule: string; readonly why: string }[]
}

export function explainRules(rules: readonly Rule[], situation: Situation): RuleExplanation {
  const accesses = accessesOf(situation.operation, situation.set)
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

function meansNothing(rule: Rule, accesses: readonly Access[], path: SearchPath): string | undefined {
  if (accesses.some((access) => couldMeanAccess(rule, access, path))) return undefined
  const effects = rule.effects
  if (effects !== '*' && !accesses.some(({ effect }) => effects.has(effect))) {
    return `it is about ${[...effects].join(', ')}`
  }
  return 'it names nothing that the statement touches'
}
