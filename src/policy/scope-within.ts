// Is all that one rule is for, whom and when, within what another is for? Resources, groups and kinds aside, which several
// other rules may share. Where it cannot be told it is not.
import type { PolicyRuleConfig } from '../config/schema.ts'
import type { ClaimDemands } from '../core/claims.ts'
import type { Network } from '../core/network.ts'
import { windowWithin } from '../core/time-window.ts'
import type { Comparisons } from './comparisons.ts'
import { network } from './conditions.ts'

export interface Scope {
  readonly rule: PolicyRuleConfig
  readonly networks: readonly Network[] | undefined
}

export const scopeOf = (rule: PolicyRuleConfig): Scope => ({ rule, networks: rule.sources?.map(network) })

export function scopeWithin(narrow: Scope, wide: Scope, compared: Comparisons): boolean {
  const [one, other] = [narrow.rule, wide.rule]
  const { glob } = compared
  return (
    eachWithin(one.subjects, other.subjects, glob) &&
    eachWithin(one.issuers, other.issuers, glob) &&
    eachWithin(one.applications, other.applications, glob) &&
    eachWithin(narrow.networks, wide.networks, compared.network) &&
    claimsWithin(one.claims, other.claims, compared) &&
    (other.when === undefined || (one.when !== undefined && windowWithin(one.when, other.when)))
  )
}

/** Absent means everybody, and everywhere. */
function eachWithin<T>(
  narrow: readonly T[] | undefined,
  wide: readonly T[] | undefined,
  isWithin: (one: T, other: T) => boolean,
): boolean {
  return wide === undefined || (narrow?.every((one) => wide.some((other) => isWithin(one, other))) ?? false)
}

const accepted = (values: string | readonly string[] = []) => (typeof values === 'string' ? [values] : values)

function claimsWithin(narrow: ClaimDemands = {}, wide: ClaimDemands = {}, { glob }: Comparisons): boolean {
  return Object.entries(wide).every(
    ([path, values]) =>
      Object.hasOwn(narrow, path) && eachWithin(accepted(narrow[path]), accepted(values), glob),
  )
}
