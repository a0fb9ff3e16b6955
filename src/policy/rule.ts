// A rule of the configuration, made ready: whom it is for, and which accesses it means.
import type { PolicyRuleConfig } from '../config/schema.ts'
import { unmetClaim } from '../core/claims.ts'
import type { Access, AccessEffect } from '../core/facts.ts'
import { matchesAnyGlob, matchesAnySubject, matchesGlob } from '../core/glob.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { isForResource } from '../core/resource-names.ts'
import type { SearchPath } from '../core/search-path.ts'
import { functionCandidates, type QualifiedName, relationCandidates } from './candidates.ts'
import { isCatalogSchema } from './catalog.ts'
import { type ColumnAccess, columnsToCover, couldMeanColumn } from './columns.ts'
import { type Condition, conditionOf } from './conditions.ts'
import {
  couldMean,
  covers,
  EVERYTHING,
  type NamePattern,
  parseColumnPattern,
  parsePattern,
} from './pattern.ts'

export interface Rule {
  readonly id: string
  readonly config: PolicyRuleConfig
  readonly effects: ReadonlySet<AccessEffect> | '*'
  /** undefined: the rule names objects only, and so means no relation */
  readonly relations?: readonly NamePattern[]
  /** undefined: the rule names relations only, and so means no other object */
  readonly objects?: readonly string[]
  /** `issuer` of the principals that it is for; all when undefined */
  readonly issuers?: ReadonlySet<string>
  /** undefined: the rule always counts */
  readonly condition?: Condition
}

/** @param issuerOf a principal's `issuer`, by the name that the configuration has for it */
export function compileRule(id: string, config: PolicyRuleConfig, issuerOf: (name: string) => string): Rule {
  const { relations, objects, columns } = config
  const neither = relations === undefined && objects === undefined && columns === undefined
  const condition = conditionOf(id, config)
  return {
    id,
    config,
    effects: config.effects === '*' ? '*' : new Set(config.effects),
    ...(neither && { relations: [EVERYTHING], objects: ['*'] }),
    ...(relations !== undefined && { relations: relations.map(parsePattern) }),
    ...(columns !== undefined && { relations: columns.map(parseColumnPattern) }),
    ...(objects !== undefined && { objects }),
    ...(config.issuers !== undefined && { issuers: new Set(config.issuers.map(issuerOf)) }),
    ...(condition !== undefined && { condition }),
  }
}

/** Does leave by the rule come with limits? */
export const obliges = ({ limits }: PolicyRuleConfig): boolean => limits !== undefined

/** Is the rule for this principal on this resource? Circumstances aside. */
export function appliesTo(rule: Rule, principal: Principal, resource: string): boolean {
  return mismatch(rule, principal, resource) === undefined
}

/** Why the rule is not for this principal on this resource, in words; undefined when it is. */
export function mismatch(rule: Rule, principal: Principal, resource: string): string | undefined {
  const { resources, groups, kinds, subjects, claims } = rule.config
  if (!isForResource(resources, resource)) return 'it is for other resources'
  if (groups !== undefined && !groups.some((group) => principal.groups.includes(group))) {
    return `it is for groups ${groups.join(', ')}`
  }
  if (kinds !== undefined && !kinds.includes(principal.kind)) return `it is for the kind ${kinds.join(', ')}`
  if (subjects !== undefined && !isSubject(subjects, principal, rule.config.decision)) {
    return `it is for subjects ${subjects.join(', ')}`
  }
  if (rule.issuers !== undefined && !rule.issuers.has(principal.issuer)) {
    return `it is for issuers ${rule.config.issuers?.join(', ')}`
  }
  const unmet = claims && unmetClaim(principal.claims, claims)
  return unmet === undefined ? undefined : `it demands the claim ${unmet}`
}

/**
 * A subject is unique within its issuer; with the issuer before it, everywhere. What one issuer calls a subject may spell
 * another's identity, so a pattern with an issuer in it allows nobody by a subject alone.
 */
function isSubject(
  patterns: readonly string[],
  principal: Principal,
  decision: PolicyRuleConfig['decision'],
): boolean {
  const matchesAny = principal.method === 'certificate' ? matchesAnySubject : matchesAnyGlob
  const alone = decision === 'allow' ? patterns.filter((pattern) => !pattern.includes('#')) : patterns
  return matchesAny(alone, principal.subject) || matchesAny(patterns, principalId(principal))
}

function meansEffect(rule: Rule, effect: AccessEffect): boolean {
  return rule.effects === '*' || rule.effects.has(effect)
}

/** Could the rule mean this access? So that a name that is left open never slips past a rule that refuses or holds. */
export function couldMeanAccess(rule: Rule, access: ColumnAccess, path: SearchPath): boolean {
  if (!meansEffect(rule, access.effect)) return false
  if (access.relation !== undefined) {
    const { any } = relationCandidates(access.relation, path)
    return (rule.relations ?? []).some(
      (pattern) => any.some((name) => couldMean(pattern, name)) && couldMeanColumn(columnOf(pattern), access),
    )
  }
  const { objects = [] } = rule
  const object = access.object ?? '*'
  if (object === '*' || object === '') return objects.length > 0
  if (!isFunction(access)) return matchesAnyGlob(objects, object)
  const { any } = functionCandidates(object, path)
  return objects.some((text) => any.some((name) => couldMean(parsePattern(text), name)))
}

const columnOf = (pattern: NamePattern) => (pattern.kind === 'name' ? pattern.column : undefined)

/**
 * Does any of the rules give leave for this access, whatever its name turns out to mean? Different rules may cover
 * different meanings.
 */
export function coveredBy(
  rules: readonly Rule[],
  access: ColumnAccess,
  path: SearchPath,
): readonly Rule[] | undefined {
  const { effect } = access
  const able = rules.filter((rule) => meansEffect(rule, effect))
  if (access.relation !== undefined) {
    const { all } = relationCandidates(access.relation, path)
    const byColumn = all.flatMap((name) => columnsToCover(access).map((column) => ({ name, column })))
    return coverAll(byColumn, ({ name, column }) =>
      able.find((rule) =>
        (rule.relations ?? []).some(
          (pattern) => covers(pattern, name, effect) && coversColumn(columnOf(pattern), column),
        ),
      ),
    )
  }
  const object = access.object ?? ''
  if (!isFunction(access)) {
    const rule = able.find((one) => (one.objects ?? []).some((pattern) => matchesGlob(pattern, object)))
    return rule && [rule]
  }
  const { all } = functionCandidates(object, path)
  return coverAll(all, (name) =>
    able.find((rule) => (rule.objects ?? []).some((text) => coversFunction(rule, text, name, effect))),
  )
}

/** A rule on a whole relation has each of its columns; any column is only in a rule on all of them. */
const coversColumn = (pattern: string | undefined, column: string | undefined): boolean =>
  pattern === undefined || column === undefined || matchesGlob(pattern, column)

/** What PostgreSQL brings may be called under a rule for every function, but changed only under one that names it. */
function coversFunction(rule: Rule, text: string, name: QualifiedName, effect: AccessEffect): boolean {
  const pattern = parsePattern(text)
  if (pattern.kind !== 'name') return false
  if (pattern.broad && isCatalogSchema(name.schema) && effect !== 'call' && rule.effects !== '*') return false
  return matchesGlob(pattern.schema, name.schema) && matchesGlob(pattern.name, name.name)
}

function coverAll<N>(names: readonly N[], cover: (name: N) => Rule | undefined): Rule[] | undefined {
  const rules = new Set<Rule>()
  for (const name of names) {
    const rule = cover(name)
    if (rule === undefined) return undefined
    rules.add(rule)
  }
  return rules.size === 0 ? undefined : [...rules]
}

const FUNCTION_TYPES: ReadonlySet<string> = new Set([
  'function',
  'procedure',
  'routine',
  'aggregate',
  'operator',
])

/** Objects that a search path finds, as it finds relations. */
function isFunction(access: Access): boolean {
  return FUNCTION_TYPES.has(access.objectType ?? '')
}
