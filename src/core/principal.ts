// Who acts: an identity that was verified, never a name that the client merely states.
import { createHash } from 'node:crypto'
import { domainToASCII } from 'node:url'
import type { Secret } from './secret.ts'

export type PrincipalKind = 'person' | 'workload'

export interface Principal {
  /** issuer URL of the token, or the configured name of the certificate authority */
  readonly issuer: string
  /** `sub` of the token, or SPIFFE ID / subject of the certificate; unique within the issuer */
  readonly subject: string
  readonly kind: PrincipalKind
  /** for people to read: the configured name claim, else the subject */
  readonly name: string
  readonly groups: readonly string[]
  /** verified claims of the token (empty for certificates) */
  readonly claims: Readonly<Record<string, unknown>>
  readonly method: 'oidc' | 'certificate'
  /** when the proof of identity ends, in milliseconds since the epoch */
  readonly expiresAt: number
}

/** One string for one identity, the same in logs, audit, approvals and policy. */
export function principalId(principal: Pick<Principal, 'issuer' | 'subject'>): string {
  return `${principal.issuer}#${principal.subject}`
}

/**
 * Other identities by which one person is known: a digest of the e-mail address that the issuer says it verified (OpenID
 * Connect Core 5.1). Two principals that share one are one person, whatever their issuers and subjects.
 */
export function aliasesOf({ claims }: Pick<Principal, 'claims'>): readonly string[] {
  const { email, email_verified: verified } = claims
  // Some issuers write the boolean as text.
  if (typeof email !== 'string' || email === '' || (verified !== true && verified !== 'true')) return []
  return [`mail:${createHash('sha256').update(sameMail(email)).digest('hex')}`]
}

/** One spelling of an address: `Ada@BÜCHER.example` and `ada@xn--bcher-kva.example.` are one mailbox (RFC 5890). */
function sameMail(email: string): string {
  const address = email.normalize('NFKC').toLowerCase()
  const at = address.lastIndexOf('@') + 1
  const domain = address.slice(at).replace(/\.$/, '')
  return address.slice(0, at) + (domainToASCII(domain) || domain)
}

/** Where a connection comes from, as Envoy tells (E11). Nothing in it was said by the client alone. */
export interface Peer {
  /** `ip:port` of the client, as the outer listener saw it */
  readonly source: string
  readonly tlsVersion?: string
  readonly serverName?: string
  /** present only when Envoy verified a client certificate */
  readonly certificate?: PeerCertificate
}

export interface PeerCertificate {
  /** first URI SAN, for example a SPIFFE ID */
  readonly uriSan?: string
  /** RFC 2253 subject */
  readonly subject?: string
  /** SHA-256 of the certificate, hex */
  readonly fingerprint?: string
  /** end of its validity, in milliseconds since the epoch; absent where Envoy runs a configuration that does not tell */
  readonly expiresAt?: number
}

/** What a client offers as proof. */
export type Proof =
  | { readonly kind: 'token'; readonly token: Secret }
  | { readonly kind: 'certificate'; readonly certificate: PeerCertificate }
