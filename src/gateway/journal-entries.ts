// What a session's events tell of its principal and of decisions, in the recording and in the audit log.
import type { AuditActor, AuditedDecision } from '../core/audit.ts'
import { toldClaims } from '../core/claims.ts'
import type { Decision, MadeDecision } from '../core/decision.ts'
import { once } from '../core/once.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { isForResource } from '../core/resource-names.ts'
import { toldFunctions } from '../core/routine.ts'
import type { Policy } from '../policy/policy.ts'
import type { SessionHeader } from '../recording/event.ts'
import type { ConnectionFacts } from './connection.ts'
import type { GatewayDependencies } from './dependencies.ts'

/** On the target, and what the client says that it is. */
export interface AdmittedAs {
  readonly database: string
  readonly role: string
  readonly application: string | undefined
}

interface Made {
  readonly recorded: MadeDecision
  readonly audited: AuditedDecision
}

/** A decision of the policy is one object for many statements. */
export const madeOf = once((decision: Decision): Made => {
  const ids = (shadow: boolean) =>
    decision.hits.filter((hit) => hit.shadow === shadow).map(({ rule }) => rule)
  const { outcome, policyVersion, reason } = decision
  const recorded = { outcome, rules: ids(false), shadow: ids(true), policyVersion, reason }
  const locked = decision.lockdown ? { lockdown: decision.lockdown } : {}
  return { recorded, audited: { ...recorded, ...toldFunctions(decision), ...locked } }
})

/** The recording's, as it begins now. */
export function headerOf(
  { config, policy }: Pick<GatewayDependencies, 'config' | 'policy'>,
  session: string,
  { resource, peer }: ConnectionFacts,
  principal: Principal,
  { database, role, application }: AdmittedAs,
): SessionHeader {
  return {
    session,
    resource,
    principal,
    source: peer.source,
    startedAt: Date.now(),
    protocol: config.resources[resource]?.protocol ?? '',
    policyVersion: policy().version,
    claims: toldClaims(principal.claims, claimsOf(policy(), resource)),
    database,
    role,
    ...(application === undefined ? {} : { application }),
    ...levelOf(config, resource),
  }
}

/** Paths of the claims that rules of the resource demand. */
const claimsOf = ({ source }: Policy, resource: string): readonly string[] =>
  Object.values(source.policies).flatMap(({ claims = {}, resources }) =>
    isForResource(resources, resource) ? Object.keys(claims) : [],
  )

export function actorOf(principal: Principal): AuditActor {
  const { name, kind, groups } = principal
  return { id: principalId(principal), name, kind, groups }
}

function levelOf(config: GatewayDependencies['config'], resource: string) {
  const level = config.resources[resource]?.recording
  return level === undefined ? {} : { level }
}
