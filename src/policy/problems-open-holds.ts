// Rules that hold and so let in whoever has a token: nothing is asked of who it is, and no rule gives everybody leave besides.
import type { Finding } from '../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import { isForResource } from '../core/resource-names.ts'

const CURE = 'name `groups` or `subjects`'

/** Of each resource where they let in whom no other rule lets in at any time. */
export function openHolds({ policies, resources }: Pick<Config, 'policies' | 'resources'>): Finding[] {
  const rules = Object.values(policies)
  return Object.entries(policies).flatMap(([id, rule]) => {
    if (rule.decision !== 'hold' || !isForAll(rule)) return []
    const opened = Object.keys(resources).filter(
      (name) =>
        isForResource(rule.resources, name) && !rules.some((other) => letsInAnyhow(other, rule, name)),
    )
    if (opened.length === 0) return []
    const message = `it names no group: everybody whose token or certificate is accepted may log in to ${opened.join(', ')} by it, and have requests wait for approval`
    return [{ path: ['policies', id], message, cure: CURE }]
  })
}

const isForAll = ({ groups, subjects, claims, shadow }: PolicyRuleConfig): boolean =>
  groups === undefined && subjects === undefined && claims === undefined && !shadow

/** Does the allow rule let in, whenever and from wherever, all that the rule is for? */
function letsInAnyhow(other: PolicyRuleConfig, rule: PolicyRuleConfig, resource: string): boolean {
  return (
    other.decision === 'allow' &&
    isForAll(other) &&
    isForResource(other.resources, resource) &&
    other.when === undefined &&
    other.sources === undefined &&
    holdsAll(other.kinds, rule.kinds) &&
    holdsAll(other.issuers, rule.issuers)
  )
}

/** Of lists that are for everything when absent. */
const holdsAll = (list: readonly string[] | undefined, others: readonly string[] | undefined): boolean =>
  list === undefined || (others?.every((one) => list.includes(one)) ?? false)
