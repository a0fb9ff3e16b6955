// What names mean in the first text of a session, for questions without one.
import type { Facts } from '../../../core/facts.ts'
import { movesOf } from './moves.ts'
import { underPath } from './under-path.ts'

/** The path is the login's, but behind what may change it in the same text: there, names without a schema may be anywhere. */
export function asFirstText(facts: Facts): Facts {
  const { within } = movesOf(facts)
  return within.has('set') || within.has('code') ? underPath(facts, 'any') : facts
}
