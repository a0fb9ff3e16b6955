// The terms of a rule that holds, and of several that hold the same statement: every one must be content.
import type { PolicyRuleConfig } from '../config/schema.ts'
import { type ApprovalDemand, bothTerms, type HoldTerms, peopleOf } from '../core/hold-terms.ts'

/** Of a request, unless the rule says otherwise: long enough to find somebody, short enough to remember why. */
export const EXPIRES_AFTER = 30 * 60_000

/** Undefined when nobody can meet all of them. */
export function holdTerms(rules: readonly PolicyRuleConfig[]): HoldTerms | undefined {
  const [first, ...others] = rules.map(termsOf)
  return others.reduce((all, one) => all && one && bothTerms(all, one), first)
}

function termsOf(rule: PolicyRuleConfig): HoldTerms | undefined {
  const people = peopleOfRule(rule)
  if (people === undefined) return undefined
  const { wait, window, reason, expires_after: expiresAfter = EXPIRES_AFTER } = rule
  return {
    ...people,
    expiresAfter,
    ...(wait === undefined ? {} : { wait }),
    ...(window === undefined ? {} : { window }),
    ...(reason === undefined ? {} : { reason }),
    ...(rule.approve_when === undefined ? {} : { approveWhen: [rule.approve_when] }),
    ...(rule.break_glass === undefined ? {} : { breakGlass: rule.break_glass }),
    ...(rule.notify === undefined ? {} : { notify: rule.notify }),
  }
}

/** Undefined when nobody is named, or too many are. */
export function peopleOfRule({ approvers = [], quorum = 1, each }: PolicyRuleConfig) {
  if (each === undefined) return approvers.length === 0 ? undefined : { approvers, quorum }
  const anyOf: readonly ApprovalDemand[] =
    approvers.length === 0 ? [] : [{ groups: approvers, people: quorum }]
  return peopleOf([...anyOf, ...Object.entries(each).map(([group, people]) => ({ groups: [group], people }))])
}
