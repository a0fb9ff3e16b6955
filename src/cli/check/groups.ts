// Groups that nobody can have: of resources that let in by certificate alone, whose groups the configuration lists.

import type { Finding, Path } from '../../config/problems.ts'
import type { Config, PolicyRuleConfig, ResourceConfig } from '../../config/schema.ts'
import { isForResource } from '../../core/resource-names.ts'

/** An issuer's tokens may bring any group, and so no group is unknown where one may log in. */
export function groupWarnings(config: Config): Finding[] {
  return listedGroups(config).flatMap(({ path, resources, groups = [] }) =>
    unknownTo(config, resources, groups).map((group) => ({
      path,
      message: `nobody who can log in there can have the group ${JSON.stringify(group)}`,
    })),
  )
}

interface Listed {
  readonly path: Path
  readonly resources: PolicyRuleConfig['resources']
  readonly groups: readonly string[] | undefined
}

/** Wherever the configuration lists groups, with the resources that it does so for. */
function listedGroups({ policies, masks, resources }: Config): Listed[] {
  return [
    ...Object.entries(policies).map(([id, rule]) => ({
      path: ['policies', id, 'groups'],
      resources: rule.resources,
      groups: rule.groups,
    })),
    ...Object.entries(masks).map(([id, mask]) => ({
      path: ['masks', id, 'except_groups'],
      resources: mask.resources,
      groups: mask.except_groups,
    })),
    ...Object.entries(resources).flatMap(([name, { logins }]) =>
      logins.map(({ groups }, index) => ({
        path: ['resources', name, 'logins', index, 'groups'],
        resources: [name],
        groups,
      })),
    ),
  ]
}

function unknownTo(
  config: Config,
  resources: PolicyRuleConfig['resources'],
  groups: readonly string[],
): readonly string[] {
  const meant = Object.entries(config.resources).filter(([name]) => isForResource(resources, name))
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
