// One issuer's tokens: signed JWTs (RFC 7519, RFC 9068), verified with the issuer's own keys.
import { readFileSync } from 'node:fs'
import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { IssuerConfig } from '../config/schema.ts'
import type { Secret } from '../core/secret.ts'
import { createKeySet, KeySetError } from './key-set.ts'
import { ClaimsError, principalOf } from './mapping.ts'
import { type Authentication, rejected, shown } from './outcome.ts'

export interface TokenVerifier {
  readonly config: IssuerConfig
  /** Never rejects. */
  verify(token: Secret): Promise<Authentication>
}

/** Media types of access and identity tokens; other JWTs (logout, DPoP, security events) are no proof of identity. */
const TYPES = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])

export interface VerifierDependencies {
  readonly now: () => number
  readonly signal: AbortSignal
  readonly report: (problem: string) => void
}

/** The same person would be somebody else in the console than where they ask, and could decide on their own requests. */
const PAIRWISE =
  'the issuer gives one person another `sub` for each client: name a claim that is the same in all tokens as `claims.subject` (docs/approvals.md)'

function toldOnce(tell: () => void): () => void {
  let told = false
  return () => {
    if (!told) tell()
    told = true
  }
}

export function createTokenVerifier(config: IssuerConfig, deps: VerifierDependencies): TokenVerifier {
  const keys = createKeySet({
    issuer: config.issuer,
    ...deps,
    ...(config.claims.subject === 'sub' ? { pairwise: toldOnce(() => deps.report(PAIRWISE)) } : {}),
    ...(config.jwks === undefined ? {} : { jwks: config.jwks }),
    ...(config.ca === undefined ? {} : { ca: readFileSync(config.ca, 'utf8') }),
  })
  return {
    config,
    verify: async (token) => {
      try {
        const claims = await verified(token, config, keys, deps.now)
        return { kind: 'principal', principal: principalOf(claims, config) }
      } catch (error) {
        return refusalOf(error, config)
      }
    },
  }
}

async function verified(token: Secret, config: IssuerConfig, keys: JWTVerifyGetKey, now: () => number) {
  const audience = config.audience
  const { payload, protectedHeader } = await jwtVerify(token.reveal(), keys, {
    issuer: config.issuer,
    audience,
    algorithms: config.algorithms,
    clockTolerance: Math.floor(config.clock_skew / 1000),
    currentDate: new Date(now()),
    requiredClaims: ['exp', 'sub'],
    ...(config.max_age === undefined ? {} : { maxTokenAge: Math.floor(config.max_age / 1000) }),
  })
  const type = protectedHeader.typ?.toLowerCase()
  if (type !== undefined && !TYPES.has(type)) throw new ClaimsError(`its type is ${shown(type)}`)
  refuseOtherPurposes(payload)
  return payload
}

/** RFC 8725, section 3.12: a JWT made for something else must not be taken for a login. */
function refuseOtherPurposes(payload: JWTPayload): void {
  // RFC 8417: security event and logout tokens
  if ('events' in payload) throw new ClaimsError('it is an event, not an identity')
  // RFC 7800: bound to a key whose possession a password prompt cannot prove
  if ('cnf' in payload) throw new ClaimsError('it is bound to a key of the client (claim "cnf")')
}

/** Every case is a refusal; what is not known is told as such and never as the error's own text. */
function refusalOf(error: unknown, config: IssuerConfig): Authentication {
  const again = 'get a new token and log in again'
  if (error instanceof KeySetError) {
    const message = `the issuer ${config.issuer} cannot be asked for its keys, so the token was not checked`
    return rejected(message, 'try again; if it lasts, tell the administrator', 'internal')
  }
  if (error instanceof ClaimsError) return rejected(`the token is not accepted: ${error.message}`)
  if (error instanceof errors.JWTExpired) return rejected(expiry(error.payload, error.claim, config), again)
  if (error instanceof errors.JWTClaimValidationFailed) return rejected(claim(error, config), again)
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return rejected(
      `the token's signature algorithm is not accepted`,
      `accepted: ${config.algorithms.join(', ')}`,
    )
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return rejected(`the token is signed with a key that ${config.issuer} does not have`, again)
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return rejected('the token does not say which of the issuer’s keys signed it (no "kid")')
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return rejected(`the token's signature is not from ${config.issuer}`, again)
  }
  return rejected('the token is not a signed JWT that can be verified', again)
}

function time(value: unknown): string {
  const date = new Date(typeof value === 'number' ? value * 1000 : Number.NaN)
  return Number.isNaN(date.getTime()) ? 'an unknown time' : date.toISOString()
}

function expiry(payload: JWTPayload, claimName: string, config: IssuerConfig): string {
  if (claimName === 'exp') return `the token expired at ${time(payload.exp)}`
  return `the token was issued at ${time(payload.iat)}, more than ${(config.max_age ?? 0) / 1000} s ago`
}

function claim(error: errors.JWTClaimValidationFailed, config: IssuerConfig): string {
  const value = error.payload[error.claim]
  if (value === undefined || error.reason === 'missing') return `the token has no claim "${error.claim}"`
  if (error.claim === 'nbf') return `the token is not valid before ${time(value)}`
  if (error.claim === 'iat') return `the token was issued in the future, at ${time(value)}`
  if (error.claim === 'aud') {
    const wanted = [config.audience].flat().map(shown).join(' or ')
    return `the token is for the audience ${shown(value)}, which is not accepted here; needed is ${wanted}`
  }
  return `the token's claim "${error.claim}" is not accepted`
}
