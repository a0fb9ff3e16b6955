// Verified claims to a principal: subject, groups and name, each strictly.
import type { IssuerConfig } from '../config/schema.ts'
import { claimAt } from '../core/claims.ts'
import type { Principal } from '../core/principal.ts'
import { isPlainText, shown } from './outcome.ts'

/** A SPIFFE ID has at most 2,048 bytes (SPIFFE-ID, section 2.3); OIDC subjects have 255 characters. */
export const LONGEST_SUBJECT = 2048
const LONGEST_NAME = 256
/** Each rule looks at each group. Directories that have more send a reference instead of the list. */
const MOST_GROUPS = 500
const LONGEST_GROUP = 256

/** Claims that were verified but cannot be used. */
export class ClaimsError extends Error {
  override readonly name = 'ClaimsError'
}

/** @throws ClaimsError */
export function principalOf(claims: Readonly<Record<string, unknown>>, config: IssuerConfig): Principal {
  const { exp } = claims
  const subject = claimAt(claims, config.claims.subject)
  if (!isPlainText(subject, LONGEST_SUBJECT))
    throw new ClaimsError(`the claim ${shown(config.claims.subject)} is absent, empty, too long or not text`)
  const expiresAt = typeof exp === 'number' ? exp * 1000 : Number.NaN
  // JSON can say 1e999, and a session would never end
  if (!Number.isSafeInteger(Math.floor(expiresAt))) throw new ClaimsError('the claim "exp" is not a time')
  return {
    issuer: config.issuer,
    subject,
    kind: config.kind,
    name: nameOf(claims, config.claims.name) ?? subject,
    groups: groupsOf(claims, config.claims.groups),
    claims,
    method: 'oidc',
    expiresAt,
  }
}

function nameOf(claims: Readonly<Record<string, unknown>>, path: string): string | undefined {
  // People could write a colleague's address into their own profile, and reviewers read the name. Some issuers write the
  // boolean as text.
  const { email_verified: verified } = claims
  if (path === 'email' && (verified === false || verified === 'false')) return undefined
  const value = claimAt(claims, path)
  return isPlainText(value, LONGEST_NAME) ? value : undefined
}

/** No claim means no groups; a claim of any other shape is refused, since a deny rule may depend on it. */
function groupsOf(claims: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const value = claimAt(claims, path)
  if (value === undefined) {
    // OpenID Connect Core 1.0, section 5.6.2: the list is elsewhere, as with a directory's "overage"
    const elsewhere = claimAt(claims._claim_names, path) !== undefined || claims.hasgroups === true
    if (elsewhere)
      throw new ClaimsError(`the claim ${shown(path)} is too long for the token, so it is not in it`)
    return []
  }
  const groups = Array.isArray(value) ? value : [value]
  if (groups.length > MOST_GROUPS)
    throw new ClaimsError(`the claim ${shown(path)} has over ${MOST_GROUPS} groups`)
  for (const group of groups) {
    if (!isPlainText(group, LONGEST_GROUP)) {
      throw new ClaimsError(
        `the claim ${shown(path)} must be a list of texts of at most ${LONGEST_GROUP} characters`,
      )
    }
  }
  return [...new Set(groups as string[])]
}
