// The terms of a rule that holds, and of several that hold the same statement: every one must be content.
import type { PolicyRuleConfig } from '../config/schema.ts'
import { type ApprovalDemand, allTerms, EXPIRES_AFTER, type HoldTerms, peopleOf } from '../core/hold-terms.ts'

/** Undefined when nobody can meet all of them. */
export function holdTerms(rules: readonly PolicyRuleConfig[]): HoldTerms | undefined {
  return allTerms(rules.map(termsOf))
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
