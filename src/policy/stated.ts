// What becomes of a hold by what the asker says of the statement. It looks at the text, so nothing of it is remembered by facts.
import type { Decision } from '../core/decision.ts'
import type { ReasonDemand } from '../core/hold-terms.ts'
import type { Operation } from '../core/operation.ts'
import { REASON_SETTING, statedOf, unmetBy } from '../core/stated.ts'

/**
 * A rule may demand that the asker says why, and in which words. What lacks it is refused before anybody is asked.
 * @param follows what the session says in its setting is followed
 */
export function demandingReason(decision: Decision, operation: Operation, follows = true): Decision {
  const demand = decision.hold?.reason
  if (decision.outcome !== 'hold' || demand === undefined) return decision
  const lack = lackOf(demand, operation)
  if (lack === undefined) return decision
  const { hold: _, obligations: __, ...rest } = decision
  return { ...rest, outcome: 'deny', reason: `${decision.reason}: ${lack}`, hint: hintOf(demand, follows) }
}

function lackOf(demand: ReasonDemand, operation: Operation): string | undefined {
  const stated = statedOf(operation)
  if (stated === undefined) return 'it has to be said why'
  const unmet = unmetBy(stated.reason, demand)
  return unmet.length === 0 ? undefined : `the reason that is said has to be like ${like(unmet)}`
}

const like = (demand: readonly (readonly string[])[]): string =>
  demand.map((patterns) => patterns.join(' or ')).join(' and like ')

function hintOf(demand: ReasonDemand, follows: boolean): string {
  const setting = follows ? `, or in the session with SET ${REASON_SETTING} = '…'` : ''
  const words =
    demand === 'required' ? '' : ` The words have to be like ${like(demand)}; * is any run of characters.`
  return `Say why in a comment at the beginning or the end of the statement, /* reason: … */${setting}.${words}`
}
