// The rules of the configuration as a value: facts and a principal in, decisions and permits out (design §8).
import { createHash } from 'node:crypto'
import { maskHolds } from '../config/hold-terms.ts'
import type { LockdownConfig } from '../config/lockdown-schema.ts'
import type { Finding } from '../config/problems.ts'
import type { Config, MaskRuleConfig } from '../config/schema.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import type { Circumstances } from '../core/circumstances.ts'
import type { Decision } from '../core/decision.ts'
import type { Operation } from '../core/operation.ts'
import type { Permit } from '../core/permit.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { isForResource } from '../core/resource-names.ts'
import { mayBreakGlass } from '../core/stated.ts'
import { createDecisionMemory } from './decision-memory.ts'
import { explainRules } from './explain.ts'
import { inForce, judgeStatements, verdictsOf } from './judge.ts'
import type { AccessVerdict, RuleSet } from './judge-access.ts'
import { createLockdowns } from './lockdown.ts'
import { createLooksBehind } from './looks-behind.ts'
import { type JudgedAs, permitBrokenGlass, permitFor } from './permit.ts'
import { policyProblems } from './problems.ts'
import { appliesTo, compileRule } from './rule.ts'
import { createRuleSets } from './rule-sets.ts'
import { demandingReason } from './stated.ts'

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
  /** ids of the rules that are for this principal on this resource, now */
  readonly applicable: readonly string[]
  /** the other rules of the resource, and those that mean no access of the statement: why they do not count */
  readonly others: readonly { readonly rule: string; readonly why: string }[]
}

export interface Policy {
  /** hash of the rules and masks, and of the search paths and issuers that they are judged on */
  readonly version: string
  /** the rules and masks as they are written, for people to read */
  readonly source: Pick<Config, 'policies' | 'masks'>
  /** what refuses everything on some resources; approvals outlive it, so it is no part of the version */
  readonly lockdowns: readonly LockdownConfig[]
  /** the one that refuses this principal everything there */
  lockdown(principal: Principal, resource: string): LockdownConfig | undefined
  /** Could any rule that is in force now allow or hold something for this principal there? None does in a lockdown. @throws Error when it cannot be told */
  mayReach(principal: Principal, resource: string, circumstances: Circumstances): boolean
  /** Could it matter what is behind the names of a statement, or which code it runs without showing it? At any time of day. */
  looksBehind(principal: Principal, resource: string): boolean
  /** Never throws: an error while judging denies. At `prepare`, what would be held is allowed: it is held at `execute`. */
  judge(principal: Principal, resource: string, operation: Operation, circumstances: Circumstances): Decision
  /**
   * @param shape the operation's, for an approval of more than one execution
   * @throws Error unless the decision allows the operation, or holds it and the approval was consumed for it
   */
  permit(decision: Decision, operation: Operation, approval?: ApprovalRequest, shape?: string): Permit
  /** Leave for a held operation of somebody who may break the glass, and says so. @throws Error for everybody else */
  permitBrokenGlass(decision: Decision, operation: Operation): Permit
  /** Could a rule or a mask hold something of this principal's there? At any time of day. */
  mayHold(principal: Principal, resource: string): boolean
  /** Could the time of day change what is decided for this principal there? */
  hasHours(principal: Principal, resource: string): boolean
  /** the masks of this resource that this principal is not excepted from */
  masks(principal: Principal, resource: string): readonly (MaskRuleConfig & { id: string })[]
  explain(
    principal: Principal,
    resource: string,
    operation: Operation,
    circumstances: Circumstances,
  ): Explanation
}

export const lockdownsOf = ({ lockdown }: Pick<Config, 'lockdown'>): readonly LockdownConfig[] =>
  lockdown === undefined ? [] : [lockdown]

/**
 * @param locking in place of the configuration's own lockdown
 * @throws PolicyError with every problem
 */
export function compilePolicy(config: Config, locking = lockdownsOf(config)): Policy {
  const problems = policyProblems(config)
  if (problems.length > 0) throw new PolicyError(problems)
  const issuerOf = (name: string) => config.issuers[name]?.issuer ?? name
  const rules = Object.entries(config.policies).map(([id, rule]) => compileRule(id, rule, issuerOf))
  const masks = Object.entries(config.masks).map(([id, mask]) => ({ ...mask, id }))
  const version = versionOf(config)
  const judged = new WeakMap<Decision, JudgedAs>()
  const ruleSets = createRuleSets(rules, config)
  const remembered = createDecisionMemory()
  const rulesLookBehind = createLooksBehind(rules)
  const lockdowns = createLockdowns(locking, version)

  const decide = (principal: Principal, resource: string, operation: Operation, set: RuleSet): Decision => {
    const { facts, phase, reached } = operation
    const made = guarded(version, () => judgeStatements(operation, set, version))
    const breaksGlass = made.hold !== undefined && mayBreakGlass(principal, made.hold)
    judged.set(made, { facts, phase, reached, resource, principal: principalId(principal), breaksGlass })
    remembered.keep(set, operation, made)
    return made
  }
  const judge: Policy['judge'] = (principal, resource, operation, circumstances) => {
    try {
      const locked = lockdowns.judge(principal, resource, operation.facts)
      if (locked !== undefined) return locked
      const set = ruleSets.of(principal, resource, circumstances)
      const decision = remembered.of(set, operation) ?? decide(principal, resource, operation, set)
      // Without the server's answers, what a session sets is not followed.
      return demandingReason(decision, operation, config.resources[resource]?.process !== 'requests-only')
    } catch {
      return notEvaluated(version)
    }
  }

  const masksOf: Policy['masks'] = (principal, resource) =>
    masks.filter(
      ({ resources, except_groups = [] }) =>
        isForResource(resources, resource) &&
        !except_groups.some((group) => principal.groups.includes(group)),
    )
  const holding = rules.filter(({ config: { decision, shadow } }) => decision === 'hold' && !shadow)
  const mayHold: Policy['mayHold'] = (principal, resource) =>
    holding.some((rule) => appliesTo(rule, principal, resource)) ||
    masksOf(principal, resource).some(maskHolds)

  return {
    version,
    source: { policies: config.policies, masks: config.masks },
    lockdowns: locking,
    lockdown: lockdowns.of,
    mayReach: (principal, resource, circumstances) => {
      if (lockdowns.of(principal, resource) !== undefined) return false
      const { allow, hold } = ruleSets.of(principal, resource, circumstances)
      return allow.length + hold.length > 0
    },
    // An approval is for what is behind the names as well, also where the rule that holds does not mind it.
    looksBehind: (principal, resource) =>
      rulesLookBehind(principal, resource) || mayHold(principal, resource),
    judge,
    permit: (decision, operation, approval, shape) =>
      permitFor(decision, judged.get(decision), operation, approval && { approval, shape }),
    permitBrokenGlass: (decision, operation) => permitBrokenGlass(decision, judged.get(decision), operation),
    mayHold,
    hasHours: ruleSets.haveHours,
    masks: masksOf,
    explain: (principal, resource, operation, circumstances) => {
      const set = ruleSets.of(principal, resource, circumstances)
      return {
        decision: judge(principal, resource, operation, circumstances),
        verdicts: verdictsOf(operation, inForce(set, operation.facts)),
        ...explainRules(rules, { principal, resource, circumstances, set, operation }),
      }
    },
  }
}

/**
 * 16 hex digits; the same for configurations whose rules, masks, search paths, targets and issuers are the same. Approvals hang
 * on it: where two deployments share a store, one for the test database must not be good for the other.
 */
function versionOf(config: Config): string {
  const targets = Object.entries(config.resources).map(([name, { search_path, upstream }]) => [
    ...[name, search_path, upstream.address],
  ])
  const issuers = Object.entries(config.issuers).map(([name, { issuer }]) => [name, issuer])
  const text = JSON.stringify([config.policies, config.masks, targets, issuers])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** An engine that skips what it fails to evaluate turns a deny into an allow: here an error is a deny. */
function guarded(policyVersion: string, evaluate: () => Decision): Decision {
  try {
    return evaluate()
  } catch {
    return notEvaluated(policyVersion)
  }
}

function notEvaluated(policyVersion: string): Decision {
  return { outcome: 'deny', hits: [], reason: 'the policy could not be evaluated', policyVersion }
}
