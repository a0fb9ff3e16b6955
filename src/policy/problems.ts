// Rules that cannot be meant as they are written: refused when the policy is loaded, so that nobody relies on them.

import type { Finding } from '../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import type { AccessEffect } from '../core/facts.ts'
import { ON_COLUMNS } from '../core/mentioned-columns.ts'
import { isForResource } from '../core/resource-names.ts'
import { onObjects, onRelations } from './effects.ts'
import { conditionProblems } from './problems-conditions.ts'
import { holdProblems, maskHoldProblems } from './problems-holds.ts'
import { overruled } from './problems-overruled.ts'
import { maskPatternProblems, patternProblems } from './problems-patterns.ts'

/** Every problem of the rules and masks; empty when there is none. */
export function policyProblems(config: Config): Finding[] {
  const rules = Object.entries(config.policies)
  return [
    ...rules.flatMap(([id, rule]) => ruleProblems(id, rule, config)),
    ...overruled(config).byHolds,
    ...Object.entries(config.masks).flatMap(([id, mask]) => [
      ...unknownResources(['masks', id], mask.resources, config),
      ...maskHoldProblems(['masks', id], mask),
      ...maskPatternProblems(['masks', id], mask),
    ]),
  ]
}

/** Rules of which other rules, by denying it, leave nothing: they never fire, and are taken all the same. */
export const deniedWholly = (config: Config): readonly Finding[] => overruled(config).byDenies

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
  found.push(...targetProblems(path, rule, effects))
  const catalogOnly = rule.relations?.every((pattern) => pattern === '$catalog') ?? false
  // A hold, and limits, are for what other rules give leave for.
  const onlyAllows = rule.decision === 'allow' && rule.limits === undefined && rule.objects === undefined
  if (catalogOnly && onlyAllows && !effects.includes('read')) {
    found.push({ path, message: 'it can never fire: $catalog can only be read' })
  }
  return found
}

/** An effect that none of the patterns can be on would look as though the rule were for it. */
function targetProblems(
  path: readonly string[],
  { relations, objects }: PolicyRuleConfig,
  effects: readonly AccessEffect[],
): Finding[] {
  const found: Finding[] = []
  const dead = (what: string, never: readonly AccessEffect[], where: string, hasOther: boolean) => {
    const isAll = never.length === effects.length
    // With patterns of both sorts, each is for the effects that it can be on.
    if (never.length === 0 || (hasOther && !isAll)) return
    const message = `its ${what} can never match: ${never.join(', ')} is ${where}`
    const cure = isAll
      ? `name ${what === 'relations' ? 'objects' : 'relations'} in their place`
      : `make two rules: without ${never.join(', ')} here, the rest is meant`
    found.push({ path, message, cure })
  }
  const notOnRelations = effects.filter((one) => !onRelations(one))
  const notOnObjects = effects.filter((one) => !onObjects(one))
  if (relations !== undefined) dead('relations', notOnRelations, 'not on relations', objects !== undefined)
  if (objects !== undefined) dead('objects', notOnObjects, 'on relations only', relations !== undefined)
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
    if (process === 'full' || !isForResource(resources, name)) continue
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
