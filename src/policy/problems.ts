// Rules that cannot be meant as they are written: refused when the policy is loaded, so that nobody relies on them.

import type { Finding } from '../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import type { AccessEffect } from '../core/facts.ts'
import { ON_COLUMNS } from './columns.ts'
import { conditionProblems, conditionsWithin } from './problems-conditions.ts'
import { holdProblems, probeProblems } from './problems-holds.ts'
import { maskPatternProblems, patternProblems } from './problems-patterns.ts'

/** Effects whose accesses are always to a relation, or never. The others may be either. */
const ON_RELATIONS: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  'read',
  'insert',
  'update',
  'delete',
  'truncate',
])
const ON_OBJECTS: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  'role',
  'setting',
  'listen',
  'notify',
  'call',
  'do',
  'server-file',
  'server-program',
  'large-object',
  'remote',
  'backend-signal',
  'session',
  'unknown',
])

/** Every problem of the rules and masks; empty when there is none. */
export function policyProblems(config: Config): Finding[] {
  const rules = Object.entries(config.policies)
  return [
    ...rules.flatMap(([id, rule]) => ruleProblems(id, rule, config)),
    ...rules.flatMap(([id, rule]) => overruled(id, rule, rules)),
    ...Object.entries(config.masks).flatMap(([id, mask]) => [
      ...unknownResources(['masks', id], mask.resources, config),
      ...probeProblems(['masks', id], mask),
      ...maskPatternProblems(['masks', id], mask),
    ]),
  ]
}

function ruleProblems(id: string, rule: PolicyRuleConfig, config: Config): Finding[] {
  const path = ['policies', id]
  const found = [...unknownResources(path, rule.resources, config), ...conditionProblems(path, rule, config)]
  found.push(...holdProblems(path, rule), ...columnProblems(path, rule), ...limitProblems(path, rule, config))
  found.push(...patternProblems(path, rule))
  if (rule.effects === '*') return found
  const { effects } = rule
  if (rule.decision !== 'deny' && effects.every((effect) => effect === 'unknown')) {
    found.push({ path, message: 'it can never fire: what is not understood is always refused' })
  }
  if (rule.relations !== undefined && effects.every((effect) => ON_OBJECTS.has(effect))) {
    found.push({ path, message: `its relations can never match: ${effects.join(', ')} is not on relations` })
  }
  if (rule.objects !== undefined && effects.every((effect) => ON_RELATIONS.has(effect))) {
    found.push({ path, message: `its objects can never match: ${effects.join(', ')} is on relations only` })
  }
  const catalogOnly = rule.relations?.every((pattern) => pattern === '$catalog') ?? false
  if (catalogOnly && rule.decision !== 'deny' && !effects.includes('read')) {
    found.push({ path, message: 'it can never fire: $catalog can only be read' })
  }
  return found
}

/** What no result can reach, or nobody counts, would be a promise that is not kept. */
function limitProblems(
  path: readonly string[],
  { decision, limits, resources }: PolicyRuleConfig,
  config: Config,
) {
  if (limits === undefined) return []
  const at = [...path, 'limits']
  const found: Finding[] = []
  const { session = {}, hour = {} } = limits
  const every = [limits, session, hour].flatMap(({ rows, bytes }) => [rows, bytes])
  if (every.every((limit) => limit === undefined)) found.push({ path: at, message: 'it limits nothing' })
  if (decision === 'deny') {
    found.push({ path: at, message: 'what a rule denies has no result', cure: 'leave `limits` out' })
  }
  for (const [name, { process }] of Object.entries(config.resources)) {
    if (process === 'full' || (resources !== '*' && !resources.includes(name))) continue
    const message = `${name} is requests-only: its results go past Chaperone, which cannot count them`
    found.push({ path: at, message, cure: 'use `process: full` there, or name other resources' })
  }
  for (const key of ['rows', 'bytes'] as const) {
    const [one, ofSession, ofHour] = [limits[key], session[key], hour[key]]
    const wider = Math.min(ofSession ?? Number.POSITIVE_INFINITY, ofHour ?? Number.POSITIVE_INFINITY)
    if (one !== undefined && one > wider) {
      found.push({ path: [...at, key], message: 'a statement may have more than its session, or an hour' })
    }
  }
  return found
}

/** Only some effects are on columns; of the others, a rule on columns would promise what it cannot keep. */
function columnProblems(path: readonly string[], { columns, relations, objects, effects }: PolicyRuleConfig) {
  if (columns === undefined) return []
  const found: Finding[] = []
  if (relations !== undefined || objects !== undefined) {
    found.push({ path, message: 'it has `columns` beside `relations` or `objects`', cure: 'make two rules' })
  }
  if (effects === '*' || !effects.every((effect) => ON_COLUMNS.has(effect))) {
    const message = 'its columns can never match: only read, insert and update are on columns'
    found.push({ path, message, cure: 'list only these under `effects`' })
  }
  if (columns.some((pattern) => pattern.startsWith('$'))) {
    found.push({ path, message: 'its columns can never match: a schema has no such name' })
  }
  return found
}

function unknownResources(
  path: readonly string[],
  resources: readonly string[] | '*',
  config: Config,
): Finding[] {
  if (resources === '*') return []
  return resources
    .filter((name) => !Object.hasOwn(config.resources, name))
    .map((name) => ({ path: [...path, 'resources'], message: `there is no resource ${name}` }))
}

/** Deny beats the rest wherever it stands, so a rule that a deny covers wholly can never fire. */
function overruled(
  id: string,
  rule: PolicyRuleConfig,
  rules: readonly (readonly [string, PolicyRuleConfig])[],
): Finding[] {
  if (rule.decision === 'deny') return []
  return rules
    .filter(([, other]) => other.decision === 'deny' && !other.shadow && coversRule(other, rule))
    .map(([other]) => ({
      path: ['policies', id],
      message: `it can never fire: rule ${other} denies all that it would ${rule.decision}`,
      cure: 'narrow one of the two',
    }))
}

function coversRule(wide: PolicyRuleConfig, narrow: PolicyRuleConfig): boolean {
  return (
    conditionsWithin(narrow, wide) &&
    within(narrow.resources, wide.resources) &&
    within(narrow.effects, wide.effects) &&
    scopeWithin(narrow.groups, wide.groups) &&
    scopeWithin(narrow.kinds, wide.kinds) &&
    scopeWithin(narrow.subjects, wide.subjects) &&
    scopeWithin(narrow.issuers, wide.issuers) &&
    (wide.claims === undefined || JSON.stringify(wide.claims) === JSON.stringify(narrow.claims)) &&
    targetsWithin(narrow, wide)
  )
}

function within(narrow: readonly string[] | '*', wide: readonly string[] | '*'): boolean {
  if (wide === '*') return true
  return narrow !== '*' && narrow.every((item) => wide.includes(item))
}

/** Absent means everybody. */
function scopeWithin(narrow: readonly string[] | undefined, wide: readonly string[] | undefined): boolean {
  return wide === undefined || (narrow?.every((item) => wide.includes(item)) ?? false)
}

/** Absent both means everything; absent one of two means none of that sort. */
function targetsWithin(narrow: PolicyRuleConfig, wide: PolicyRuleConfig): boolean {
  if (wide.columns !== undefined) return patternsWithinAll(narrow, wide.columns)
  if (wide.relations === undefined && wide.objects === undefined) return true
  if (narrow.columns !== undefined) {
    return patternsWithin(
      narrow.columns.map((text) => text.slice(0, text.lastIndexOf('.'))),
      wide.relations,
    )
  }
  if (narrow.relations === undefined && narrow.objects === undefined) return false
  return patternsWithin(narrow.relations, wide.relations) && patternsWithin(narrow.objects, wide.objects)
}

/** Rules on columns deny part of a relation only. */
function patternsWithinAll(narrow: PolicyRuleConfig, wide: readonly string[]): boolean {
  return narrow.columns?.every((pattern) => wide.includes(pattern)) ?? false
}

const ALL: ReadonlySet<string> = new Set(['*', '*.*'])

function patternsWithin(narrow: readonly string[] | undefined, wide: readonly string[] | undefined): boolean {
  return (narrow ?? []).every((item) => (wide ?? []).some((pattern) => pattern === item || ALL.has(pattern)))
}
