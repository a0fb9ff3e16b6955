// The masks of one session, made anew whenever the policy changed.
import type { Masker } from '../core/masking.ts'
import type { Principal } from '../core/principal.ts'
import { createMasker } from '../masking/masker.ts'
import type { Policy } from '../policy/policy.ts'
import type { GatewayDependencies } from './dependencies.ts'

/**
 * @returns what gives the same object for as long as the policy is the same. It throws when a mask cannot be applied.
 * @throws Error when that is so now
 */
export function masksInForce(
  deps: Pick<GatewayDependencies, 'policy' | 'secret'>,
  principal: Principal,
  resource: string,
): () => Masker {
  const make = (of: Policy) => createMasker(of.masks(principal, resource), { key: deps.secret }, resource)
  let policy = deps.policy()
  let masker = make(policy)
  return () => {
    const now = deps.policy()
    if (now !== policy) {
      masker = make(now)
      policy = now
    }
    return masker
  }
}
