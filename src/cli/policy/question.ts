// A question to the policy without a session: somebody, a resource, a statement and the circumstances, and what comes of it.
import { type Analyzer, createAnalyzer } from '../../analysis/postgres/analyze.ts'
import type { Config, ResourceConfig } from '../../config/schema.ts'
import type { Decision, Outcome } from '../../core/decision.ts'
import type { Facts } from '../../core/facts.ts'
import type { Masker } from '../../core/masking.ts'
import { parseAddress } from '../../core/network.ts'
import { once } from '../../core/once.ts'
import type { SqlOperation } from '../../core/operation.ts'
import type { Principal, PrincipalKind } from '../../core/principal.ts'
import { underMasks } from '../../gateway/under-masks.ts'
import { createMasker, type MaskRule } from '../../masking/masker.ts'
import { lockdownReason } from '../../policy/lockdown.ts'
import type { Explanation, Policy } from '../../policy/policy.ts'
import { asFirstText } from '../../protocols/postgres/search-path/first-text.ts'
import { type AnswerMask, masksOn } from './masks.ts'

export interface Question {
  readonly resource: string
  readonly sql: string
  readonly subject: string
  readonly groups: readonly string[]
  /** of the issuer when absent; `person` when there is none either */
  readonly kind?: PrincipalKind | undefined
  /** a name under `issuers` or `certificate_identities` */
  readonly issuer?: string | undefined
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** an address; loopback when absent */
  readonly source?: string | undefined
  readonly application?: string | undefined
  /** milliseconds since the epoch; now when absent */
  readonly at?: number | undefined
}

export interface Answer {
  readonly outcome: Outcome
  readonly reason: string
  readonly hint?: string
  /** ids of enforced rules that made the outcome */
  readonly rules: readonly string[]
  /** ids of shadow rules that would have changed it */
  readonly shadow: readonly string[]
  /** over columns that the statement touches, for this principal */
  readonly masks: readonly AnswerMask[]
  /** absent when the statement cannot be read: nothing was judged */
  readonly judged?: {
    readonly facts: Facts
    readonly explanation: Explanation
    readonly reachable: boolean
    /** of a lockdown that refuses everything, and its reason */
    readonly lockdown?: string
  }
}

/**
 * The parser has to be loaded.
 * @param seen the operation as a session that asked the target's catalog sees it
 * @throws Error for a resource, an issuer or a source that cannot be meant
 */
export function ask(question: Question, config: Config, policy: Policy, seen?: SqlOperation): Answer {
  const configured = resourceOf(question.resource, config)
  const principal = principalOf(question, configured, config)
  const result = analyzerOf(configured).analyze(question.sql)
  if (result.kind !== 'facts') {
    const place =
      result.kind === 'too-large' || result.position === undefined ? '' : ` (character ${result.position})`
    const reason =
      result.kind === 'too-large' ? `longer than ${result.limit} bytes` : `${result.message}${place}`
    return { outcome: 'deny', reason, rules: [], shadow: [], masks: [] }
  }
  const { resource } = question
  const operation: SqlOperation = seen ?? {
    kind: 'sql',
    sequence: 1,
    text: question.sql,
    facts: asFirstText(result.facts),
    phase: 'query',
    parameters: [],
    behind: [],
  }
  const { facts } = operation
  const circumstances = {
    at: question.at ?? Date.now(),
    source: sourceOf(question.source ?? '127.0.0.1'),
    ...(question.application === undefined ? {} : { application: question.application }),
  }
  const explanation = policy.explain(principal, resource, operation, circumstances)
  const reachable = policy.mayReach(principal, resource, circumstances)
  const masks = policy.masks(principal, resource)
  const lockdown = policy.lockdown(principal, resource)
  const decision =
    reachable || lockdown !== undefined
      ? masked(explanation.decision, operation, maskerOf(masks, resource))
      : notReached(explanation.decision)
  const ids = (shadow: boolean) => [
    ...new Set(decision.hits.filter((hit) => hit.shadow === shadow).map((hit) => hit.rule)),
  ]
  return {
    outcome: decision.outcome,
    reason: decision.reason,
    ...(decision.hint === undefined ? {} : { hint: decision.hint }),
    rules: ids(false),
    shadow: ids(true),
    masks: masksOn(facts, masks, operation.behind),
    judged: {
      facts,
      explanation: { ...explanation, decision },
      reachable,
      ...(lockdown && { lockdown: lockdownReason(lockdown, resource) }),
    },
  }
}

/** Who may not reach the resource is refused at the login, whatever the statement. */
function notReached({ hold: _, hint: __, ...decision }: Decision): Decision {
  return { ...decision, outcome: 'deny', reason: 'no rule in force lets this principal reach the resource' }
}

/** Masks refuse or hold probes and ways out of their reach. What they show is not asked for: no key is needed. */
function masked(byPolicy: Decision, operation: SqlOperation, masker: Masker) {
  return byPolicy.outcome === 'deny' ? byPolicy : underMasks(byPolicy, operation, masker)
}

export function maskerOf(masks: readonly MaskRule[], resource: string): Masker {
  const shown = masks.map((mask): MaskRule => ({ ...mask, strategy: 'redact' }))
  return createMasker(shown, { key: noKey }, resource)
}

function noKey(name: string): never {
  throw new Error(`the key ${name} is not read here`)
}

export function resourceOf(name: string, { resources }: Config): ResourceConfig {
  const found = Object.hasOwn(resources, name) ? resources[name] : undefined
  if (found !== undefined) return found
  throw new Error(`there is no resource ${name}; there is ${Object.keys(resources).join(', ')}`)
}

/** Which functions are trusted, and how long a statement may be, is the resource's to say. */
export const analyzerOf = once(
  ({ trusted_functions, limits }: ResourceConfig): Analyzer =>
    createAnalyzer({ trustedFunctions: trusted_functions, maxBytes: limits.statement }),
)

export function principalOf(question: Question, configured: ResourceConfig, config: Config): Principal {
  const { resource, issuer, subject, ...who } = question
  const found = issuer === undefined ? undefined : vouching(issuer, config)
  if (
    issuer !== undefined &&
    ![...(configured.issuers ?? []), ...(configured.certificates ?? [])].includes(issuer)
  ) {
    throw new Error(`${resource} lets in nobody by ${issuer}`)
  }
  if (found !== undefined && who.kind !== undefined && who.kind !== found.kind) {
    throw new Error(`${issuer} stands for the kind ${found.kind}, not ${who.kind}`)
  }
  return {
    issuer: found?.issuer ?? 'explain',
    subject,
    kind: who.kind ?? found?.kind ?? 'person',
    name: subject,
    groups: who.groups,
    claims: who.claims ?? {},
    method: found?.method ?? 'oidc',
    expiresAt: Number.POSITIVE_INFINITY,
  }
}

function vouching(
  name: string,
  { issuers, certificate_identities }: Config,
): Pick<Principal, 'issuer' | 'kind' | 'method'> {
  const issuer = Object.hasOwn(issuers, name) ? issuers[name] : undefined
  if (issuer !== undefined) return { issuer: issuer.issuer, kind: issuer.kind, method: 'oidc' }
  const identity = Object.hasOwn(certificate_identities, name) ? certificate_identities[name] : undefined
  if (identity !== undefined) return { issuer: name, kind: identity.kind, method: 'certificate' }
  throw new Error(`there is no ${name} under issuers or certificate_identities`)
}

/** As Envoy writes the address of a client. */
function sourceOf(address: string): string {
  if (parseAddress(address) === undefined) throw new Error(`${address} is no address`)
  return address.includes(':') ? `[${address}]:0` : `${address}:0`
}
