// Rules between the parts of a configuration that a shape cannot tell: names that must exist, keys that need others.
import type { Finding } from './problems.ts'
import type { ReferenceCheck, Section } from './reference-check.ts'
import { checkNotification } from './references-notifications.ts'
import { checkResources } from './references-resources.ts'
import { checkMask, checkPolicy } from './references-rules.ts'
import { checkServices } from './references-services.ts'
import { name as nameSchema } from './scalars.ts'
import type { Config } from './schema.ts'
import { nearest, suggestion } from './suggest.ts'

/** @param raw the data before it was parsed: a name that is there but broken is not reported as missing */
export function checkReferences(config: Config, raw: unknown): Finding[] {
  const found: Finding[] = []
  const check: ReferenceCheck = {
    config,
    report: (path, message, cure) => {
      found.push(cure === undefined ? { path, message } : { path, message, cure })
    },
    needs: (path, section, name) => {
      if (name === undefined || namesOf(raw, section).includes(name)) return
      const known = namesOf(raw, section)
      const taken = known.filter((one) => nameSchema.safeParse(one).success)
      found.push({ path, message: unknownName(section, name, known), ...suggestion(name, taken) })
    },
  }
  checkServices(check)
  checkResources(check)
  for (const [name, rule] of Object.entries(config.policies)) checkPolicy(check, ['policies', name], rule)
  for (const [name, mask] of Object.entries(config.masks)) checkMask(check, ['masks', name], mask)
  for (const [name, channel] of Object.entries(config.notifications))
    checkNotification(check, ['notifications', name], channel)
  return found
}

/** A password where its name belongs must not get into logs: only what is nearly a name is shown. */
function unknownName(section: Section, name: string, known: readonly string[]): string {
  if (section === 'secrets' && nearest(name, known) === undefined)
    return 'there is no secret of this name under secrets (not shown: it may be the secret itself)'
  return `there is no "${name}" under ${section}`
}

function namesOf(raw: unknown, section: Section): readonly string[] {
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, section)) return []
  const value = (raw as Record<string, unknown>)[section]
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}
