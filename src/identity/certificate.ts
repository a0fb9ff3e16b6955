// Client certificates that Envoy verified: SPIFFE IDs and subjects, mapped to groups.
import type { CertificateIdentityConfig } from '../config/schema.ts'
import { matchesAnyGlob, matchesAnySubject } from '../core/glob.ts'
import type { PeerCertificate, Principal } from '../core/principal.ts'
import { LONGEST_SUBJECT } from './mapping.ts'
import { type Authentication, isPlainText, rejected, shown } from './outcome.ts'

/**
 * The first of the identities that fits.
 * Where Envoy does not tell the certificate's end, the resource's longest session is what ends it: Envoy has verified that it was
 * valid when the connection began.
 */
export function authenticateCertificate(
  certificate: PeerCertificate,
  identities: readonly (readonly [name: string, config: CertificateIdentityConfig])[],
): Authentication {
  for (const [issuer, config] of identities) {
    const subject = acceptedSubject(certificate, config)
    if (subject === undefined) continue
    const principal: Principal = {
      issuer,
      subject,
      kind: config.kind,
      name: subject,
      groups: [...new Set(config.groups)],
      claims: {},
      method: 'certificate',
      expiresAt: certificate.expiresAt ?? Number.POSITIVE_INFINITY,
    }
    return { kind: 'principal', principal }
  }
  const who = certificate.uriSan ?? certificate.subject
  if (who === undefined) return rejected('the client certificate has neither a URI name nor a subject')
  return rejected(
    `the client certificate of ${shown(who)} is not accepted here`,
    'use another certificate, or none where tokens are taken; certificate_identities say which are accepted',
  )
}

/** A scheme first (RFC 3986): what is none may be anything, a subject's text too. */
const URI = /^[a-z][a-z0-9+.-]*:/i

/** The SPIFFE ID, URI name or subject by which the certificate fits; undefined when it does not. */
function acceptedSubject(cert: PeerCertificate, config: CertificateIdentityConfig): string | undefined {
  const { trust_domain: domain, subjects } = config
  // of two names that a certificate has, only one that meets every demand counts
  const uri = cert.uriSan !== undefined && URI.test(cert.uriSan) ? cert.uriSan : undefined
  const names = [uri, cert.subject].filter((name) => isPlainText(name, LONGEST_SUBJECT))
  return names.find((name) => {
    if (domain === undefined && subjects === undefined) return false
    if (domain !== undefined && (name !== uri || trustDomain(name) !== domain)) return false
    if (subjects === undefined) return true
    return name === uri ? matchesAnyGlob(subjects, name) : matchesAnySubject(subjects, name)
  })
}

/** SPIFFE-ID, section 2: no port, user, query, fragment, escapes, or path segments that are empty or dots. */
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/

/** The trust domain of a workload's SPIFFE ID; undefined for anything else, also for a trust domain's own ID. */
export function trustDomain(uri: string): string | undefined {
  const match = SPIFFE_ID.exec(uri)
  const segments = match?.[2]?.split('/').slice(1) ?? []
  return segments.some((segment) => segment === '.' || segment === '..') ? undefined : match?.[1]
}
