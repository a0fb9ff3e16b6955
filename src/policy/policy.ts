// The rules of the configuration as a value: facts and a principal in, decisions and permits out (design §8).
import { createHash } from 'node:crypto'
import type { Finding } from '../config/problems.ts'
import type { Config, MaskRuleConfig, PolicyRuleConfig } from '../config/schema.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Decision } from '../core/decision.ts'
import type { Facts } from '../core/facts.ts'
import type { Operation } from '../core/operation.ts'
import type { Permit } from '../core/permit.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { accessesOf, judgeStatements } from './judge.ts'
import { type AccessVerdict, judgeAccess, type RuleSet } from './judge-access.ts'
import { type JudgedAs, permitFor } from './permit.ts'
import { policyProblems } from './problems.ts'
import { appliesTo, compileRule, type Rule } from './rule.ts'

/** The policy cannot be used. `message` has one line per problem. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly problems: readonly Finding[]

  constructor(problems: readonly Finding[]) {
    super(problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'))
    this.problems = problems
  }
}

export interface Explanation {
  readonly decision: Decision
  /** each access of each statement, in order, with the rules that made its outcome */
  readonly verdicts: readonly AccessVerdict[]
  /** ids of the rules that are for this principal on this resource */
  readonly applicable: readonly string[]
}

export interface Policy {
  /** hash of the rules and masks, and of the search paths that names are judged on */
  readonly version: string
  /** Could any rule that is in force allow or hold something for this principal there? */
  mayReach(principal: Principal, resource: string): boolean
  /** Never throws: an error while judging denies. At `prepare`, what would be held is allowed: it is held at `execute`. */
  judge(principal: Principal, resource: string, operation: Operation): Decision
  /** @throws Error unless the decision allows the operation, or holds it and the approval was consumed for it */
  permit(decision: Decision, operation: Operation, approval?: ApprovalRequest): Permit
  /** the masks of this resource that this principal is not excepted from */
  masks(principal: Principal, resource: string): readonly (MaskRuleConfig & { id: string })[]
  explain(principal: Principal, resource: string, operation: Operation): Explanation
}

/** @throws PolicyError with every problem */
export function compilePolicy(config: Config): Policy {
  const problems = policyProblems(config)
  if (problems.length > 0) throw new PolicyError(problems)
  const rules = Object.entries(config.policies).map(([id, rule]) => compileRule(id, rule))
  const masks = Object.entries(config.masks).map(([id, mask]) => ({ ...mask, id }))
  const version = versionOf(config)
  const judged = new WeakMap<Decision, JudgedAs>()
  const ruleSetOf = rememberRuleSets(rules, config)
  const remembered = rememberDecisions()

  const judge = (principal: Principal, resource: string, operation: Operation): Decision =>
    remembered(principal, resource, operation, () => {
      const { facts, phase } = operation
      const decision = guarded(version, () => {
        return judgeStatements(operation, ruleSetOf(principal, resource), version)
      })
      judged.set(decision, { facts, phase, resource, principal: principalId(principal) })
      return decision
    })

  return {
    version,
    mayReach: (principal, resource) => {
      const { allow, hold } = ruleSetOf(principal, resource)
      return allow.length + hold.length > 0
    },
    judge,
    permit: (decision, operation, approval) => permitFor(decision, judged.get(decision), operation, approval),
    masks: (principal, resource) =>
      masks.filter(
        ({ resources, except_groups = [] }) =>
          (resources === '*' || resources.includes(resource)) &&
          !except_groups.some((group) => principal.groups.includes(group)),
      ),
    explain: (principal, resource, operation) => {
      const set = ruleSetOf(principal, resource)
      return {
        decision: judge(principal, resource, operation),
        verdicts: accessesOf(operation).map((access) => judgeAccess(access, set)),
        applicable: rules.filter((rule) => appliesTo(rule, principal, resource)).map((rule) => rule.id),
      }
    },
  }
}

/** 16 hex digits; the same for configurations whose rules, masks and search paths are the same. */
function versionOf(config: Config): string {
  const paths = Object.entries(config.resources).map(([name, { search_path }]) => [name, search_path])
  const text = JSON.stringify([config.policies, config.masks, paths])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** An engine that skips what it fails to evaluate turns a deny into an allow: here an error is a deny. */
function guarded(policyVersion: string, evaluate: () => Decision): Decision {
  try {
    return evaluate()
  } catch {
    return { outcome: 'deny', hits: [], reason: 'the policy could not be evaluated', policyVersion }
  }
}

function rememberRuleSets(
  rules: readonly Rule[],
  config: Config,
): (principal: Principal, resource: string) => RuleSet {
  const known = new WeakMap<Principal, Map<string, RuleSet>>()
  return (principal, resource) => {
    const sets = known.get(principal) ?? new Map<string, RuleSet>()
    known.set(principal, sets)
    const found = sets.get(resource)
    if (found !== undefined) return found
    const set = ruleSet(rules, config, principal, resource)
    sets.set(resource, set)
    return set
  }
}

function ruleSet(rules: readonly Rule[], config: Config, principal: Principal, resource: string): RuleSet {
  const applicable = rules.filter((rule) => appliesTo(rule, principal, resource))
  const enforced = applicable.filter((rule) => !rule.config.shadow)
  const by = (decision: PolicyRuleConfig['decision']) =>
    enforced.filter((rule) => rule.config.decision === decision)
  return {
    deny: by('deny'),
    hold: by('hold'),
    allow: by('allow'),
    shadow: applicable.filter((rule) => rule.config.shadow),
    searchPath: searchPath(config, resource),
  }
}

/** `$user` is the schema named as whoever is logged in: any of the resource's logins. */
function searchPath(config: Config, name: string): string[] {
  if (!Object.hasOwn(config.resources, name)) return []
  const resource = config.resources[name]
  const users = resource?.logins.map((login) => login.user) ?? []
  return (resource?.search_path ?? []).flatMap((schema) => (schema === '$user' ? users : [schema]))
}

type Remember = (
  principal: Principal,
  resource: string,
  operation: Pick<Operation, 'facts' | 'phase'>,
  decide: () => Decision,
) => Decision

/** Facts of a known text are one object, so a statement that was judged for a principal costs three look-ups. */
function rememberDecisions(): Remember {
  const known = new WeakMap<Facts, WeakMap<Principal, Map<string, Decision>>>()
  return (principal, resource, { facts, phase }, decide) => {
    const byPrincipal = known.get(facts) ?? new WeakMap<Principal, Map<string, Decision>>()
    known.set(facts, byPrincipal)
    const decisions = byPrincipal.get(principal) ?? new Map<string, Decision>()
    byPrincipal.set(principal, decisions)
    const key = `${phase} ${resource}`
    const found = decisions.get(key)
    if (found !== undefined) return found
    const decision = decide()
    decisions.set(key, decision)
    return decision
  }
}
