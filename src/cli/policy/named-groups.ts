// Groups that a configuration names: whoever asks about another may have misspelled it.
import type { Config } from '../../config/schema.ts'

/** @returns those of the groups that nothing which decides about statements or logins names */
export function unnamedGroups(
  groups: readonly string[],
  { policies, masks, resources, lockdown }: Config,
): string[] {
  const named = new Set([
    ...Object.values(policies).flatMap(({ groups = [], break_glass = [] }) => [...groups, ...break_glass]),
    ...Object.values(masks).flatMap(({ except_groups = [], break_glass = [] }) => [
      ...except_groups,
      ...break_glass,
    ]),
    ...Object.values(resources).flatMap(({ logins }) => logins.flatMap((login) => login.groups ?? [])),
    ...(lockdown?.except_groups ?? []),
  ])
  return groups.filter((group) => !named.has(group))
}
