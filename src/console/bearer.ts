// Who calls the API: the bearer token of RFC 6750, verified by identity/ through a function that is passed in.
import type { HttpBindings } from '@hono/node-server'
import type { Config } from '../config/schema.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { Secret } from '../core/secret.ts'
import type { Authentication } from '../identity/outcome.ts'
import { Problem } from './problem.ts'

/** @param issuers names under `issuers` of the configuration whose tokens are taken. Never rejects. */
export type VerifyToken = (token: Secret, issuers: readonly string[]) => Promise<Authentication>

/** What routes under /api/v1 have, once their caller is known. */
export interface ApiEnvironment {
  Bindings: HttpBindings
  Variables: { principal: Principal }
}

/** RFC 6750, section 2.1: `b64token`. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i

/** Refusals that say nothing about the token: the client may try the same one again. */
const UNCHECKED: ReadonlySet<ErrorCode> = new Set(['internal', 'upstream-unavailable', 'shutting-down'])

/** The issuer that is configured for the API, else all issuers of people. */
export function adminIssuers(config: Pick<Config, 'admin' | 'issuers'>): readonly string[] {
  if (config.admin.issuer !== undefined) return [config.admin.issuer]
  return Object.keys(config.issuers).filter((name) => config.issuers[name]?.kind === 'person')
}

/** @throws Problem when there is no token, or none that is accepted. */
export async function authenticate(
  header: string | undefined,
  issuers: readonly string[],
  verifyToken: VerifyToken,
): Promise<Principal> {
  const token = BEARER.exec(header ?? '')?.[1]
  if (token === undefined) throw new Problem('unauthenticated')
  // An empty list must never come to mean "any".
  if (issuers.length === 0) throw new Problem('unauthorized', 'No issuer of people is configured.')
  const answer = await verifyToken(new Secret(token), issuers)
  if (answer.kind === 'principal') return answer.principal
  const { code, message, hint } = answer.refusal
  if (code === 'unauthorized') throw new Problem('unauthorized', message, hint)
  throw new Problem(UNCHECKED.has(code) ? 'issuer-unavailable' : 'unauthenticated', message, hint)
}
