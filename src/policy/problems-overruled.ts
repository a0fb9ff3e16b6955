// Rules that give leave or hold, and can do neither: other rules deny, or hold, all that they mean.
import type { Finding } from '../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import type { AccessEffect } from '../core/facts.ts'
import type { PrincipalKind } from '../core/principal.ts'
import { type Comparisons, createComparisons } from './comparisons.ts'
import { EFFECTS, onObjects, onRelations } from './effects.ts'
import { kindsAt } from './kinds.ts'
import { EVERYTHING, parseColumnPattern, parsePattern } from './pattern.ts'
import { type Scope, scopeOf, scopeWithin } from './scope-within.ts'
import { coversAllOf, meansAllOf, onObject, type Target } from './within.ts'

interface Other extends Scope {
  readonly id: string
  readonly targets: ReadonlyMap<AccessEffect, readonly Target[]>
}

/** The smallest parts of a rule that are looked at: each may be overruled by another rule. */
interface Part {
  readonly resource: string
  readonly group: string | undefined
  readonly kind: PrincipalKind
  readonly target: Target
}

/** @param compared how much is looked at: what is beyond is taken for alive */
export function overruled(config: Config, compared: Comparisons = createComparisons()): Finding[] {
  const rules = Object.entries(config.policies).map(([id, rule]) => ({ id, ...scopeOf(rule) }))
  const stricter: readonly Other[] = rules
    .filter(({ rule }) => rule.decision !== 'allow' && !rule.shadow)
    .map((one) => ({ ...one, targets: byEffect(targetsOf(one.rule)) }))
  const found: Finding[] = []
  for (const { id, ...narrow } of rules) {
    if (narrow.rule.decision === 'deny') continue
    if (compared.spent()) break
    const others = stricter.filter(
      (other) => isStricter(other.rule, narrow.rule) && scopeWithin(narrow, other, compared),
    )
    const by = others.length === 0 ? [] : overruling(narrow.rule, others, config, compared)
    if (by.length > 0) found.push(finding(id, narrow.rule, by))
  }
  return found
}

/** What limits results does so beside other rules, so that only those that refuse leave nothing of it. */
function isStricter(other: PolicyRuleConfig, rule: PolicyRuleConfig): boolean {
  return other.decision === 'deny' || (rule.decision === 'allow' && rule.limits === undefined)
}

function finding(id: string, { decision }: PolicyRuleConfig, by: readonly Other[]): Finding {
  const [first, ...more] = by
  const [denies, holds] = [by.some(isDeny), by.some((one) => !isDeny(one))]
  const ids = by.map((other) => other.id).join(', ')
  const verbs = [...(denies ? ['deny'] : []), ...(holds ? ['hold'] : [])].join(' or ')
  const what =
    more.length === 0 ? `rule ${first?.id} ${denies ? 'denies' : 'holds'}` : `rules ${ids} together ${verbs}`
  return {
    path: ['policies', id],
    message: `it can never fire: ${what} all that it would ${decision}`,
    cure: `leave it out, or narrow ${more.length === 0 ? `rule ${first?.id}` : 'one of them'}`,
  }
}

const isDeny = ({ rule }: Other) => rule.decision === 'deny'

/** @returns the rules that leave nothing of it together, one where one does; none where anything is left */
function overruling(
  rule: PolicyRuleConfig,
  others: readonly Other[],
  config: Config,
  compared: Comparisons,
): readonly Other[] {
  const needed = new Set<Other>()
  const leaves = (by: readonly Other[]) => {
    for (const part of partsOf(rule, config)) {
      compared.spend()
      const other = by.find((one) => overrules(one, part, rule, compared))
      if (other === undefined || compared.spent()) return true
      needed.add(other)
    }
    return false
  }
  if (leaves(others)) return []
  const together = [...needed]
  if (together.length <= 1) return together
  const alone = together.find((other) => !leaves([other]))
  return compared.spent() || alone === undefined ? together : [alone]
}

function overrules(
  { rule, targets }: Other,
  part: Part,
  narrow: PolicyRuleConfig,
  compared: Comparisons,
): boolean {
  const { resources, groups, kinds } = rule
  if (resources !== '*' && !resources.includes(part.resource)) return false
  if (groups !== undefined && (part.group === undefined || !groups.includes(part.group))) return false
  if (kinds !== undefined && !kinds.includes(part.kind)) return false
  const terms = {
    onlyAllows: narrow.decision === 'allow',
    narrowIsForAll: narrow.effects === '*',
    wideIsForAll: rule.effects === '*',
    compared,
  }
  const isIn = rule.decision === 'deny' ? meansAllOf : coversAllOf
  return (targets.get(part.target.effect) ?? []).some((target) => isIn(target, part.target, terms))
}

/** One after the other: the first that nobody overrules ends the search. */
function* partsOf(rule: PolicyRuleConfig, config: Config): Generator<Part> {
  const targets = targetsOf(rule).filter((target) => mayFire(target, rule))
  const resources = rule.resources === '*' ? Object.keys(config.resources) : rule.resources
  const places = resources.flatMap((resource) => {
    const able = kindsAt(config, resource, rule.issuers)
    const kinds = able.filter((kind) => rule.kinds?.includes(kind) ?? true)
    return kinds.map((kind) => ({ resource, kind }))
  })
  for (const target of targets) {
    for (const { resource, kind } of places) {
      for (const group of rule.groups ?? [undefined]) yield { resource, group, kind, target }
    }
  }
}

/** What no rule can give leave for is no reason to keep one. */
function mayFire({ effect, on, pattern }: Target, { decision, limits }: PolicyRuleConfig): boolean {
  if (effect === 'unknown') return false
  if (on === 'object' || pattern.kind !== 'catalog' || effect === 'read') return true
  // A hold is for what other rules give leave for, and so are limits.
  return decision === 'hold' || limits !== undefined
}

function targetsOf(rule: PolicyRuleConfig): Target[] {
  const { relations, columns, objects } = rule
  const isForAll = relations === undefined && columns === undefined && objects === undefined
  const names = isForAll
    ? [EVERYTHING]
    : [...(relations ?? []).map(parsePattern), ...(columns ?? []).map(parseColumnPattern)]
  const texts = isForAll ? ['*'] : (objects ?? [])
  return (rule.effects === '*' ? EFFECTS : rule.effects).flatMap((effect): Target[] => [
    ...(onRelations(effect) ? names.map((pattern) => ({ on: 'relation' as const, effect, pattern })) : []),
    ...(onObjects(effect) ? texts.map((text) => onObject(effect, text)) : []),
  ])
}

function byEffect(targets: readonly Target[]): ReadonlyMap<AccessEffect, readonly Target[]> {
  const found = new Map<AccessEffect, Target[]>()
  for (const target of targets) {
    const same = found.get(target.effect)
    if (same === undefined) found.set(target.effect, [target])
    else same.push(target)
  }
  return found
}
