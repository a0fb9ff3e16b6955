// Rules that give leave or hold, and can do neither: other rules deny, or hold, all that they mean.
import type { Finding } from '../config/problems.ts'
import type { Config, PolicyRuleConfig } from '../config/schema.ts'
import type { AccessEffect } from '../core/facts.ts'
import { once } from '../core/once.ts'
import type { PrincipalKind } from '../core/principal.ts'
import { isForResource } from '../core/resource-names.ts'
import { type Comparisons, createComparisons } from './comparisons.ts'
import { EFFECTS, onObjects, onRelations } from './effects.ts'
import { kindsAt } from './kinds.ts'
import { EVERYTHING, parseColumnPattern, parsePattern } from './pattern.ts'
import { type Scope, scopeOf, scopeWithin } from './scope-within.ts'
import { coversAllOf, type Meant, meansAllOf, meantObject } from './within.ts'

/** Patterns of a rule, for the effects that they can be on. */
interface Patterns {
  readonly relations: readonly Meant[]
  readonly objects: readonly Meant[]
}

interface Other extends Scope, Patterns {
  readonly id: string
}

/** The smallest parts of a rule that are looked at: each may be overruled by another rule. */
interface Part {
  readonly resource: string
  readonly group: string | undefined
  readonly kind: PrincipalKind
  readonly effect: AccessEffect
  readonly meant: Meant
}

export interface Overruled {
  /** Rules that hold, and so were there to be read beside it, leave nothing of the rule: a mistake, to be refused. */
  readonly byHolds: readonly Finding[]
  /**
   * Rules that deny leave nothing of it. Nothing is let through by that, and whoever adds the deny may be in haste: to refuse it
   * would leave the policy in force that it is to stop.
   */
  readonly byDenies: readonly Finding[]
}

/** Rules of a configuration are looked at when it is read, when they are warned of, and when they are compiled. */
export const overruled = once((config: Config): Overruled => overruledWithin(config, createComparisons()))

/** @param compared how much is looked at: what is beyond is taken for alive */
export function overruledWithin(config: Config, compared: Comparisons): Overruled {
  const rules = Object.entries(config.policies).map(([id, rule]) => ({ id, ...scopeOf(rule) }))
  const stricter: readonly Other[] = rules
    .filter(({ rule }) => rule.decision !== 'allow' && !rule.shadow)
    .map((one) => ({ ...one, ...patternsOf(one.rule) }))
    // What takes few looks comes first.
    .sort((one, other) => sizeOf(one) - sizeOf(other))
  const beside = byGroups(stricter)
  const byHolds: Finding[] = []
  const byDenies: Finding[] = []
  for (const { id, ...narrow } of rules) {
    if (narrow.rule.decision === 'deny') continue
    if (compared.spent()) break
    const others = beside(narrow.rule).filter((other) => {
      compared.spend()
      return isStricter(other.rule, narrow.rule) && scopeWithin(narrow, other, compared)
    })
    const by = (some: readonly Other[]) =>
      some.length === 0 ? [] : overruling(narrow.rule, some, config, compared)
    // What is dead without any deny is a mistake, whatever denies are added to it.
    const holding = by(others.filter((other) => !isDeny(other)))
    if (holding.length > 0) byHolds.push(finding(id, narrow.rule, holding))
    else {
      const all = others.some(isDeny) ? by(others) : []
      if (all.length > 0) byDenies.push(finding(id, narrow.rule, all))
    }
  }
  return { byHolds, byDenies }
}

/** Gives those of the rules, in their order, that are for everybody or for a group that another rule is for. */
function byGroups(rules: readonly Other[]): (rule: PolicyRuleConfig) => readonly Other[] {
  const places = new Map<string | undefined, number[]>()
  for (const [place, { rule }] of rules.entries()) {
    for (const group of new Set(rule.groups ?? [undefined])) {
      const of = places.get(group) ?? []
      places.set(group, of)
      of.push(place)
    }
  }
  return ({ groups = [] }) => {
    const found = new Set([undefined, ...groups].flatMap((group) => places.get(group) ?? []))
    return [...found].sort((one, other) => one - other).map((place) => rules[place] as Other)
  }
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
  { rule, relations, objects }: Other,
  part: Part,
  narrow: PolicyRuleConfig,
  compared: Comparisons,
): boolean {
  const { resources, groups, kinds } = rule
  compared.spend()
  if (!isForResource(resources, part.resource)) return false
  if (groups !== undefined && (part.group === undefined || !groups.includes(part.group))) return false
  if (kinds !== undefined && !kinds.includes(part.kind)) return false
  if (rule.effects !== '*' && !rule.effects.includes(part.effect)) return false
  const terms = {
    effect: part.effect,
    onlyAllows: narrow.decision === 'allow',
    narrowIsForAll: narrow.effects === '*',
    wideIsForAll: rule.effects === '*',
    compared,
  }
  const isIn = rule.decision === 'deny' ? meansAllOf : coversAllOf
  const patterns = part.meant.on === 'relation' ? relations : objects
  return patterns.some((wide) => isIn(wide, part.meant, terms))
}

/** One after the other: the first that nobody overrules ends the search. */
function* partsOf(rule: PolicyRuleConfig, config: Config): Generator<Part> {
  const places = placesOf(rule, config)
  const { relations, objects } = patternsOf(rule)
  for (const effect of rule.effects === '*' ? EFFECTS : rule.effects) {
    const meant = [...(onRelations(effect) ? [relations] : []), ...(onObjects(effect) ? [objects] : [])]
    for (const patterns of meant) {
      for (const one of patterns) {
        if (!mayFire(effect, one, rule)) continue
        for (const { resource, kind } of places) {
          for (const group of rule.groups ?? [undefined]) yield { resource, group, kind, effect, meant: one }
        }
      }
    }
  }
}

function placesOf({ resources, issuers, kinds }: PolicyRuleConfig, config: Config) {
  const names = resources === '*' ? Object.keys(config.resources) : resources
  return names.flatMap((resource) => {
    const able = kindsAt(config, resource, issuers).filter((kind) => kinds?.includes(kind) ?? true)
    return able.map((kind) => ({ resource, kind }))
  })
}

/** What no rule can give leave for is no reason to keep one. */
function mayFire(effect: AccessEffect, { on, pattern }: Meant, { decision, limits }: PolicyRuleConfig) {
  if (effect === 'unknown') return false
  if (on === 'object' || pattern.kind !== 'catalog' || effect === 'read') return true
  // A hold is for what other rules give leave for, and so are limits.
  return decision === 'hold' || limits !== undefined
}

function patternsOf({ relations, columns, objects }: PolicyRuleConfig): Patterns {
  const isForAll = relations === undefined && columns === undefined && objects === undefined
  const names = isForAll
    ? [EVERYTHING]
    : [...(relations ?? []).map(parsePattern), ...(columns ?? []).map(parseColumnPattern)]
  return {
    relations: names.map((pattern) => ({ on: 'relation', pattern })),
    objects: (isForAll ? ['*'] : (objects ?? [])).map(meantObject),
  }
}

const sizeOf = ({ relations, objects }: Patterns) => relations.length + objects.length
