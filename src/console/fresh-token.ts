// A vote counts by groups that the reviewer holds now: those of a token that was issued a short while ago.
import type { Principal } from '../core/principal.ts'
import { Problem } from './problem.ts'

/** Clocks of issuers may be ahead by so much, in milliseconds. */
const SKEW = 60_000

/**
 * @param maxAge milliseconds
 * @param now milliseconds since the epoch
 * @throws Problem `stale-token`, also for a token that does not say when it was issued
 */
export function demandFreshToken(principal: Principal, maxAge: number, now: number): void {
  const { iat } = principal.claims
  if (typeof iat !== 'number') throw new Problem('stale-token', 'The token does not say when it was issued.')
  if (isFreshToken(principal, maxAge, now)) return
  throw new Problem('stale-token', undefined, 'Log in again for a new token, and vote with that.')
}

/** The same as an answer, for pages that say so before anybody votes. */
export function isFreshToken({ claims: { iat } }: Principal, maxAge: number, now: number): boolean {
  const age = typeof iat === 'number' ? now - iat * 1000 : Number.POSITIVE_INFINITY
  return age <= maxAge && age >= -SKEW
}
