// Decisions that were made, by what they were made of.
import type { Decision } from '../core/decision.ts'
import type { Facts } from '../core/facts.ts'
import type { Operation, Reached } from '../core/operation.ts'
import type { RuleSet } from './judge-access.ts'

const NOTHING_REACHED: readonly Reached[] = []

type Judged = Pick<Operation, 'facts' | 'phase' | 'reached'>
type ByRules = WeakMap<RuleSet, Map<Operation['phase'], Decision>>

export interface DecisionMemory {
  of(rules: RuleSet, operation: Judged): Decision | undefined
  keep(rules: RuleSet, operation: Judged, decision: Decision): void
}

/**
 * Facts of a known text are one object, so is what is behind its names as long as that is the same, and so are the rules
 * of a principal on a resource under like circumstances: a statement that was judged costs a few look-ups.
 */
export const createDecisionMemory = (): DecisionMemory => new KeptDecisions()

class KeptDecisions implements DecisionMemory {
  readonly #known = new WeakMap<Facts, WeakMap<readonly Reached[], ByRules>>()

  of(rules: RuleSet, { facts, phase, reached = NOTHING_REACHED }: Judged): Decision | undefined {
    return this.#known.get(facts)?.get(reached)?.get(rules)?.get(phase)
  }

  keep(rules: RuleSet, { facts, phase, reached = NOTHING_REACHED }: Judged, decision: Decision): void {
    const byReached = this.#known.get(facts) ?? new WeakMap<readonly Reached[], ByRules>()
    this.#known.set(facts, byReached)
    const byRules: ByRules = byReached.get(reached) ?? new WeakMap()
    byReached.set(reached, byRules)
    const decisions = byRules.get(rules) ?? new Map<Operation['phase'], Decision>()
    byRules.set(rules, decisions)
    decisions.set(phase, decision)
  }
}
