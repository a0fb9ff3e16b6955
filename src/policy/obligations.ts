// What goes with leave: how much the result may have.
import type { Obligations, RuleLimits } from '../core/decision.ts'
import type { AccessVerdict, RuleSet } from './judge-access.ts'
import { couldMeanAccess, type Rule } from './rule.ts'

/**
 * Every rule in force that gives leave for an access of the statement counts, not only the one that was found first: each
 * limit holds.
 */
export function obligationsOf(verdicts: readonly AccessVerdict[], rules: RuleSet): Obligations | undefined {
  if (!rules.obliging) return undefined
  const meant = [...rules.hold, ...rules.allow].filter((rule) =>
    verdicts.some(({ access, rules: made }) =>
      // What is behind a name needs no leave, so only the rules that hold it count.
      access.via === undefined ? couldMeanAccess(rule, access, rules.searchPath) : made.includes(rule),
    ),
  )
  const limits = meant.flatMap(limitsOf)
  return limits.length === 0 ? undefined : { limits }
}

function limitsOf({ id, config: { limits } }: Rule): RuleLimits[] {
  if (limits === undefined) return []
  const { rows, bytes, session, hour } = limits
  return [{ rule: id, statement: { rows, bytes }, session: session ?? {}, hour: hour ?? {} }]
}
