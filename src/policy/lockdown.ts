// What a lockdown makes of a statement: it comes before every rule.
import { isLockedBy } from '../config/lockdown.ts'
import type { LockdownConfig } from '../config/lockdown-schema.ts'
import type { Decision } from '../core/decision.ts'
import type { Facts } from '../core/facts.ts'
import type { Principal } from '../core/principal.ts'

export interface Lockdowns {
  /** the first that is for this principal there */
  of(principal: Principal, resource: string): LockdownConfig | undefined
  /** What is decided of a statement; undefined where rules are to decide. */
  judge(principal: Principal, resource: string, facts: Facts): Decision | undefined
}

export function createLockdowns(all: readonly LockdownConfig[], policyVersion: string): Lockdowns {
  /** One object for many statements: what records say of it is made once. */
  const made = new Map<string, Decision>()

  function decisionOf(lockdown: LockdownConfig, resource: string): Decision {
    const key = JSON.stringify([all.indexOf(lockdown), resource])
    const found = made.get(key) ?? {
      outcome: 'deny',
      hits: [],
      reason: lockdownReason(lockdown, resource),
      hint: LOCKDOWN_HINT,
      policyVersion,
      lockdown: true,
    }
    made.set(key, found)
    return found
  }

  const of: Lockdowns['of'] = (principal, resource) =>
    all.find(
      (one) =>
        isLockedBy(one, resource) && !one.except_groups?.some((group) => principal.groups.includes(group)),
    )
  return {
    of,
    judge(principal, resource, facts) {
      const lockdown = of(principal, resource)
      return lockdown === undefined || onlyUndoes(facts) ? undefined : decisionOf(lockdown, resource)
    },
  }
}

export const lockdownReason = ({ reason }: LockdownConfig, resource: string): string =>
  reason === undefined ? `lockdown of ${resource}` : `lockdown of ${resource}: ${reason}`

export const LOCKDOWN_HINT =
  'Nothing runs there until the lockdown is lifted. ROLLBACK ends a transaction that is open.'

/** A transaction that can only be undone is not to keep its locks for as long as the lockdown lasts. */
function onlyUndoes({ statements }: Facts): boolean {
  return (
    statements.length > 0 &&
    statements.every(({ command, incomplete, accesses }) => {
      if (command !== 'ROLLBACK' || incomplete !== undefined) return false
      return accesses.every(({ effect }) => effect === 'session')
    })
  )
}
