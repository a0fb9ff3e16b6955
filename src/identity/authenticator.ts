// Who is this? Chooses the way and the issuer, verifies, and holds the identity against the resource's demands.
import { decodeJwt } from 'jose'
import type { Config, IssuerConfig, ResourceConfig } from '../config/schema.ts'
import { unmetClaim } from '../core/claims.ts'
import type { PeerCertificate, Proof } from '../core/principal.ts'
import type { Secret } from '../core/secret.ts'
import { authenticateCertificate } from './certificate.ts'
import { type Authentication, rejected, shown } from './outcome.ts'
import { createTokenVerifier, type TokenVerifier } from './token.ts'

export interface Authenticator {
  /** May whoever has this proof use the resource, and who is it? Never rejects: every failure is a refusal. */
  authenticate(resource: string, proof: Proof): Promise<Authentication>
  /** The same for a token outside any resource; only these issuers (names of the configuration) count. */
  verifyToken(token: Secret, issuers: readonly string[]): Promise<Authentication>
  /** Ends requests under way; every later call is refused. */
  close(): void
}

export interface AuthenticatorDependencies {
  /** milliseconds since the epoch */
  readonly now?: () => number
  /** for the log: why the keys of an issuer (its configured name) could not be fetched */
  readonly report?: (issuer: string, problem: string) => void
}

/** @throws Error when an issuer's `ca` cannot be read */
export function createAuthenticator(config: Config, deps: AuthenticatorDependencies = {}): Authenticator {
  const stop = new AbortController()
  const now = deps.now ?? Date.now
  const verifiers = new Map(
    Object.entries(config.issuers).map(([name, issuer]) => [
      name,
      createTokenVerifier(issuer, {
        now,
        signal: stop.signal,
        report: (problem) => deps.report?.(name, problem),
      }),
    ]),
  )
  const verifyToken = async (token: Secret, issuers: readonly string[]): Promise<Authentication> => {
    if (stop.signal.aborted) return rejected('the service is stopping', undefined, 'shutting-down')
    const allowed = issuers.flatMap((name) => verifiers.get(name) ?? [])
    return verifyWith(token, allowed)
  }
  return {
    verifyToken,
    authenticate: async (name, proof) => {
      const resource = Object.hasOwn(config.resources, name) ? config.resources[name] : undefined
      if (resource === undefined)
        return rejected(`there is no resource ${shown(name)}`, undefined, 'unauthorized')
      if (proof.kind === 'certificate') return byCertificate(proof.certificate, resource, config)
      if (!resource.authentication.some((method) => method !== 'certificate')) {
        return rejected('this resource accepts no tokens', 'log in with a client certificate')
      }
      return withDemands(await verifyToken(proof.token, resource.issuers ?? []), resource)
    },
    close: () => stop.abort(),
  }
}

/** Several entries may share an issuer, with other audiences: the first that accepts counts. */
async function verifyWith(token: Secret, allowed: readonly TokenVerifier[]): Promise<Authentication> {
  const longest = Math.max(0, ...allowed.map(({ config }) => config.max_token))
  if (token.byteLength > longest) {
    return rejected(`the token is longer than the ${longest} bytes that are accepted`)
  }
  const issuer = statedIssuer(token)
  if (issuer === undefined) {
    return rejected(
      'what was sent is not a signed token (JWT)',
      'use a token of your identity provider as password',
    )
  }
  // before any request: a stranger's name must not make us ask anybody
  const candidates = allowed.filter(({ config }) => mayVerify(config, issuer, token))
  if (candidates.length === 0) {
    const accepted = [...new Set(allowed.map(({ config }) => config.issuer))]
    const hint = accepted.length === 0 ? undefined : `use a token of ${accepted.join(' or ')}`
    return rejected(`the token's issuer ${shown(issuer)} is not accepted here`, hint)
  }
  let refusal: Authentication | undefined
  for (const candidate of candidates) {
    const outcome = await candidate.verify(token)
    if (outcome.kind === 'principal') return outcome
    refusal ??= outcome
  }
  return refusal ?? rejected('the token is not accepted')
}

const mayVerify = (config: IssuerConfig, issuer: string, token: Secret) =>
  config.issuer === issuer && token.byteLength <= config.max_token

/** `iss` as the token says, not verified: it only chooses whose keys decide. */
function statedIssuer(token: Secret): string | undefined {
  try {
    const { iss } = decodeJwt(token.reveal())
    return typeof iss === 'string' ? iss : undefined
  } catch {
    return undefined
  }
}

function byCertificate(
  certificate: PeerCertificate,
  resource: ResourceConfig,
  config: Config,
): Authentication {
  if (!resource.authentication.includes('certificate')) {
    return rejected('this resource accepts no client certificates', 'log in with a token as password')
  }
  const identities = (resource.certificates ?? []).flatMap((name) => {
    const identity = config.certificate_identities[name]
    return identity === undefined ? [] : [[name, identity] as const]
  })
  return authenticateCertificate(certificate, identities)
}

function withDemands(outcome: Authentication, resource: ResourceConfig): Authentication {
  if (outcome.kind === 'rejected' || resource.claims === undefined) return outcome
  const unmet = unmetClaim(outcome.principal.claims, resource.claims)
  if (unmet === undefined) return outcome
  const hint = 'the token is good, but not for this resource'
  return rejected(
    `the token's claim ${shown(unmet)} is not one that this resource accepts`,
    hint,
    'unauthorized',
  )
}
