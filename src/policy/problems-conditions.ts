// Conditions that cannot be meant as they are written.
import type { Finding } from '../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import { networkWithin } from '../core/network.ts'
import { isForResource } from '../core/resource-names.ts'
import { minutesOf, type TimeWindow } from '../core/time-window.ts'
import { network } from './conditions.ts'
import { kindsAt } from './kinds.ts'

type Path = readonly string[]

export function conditionProblems(path: Path, rule: PolicyRuleConfig, config: Config): Finding[] {
  return [
    ...windowProblems([...path, 'when'], rule.when, 'it can never fire'),
    ...sourceProblems(path, rule),
    ...applicationProblems(path, rule),
    ...groupProblems([...path, 'groups'], rule.groups),
    ...issuerProblems(path, rule, config),
    ...kindProblems(path, rule, config),
  ]
}

/** @param never what follows from a window that is never open */
export function windowProblems(at: Path, when: TimeWindow | undefined, never: string): Finding[] {
  if (when === undefined) return []
  const { from, to } = minutesOf(when)
  // A window that ends where it begins may be meant as none or as the whole day.
  if (from === to) return [{ path: at, message: `${never}: from and to are the same time` }]
  if (from === 24 * 60)
    return [{ path: [...at, 'from'], message: 'no minute begins at 24:00', cure: 'write 00:00' }]
  const always = when.days === undefined || new Set(when.days).size === 7
  if (!always || from !== 0 || to !== 24 * 60) return []
  return [
    { path: at, message: 'leaves out no time at all', cure: 'add `days`, `from` or `to`, or leave it out' },
  ]
}

function sourceProblems(path: Path, { sources = [] }: PolicyRuleConfig): Finding[] {
  return sources.flatMap((text, index) => {
    const other = sources.find(
      (wide, place) =>
        place !== index && networkWithin(network(text), network(wide)) && (wide !== text || place < index),
    )
    if (other === undefined) return []
    const message = `${text} is ${other === text ? 'there twice' : `within ${other}`}`
    return [{ path: [...path, 'sources'], message, cure: 'leave one of the two out' }]
  })
}

/** A client states the name that it likes: a rule that gives leave for it gives leave to everybody who knows the name. */
function applicationProblems(path: Path, { applications, decision }: PolicyRuleConfig): Finding[] {
  if (applications === undefined || decision !== 'allow') return []
  const message = 'a client states its application_name itself, so no leave may depend on it'
  return [{ path: [...path, 'applications'], message, cure: 'use it in rules that deny or hold' }]
}

export function groupProblems(at: Path, groups: readonly string[] = []): Finding[] {
  return groups.flatMap((group) => {
    if (group.includes('*')) {
      const cure = 'write the group’s whole name'
      return [
        { path: at, message: `${JSON.stringify(group)} is no pattern: groups are compared whole`, cure },
      ]
    }
    if (group === group.trim()) return []
    return [{ path: at, message: `${JSON.stringify(group)} begins or ends with a space` }]
  })
}

function issuerProblems(path: Path, rule: PolicyRuleConfig, config: Config): Finding[] {
  const { issuers } = rule
  if (issuers === undefined) return []
  const at = [...path, 'issuers']
  const known = issuers.filter((name) => isVouching(config, name))
  const found = issuers
    .filter((name) => !known.includes(name))
    .map(
      (name): Finding => ({
        path: at,
        message: `there is no ${name} under issuers or certificate_identities`,
      }),
    )
  if (found.length > 0) return found
  found.push(...issuers.flatMap((name) => ambiguous(at, name, config)))
  if (!known.some((name) => isAccepted(config, rule, name))) {
    found.push({ path: at, message: 'it can never fire: no resource of the rule lets these in' })
  }
  const kinds = known.map((name) => (config.issuers[name] ?? config.certificate_identities[name])?.kind)
  if (rule.kinds !== undefined && !rule.kinds.some((kind) => kinds.includes(kind))) {
    found.push({
      path: at,
      message: `it can never fire: these are not for the kind ${rule.kinds.join(', ')}`,
    })
  }
  return found
}

/** An issuer, and so a kind, is not reloaded: whoever can log in now is whoever a rule can be for. */
function kindProblems(
  path: Path,
  { kinds, issuers, resources }: PolicyRuleConfig,
  config: Config,
): Finding[] {
  if (kinds === undefined || issuers !== undefined) return []
  const meant = Object.keys(config.resources).filter((name) => isForResource(resources, name))
  const able = meant.flatMap((name) => kindsAt(config, name, undefined))
  if (meant.length === 0 || kinds.some((kind) => able.includes(kind))) return []
  const message = `it can never fire: nobody of the kind ${kinds.join(', ')} can log in to ${meant.join(', ')}`
  const cure = 'leave the kind out, or let an issuer or a certificate identity of that kind in there'
  return [{ path: [...path, 'kinds'], message, cure }]
}

const isVouching = (config: Config, name: string) =>
  Object.hasOwn(config.issuers, name) || Object.hasOwn(config.certificate_identities, name)

/** A principal is known by its issuer's URL, or the certificate identity's name. */
function ambiguous(path: Path, name: string, config: Config): Finding[] {
  const url = config.issuers[name]?.issuer
  if (url !== undefined && Object.hasOwn(config.certificate_identities, name)) {
    return [
      { path, message: `${name} is both an issuer and a certificate identity`, cure: 'rename one of them' },
    ]
  }
  const twin = Object.keys(config.issuers).find(
    (other) => other !== name && config.issuers[other]?.issuer === url,
  )
  if (url === undefined || twin === undefined) return []
  return [{ path, message: `${name} and ${twin} have one URL: no rule can tell their principals apart` }]
}

function isAccepted(config: Config, rule: PolicyRuleConfig, name: string): boolean {
  return Object.entries(config.resources).some(
    ([resource, { issuers = [], certificates = [] }]) =>
      isForResource(rule.resources, resource) && (issuers.includes(name) || certificates.includes(name)),
  )
}
