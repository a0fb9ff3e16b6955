// What a lockdown is to whoever would log in, or send something: a refusal.
import type { Refusal } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { LOCKDOWN_HINT, lockdownReason } from '../policy/lockdown.ts'
import type { Policy } from '../policy/policy.ts'

/** Undefined where no lockdown refuses this principal. */
export function refusalIn(
  policy: Pick<Policy, 'lockdown'>,
  principal: Principal,
  resource: string,
): Refusal | undefined {
  const lockdown = policy.lockdown(principal, resource)
  if (lockdown === undefined) return undefined
  return { code: 'locked-down', message: lockdownReason(lockdown, resource), hint: LOCKDOWN_HINT }
}
