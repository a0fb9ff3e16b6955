// The rules for one principal on one resource under the circumstances of the moment. Sets are kept, circumstances are not.
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import type { Circumstances } from '../core/circumstances.ts'
import type { Principal } from '../core/principal.ts'
import type { RuleSet } from './judge-access.ts'
import { appliesTo, obliges, type Rule } from './rule.ts'

export interface RuleSets {
  /** @throws Error when a condition cannot be told */
  of(principal: Principal, resource: string, circumstances: Circumstances): RuleSet
  /** Do some of their rules count at some hours alone? */
  haveHours(principal: Principal, resource: string): boolean
}

/** What holds for a principal on a resource at any time. */
interface Standing {
  readonly applicable: readonly Rule[]
  readonly conditional: readonly Rule[]
  readonly haveHours: boolean
  /** by which of the conditional rules count */
  readonly sets: Map<string, RuleSet>
}

/** A principal meets few combinations of its rules' conditions; beyond this many, sets are made anew. */
const MAX_SETS = 64

export function createRuleSets(rules: readonly Rule[], config: Config): RuleSets {
  const known = new WeakMap<Principal, Map<string, Standing>>()

  function standingOf(principal: Principal, resource: string): Standing {
    const before = known.get(principal)
    const found = before?.get(resource)
    if (found !== undefined) return found
    const standings = before ?? new Map<string, Standing>()
    known.set(principal, standings)
    const applicable = rules.filter((rule) => appliesTo(rule, principal, resource))
    const conditional = applicable.filter((rule) => rule.condition !== undefined)
    const haveHours = conditional.some(({ config: { when } }) => when !== undefined)
    const standing = { applicable, conditional, haveHours, sets: new Map<string, RuleSet>() }
    standings.set(resource, standing)
    return standing
  }

  return {
    of(principal, resource, circumstances) {
      const { applicable, conditional, sets } = standingOf(principal, resource)
      let key = ''
      for (const { condition } of conditional) key += condition?.(circumstances) === false ? '0' : '1'
      const found = sets.get(key)
      if (found !== undefined) return found
      const counting = applicable.filter(({ condition }) => condition?.(circumstances) !== false)
      const set = ruleSet(counting, config, resource)
      if (sets.size >= MAX_SETS) sets.clear()
      sets.set(key, set)
      return set
    },
    haveHours: (principal, resource) => standingOf(principal, resource).haveHours,
  }
}

function ruleSet(rules: readonly Rule[], config: Config, resource: string): RuleSet {
  const enforced = rules.filter((rule) => !rule.config.shadow)
  const by = (decision: PolicyRuleConfig['decision']) =>
    enforced.filter((rule) => rule.config.decision === decision)
  return {
    deny: by('deny'),
    hold: by('hold'),
    allow: by('allow'),
    shadow: rules.filter((rule) => rule.config.shadow),
    searchPath: searchPath(config, resource),
    keepsPath: config.resources[resource]?.process === 'requests-only',
    byColumn: rules.some((rule) => rule.config.columns !== undefined),
    obliging: enforced.some((rule) => obliges(rule.config)),
  }
}

/** `$user` is the schema named as whoever is logged in: any of the resource's logins. */
function searchPath(config: Config, name: string): string[] {
  if (!Object.hasOwn(config.resources, name)) return []
  const resource = config.resources[name]
  const users = resource?.logins.map((login) => login.user) ?? []
  return (resource?.search_path ?? []).flatMap((schema) => (schema === '$user' ? users : [schema]))
}
