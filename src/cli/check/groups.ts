// Groups that nobody can have: of resources that let in by certificate alone, whose groups the configuration lists.

import type { Finding } from '../../config/problems.ts'
import type { Config, PolicyRuleConfig, ResourceConfig } from '../../config/schema.ts'

/** An issuer's tokens may bring any group, and so no group is unknown where one may log in. */
export function groupWarnings(config: Config): Finding[] {
  const rules = Object.entries(config.policies).flatMap(([id, { groups = [], resources }]) =>
    unknownTo(config, resources, groups).map((group) => ({
      path: ['policies', id, 'groups'],
      message: `nobody who can log in there can have the group ${JSON.stringify(group)}`,
    })),
  )
  const masks = Object.entries(config.masks).flatMap(([id, { except_groups = [], resources }]) =>
    unknownTo(config, resources, except_groups).map((group) => ({
      path: ['masks', id, 'except_groups'],
      message: `nobody who can log in there can have the group ${JSON.stringify(group)}`,
    })),
  )
  const logins = Object.entries(config.resources).flatMap(([name, { logins: list }]) =>
    list.flatMap(({ groups = [] }, index) =>
      unknownTo(config, [name], groups).map((group) => ({
        path: ['resources', name, 'logins', index, 'groups'],
        message: `nobody who can log in there can have the group ${JSON.stringify(group)}`,
      })),
    ),
  )
  return [...rules, ...masks, ...logins]
}

function unknownTo(
  config: Config,
  resources: PolicyRuleConfig['resources'],
  groups: readonly string[],
): readonly string[] {
  const meant = Object.entries(config.resources).filter(
    ([name]) => resources === '*' || resources.includes(name),
  )
  const known = meant.map(([, resource]) => groupsOf(config, resource))
  if (meant.length === 0 || known.includes('any')) return []
  return groups.filter((group) => !known.some((set) => set !== 'any' && set.has(group)))
}

/** What those who can log in to the resource may be members of. */
function groupsOf(
  config: Config,
  { authentication, certificates = [] }: ResourceConfig,
): Set<string> | 'any' {
  if (authentication.some((method) => method !== 'certificate')) return 'any'
  return new Set(certificates.flatMap((name) => config.certificate_identities[name]?.groups ?? []))
}
