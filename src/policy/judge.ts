// All accesses of an operation to one decision: the strictest access decides a statement, the strictest statement all.
import { termsOf } from '../config/hold-terms.ts'
import type { Decision, Outcome, RuleHit } from '../core/decision.ts'
import type { Access, Facts } from '../core/facts.ts'
import { allTerms } from '../core/hold-terms.ts'
import { columnsOf, ON_COLUMNS } from '../core/mentioned-columns.ts'
import type { Operation, Reached } from '../core/operation.ts'
import { behindOf } from './behind.ts'
import { type ColumnAccess, withoutColumns } from './columns.ts'
import { callKey, createRoutinesOf, functionsOf } from './functions.ts'
import { type AccessVerdict, judgeAccess, judgeCode, judgeReached, type RuleSet } from './judge-access.ts'
import { obligationsOf } from './obligations.ts'
import type { Rule } from './rule.ts'
import { denyHint, holdHint, reasonOf } from './wording.ts'

/** A text may have thousands of accesses, and a decision goes to logs and audit. */
const MAX_HITS = 64

export function judgeStatements(
  operation: Pick<Operation, 'facts' | 'phase' | 'reached'>,
  standing: RuleSet,
  policyVersion: string,
): Decision {
  const rules = inForce(standing, operation.facts)
  const verdicts = verdictsOf(operation, rules)
  const shadow = verdicts.flatMap((verdict) => verdict.shadow)
  const { reached = [] } = operation
  const functions = functionsOf(reached, rules.searchPath)
  const decided = (
    outcome: Outcome,
    rest: Omit<Decision, 'outcome' | 'policyVersion' | 'hits'>,
  ): Decision => ({
    outcome,
    policyVersion,
    hits: [...hitsOf(verdicts, outcome).slice(0, MAX_HITS), ...shadow.slice(0, MAX_HITS)],
    ...functions,
    ...rest,
  })

  const denied = firstOf(verdicts, 'deny')
  if (denied !== undefined) {
    const hint = isLost(denied, rules) ? LOST_HINT : denyHint(denied)
    return decided('deny', withHint(reasonOf(denied), hint))
  }
  const held = firstOf(verdicts, 'hold')
  const obligations = obligationsOf(verdicts, rules)
  const obliged = obligations === undefined ? {} : { obligations }
  // Also of what is allowed: masks may hold it.
  const behind = behindOf(reached, rules.searchPath)
  if (held === undefined)
    return decided('allow', { reason: 'every access is allowed', ...obliged, ...behind })
  const terms = termsFor(verdicts)
  if (terms === undefined) {
    return {
      ...decided(
        'hold',
        withHint('the rules that hold it have no approvers in common', 'Send its parts alone.'),
      ),
      outcome: 'deny',
    }
  }
  const reason = reasonOf(held)
  // Nothing runs at `prepare`; the same facts are judged again, and held, at `execute`.
  if (operation.phase === 'prepare') return { ...decided('hold', { reason }), outcome: 'allow' }
  return decided('hold', { ...withHint(reason, holdHint(terms)), ...obliged, ...behind, hold: terms })
}

/** The rules for a session whose path is no longer the resource's. */
export function inForce(rules: RuleSet, { path }: Facts): RuleSet {
  return path === undefined ? rules : { ...rules, searchPath: path }
}

const LOST_HINT =
  'Where search_path leads to cannot be told here: name the schema, or send the statement by itself.'

/** Is it refused because nothing tells its schema? */
function isLost({ builtIn, access }: AccessVerdict, { searchPath }: RuleSet): boolean {
  const { relation, object = '.', via } = access
  const hasSchema = relation === undefined ? object.includes('.') : relation.schema !== undefined
  return searchPath === 'any' && builtIn === 'no-rule' && via === undefined && !hasSchema
}

/** Accesses of all statements, and one of effect `unknown` for each statement that is not wholly understood. */
export function accessesOf(
  operation: Pick<Operation, 'facts'>,
  { byColumn }: Pick<RuleSet, 'byColumn'>,
): readonly ColumnAccess[] {
  return operation.facts.statements.flatMap((statement): ColumnAccess[] => {
    const { accesses, incomplete } = statement
    const told = accesses.map((access) =>
      byColumn && access.relation !== undefined && ON_COLUMNS.has(access.effect)
        ? { ...access, columns: columnsOf(statement, access) }
        : access,
    )
    return incomplete === undefined ? told : [...told, { effect: 'unknown', object: incomplete }]
  })
}

export function verdictsOf(operation: Pick<Operation, 'facts' | 'reached'>, rules: RuleSet): AccessVerdict[] {
  const { facts, reached = [] } = operation
  const isVouched = vouchedBy(reached)
  const routinesOf = createRoutinesOf(reached, rules.searchPath)
  const named = accessesOf(operation, rules)
    .filter((access) => !isVouched(access))
    .map((access) => {
      const routines = routinesOf(access)
      return judgeAccess(routines === undefined ? access : { ...access, routines }, rules)
    })
  return [...named, ...reached.flatMap((one) => reachedVerdict(one, facts, rules) ?? [])]
}

function vouchedBy(reached: readonly Reached[]): (access: Access) => boolean {
  const calls = new Set(reached.filter(({ kind }) => kind === 'vouched').map(({ access }) => callKey(access)))
  return (access) => calls.size > 0 && calls.has(callKey(access))
}

function reachedVerdict(one: Reached, facts: Facts, rules: RuleSet): AccessVerdict | undefined {
  if (one.kind === 'vouched' || one.kind === 'meant') return undefined
  if (one.kind === 'code') return judgeCode(one, rules)
  if (one.kind === 'generated' && !mentionsGenerated(one, facts, rules)) return undefined
  return judgeReached(one, reachedColumns(one, facts, rules), rules)
}

/** Parents and children have the columns that the statement mentions; a view has those that its query mentions. */
function reachedColumns(
  { access, named, columns }: Reached,
  { statements }: Facts,
  { byColumn }: Pick<RuleSet, 'byColumn'>,
): ColumnAccess {
  if (!byColumn || columns === 'any' || !ON_COLUMNS.has(access.effect)) return access
  if (columns !== 'mentioned') return { ...access, columns }
  return { ...access, columns: mentionedOf({ effect: access.effect, relation: named }, statements) }
}

/** What counts as any column of the relation counts as those that it is computed from by itself. */
function mentionsGenerated({ access, named, column }: Reached, facts: Facts, rules: RuleSet): boolean {
  if (!rules.byColumn || column === undefined) return false
  return mentionedOf({ effect: access.effect, relation: named }, facts.statements).includes(column)
}

const mentionedOf = (access: Access, statements: Facts['statements']): readonly string[] =>
  statements.flatMap((statement) => columnsOf(statement, access))

function withHint(reason: string, hint: string | undefined): { reason: string; hint?: string } {
  return hint === undefined ? { reason } : { reason, hint }
}

/** A rule's own refusal tells more than the absence of one. */
function firstOf(verdicts: readonly AccessVerdict[], outcome: Outcome): AccessVerdict | undefined {
  const found = verdicts.filter((verdict) => verdict.outcome === outcome)
  return found.find((verdict) => verdict.builtIn === undefined) ?? found[0]
}

function hitsOf(verdicts: readonly AccessVerdict[], outcome: Outcome): RuleHit[] {
  return verdicts
    .filter((verdict) => verdict.outcome === outcome)
    .flatMap(({ rules, access }) =>
      rules.map((rule) => ({
        rule: rule.id,
        outcome: rule.config.decision,
        access: withoutColumns(access),
        shadow: false,
      })),
    )
}

function termsFor(verdicts: readonly AccessVerdict[]) {
  const rules = verdicts.filter(({ outcome }) => outcome === 'hold').flatMap((verdict) => verdict.rules)
  return allTerms([...new Set<Rule>(rules)].map((rule) => termsOf(rule.config)))
}
