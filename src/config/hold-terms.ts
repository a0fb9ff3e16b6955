// The terms of what is held, by a rule or by a mask, as they are meant.
import {
  type ApprovalDemand,
  EXPIRES_AFTER,
  type HoldTerms,
  peopleOf,
  type ReasonDemand,
} from '../core/hold-terms.ts'
import type { MaskRuleConfig, PolicyRuleConfig } from './schema.ts'

/** Settings that say who approves, when and for how long: of no use where nothing is held. */
export const HOLD_TERMS = [
  'approvers',
  'quorum',
  'each',
  'expires_after',
  'wait',
  'window',
  'reason',
  'approve_when',
  'break_glass',
  'notify',
] as const

export type HoldTermsConfig = Pick<PolicyRuleConfig & MaskRuleConfig, (typeof HOLD_TERMS)[number]>

/** Does the mask hold anything? */
export const maskHolds = ({ probes, copies }: Pick<MaskRuleConfig, 'probes' | 'copies'>): boolean =>
  probes === 'hold' || copies === 'hold'

/** Undefined when nobody is named who could approve, or too many are. */
export function termsOf(config: HoldTermsConfig): HoldTerms | undefined {
  const people = peopleOfTerms(config)
  if (people === undefined) return undefined
  const { wait, window, reason, expires_after: expiresAfter = EXPIRES_AFTER } = config
  return {
    ...people,
    expiresAfter,
    ...(wait === undefined ? {} : { wait }),
    ...(window === undefined ? {} : { window }),
    ...(reason === undefined ? {} : { reason: demandOf(reason) }),
    ...(config.approve_when === undefined ? {} : { approveWhen: [config.approve_when] }),
    ...(config.break_glass === undefined ? {} : { breakGlass: config.break_glass }),
    ...(config.notify === undefined ? {} : { notify: config.notify }),
  }
}

function demandOf(reason: NonNullable<HoldTermsConfig['reason']>): ReasonDemand {
  if (reason === 'required') return reason
  const { pattern } = reason
  return [typeof pattern === 'string' ? [pattern] : pattern]
}

/** Undefined when nobody is named, or too many are. */
export function peopleOfTerms({ approvers = [], quorum = 1, each }: HoldTermsConfig) {
  if (each === undefined) return approvers.length === 0 ? undefined : { approvers, quorum }
  const anyOf: readonly ApprovalDemand[] =
    approvers.length === 0 ? [] : [{ groups: approvers, people: quorum }]
  return peopleOf([...anyOf, ...Object.entries(each).map(([group, people]) => ({ groups: [group], people }))])
}
