// What becomes of a hold by what the asker says of the statement. It looks at the text, so nothing of it is remembered by facts.
import type { Decision } from '../core/decision.ts'
import type { Operation } from '../core/operation.ts'
import { statedIn } from '../core/stated.ts'

/** A rule may demand that the asker says why. What lacks it is refused before anybody is asked. */
export function demandingReason(decision: Decision, { text }: Operation): Decision {
  if (decision.outcome !== 'hold' || decision.hold?.reason === undefined) return decision
  if (statedIn(text) !== undefined) return decision
  const { hold: _, obligations: __, ...rest } = decision
  return {
    ...rest,
    outcome: 'deny',
    reason: `${decision.reason}: it has to be said why`,
    hint: 'Say why in a comment at the beginning or the end of the statement: /* reason: … */',
  }
}
