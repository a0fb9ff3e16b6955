// The attributes of a session's first request, as facts about the connection (E9, E11).
import type { Peer, PeerCertificate } from '../core/principal.ts'
import { Secret } from '../core/secret.ts'
import type { ConnectionFacts } from '../gateway/connection.ts'
import type { JsonObject } from './struct.ts'

/** Filter state keys that the generated configuration sets. */
export const SOURCE_KEY = 'chaperone.source'
/** An id that Envoy draws for one connection of a requests-only resource: both of its sidestreams carry it. */
export const PAIR_KEY = 'chaperone.pair'
/** End of the client certificate's validity, in seconds since the epoch. */
export const CERTIFICATE_END_KEY = 'chaperone.certificate-end'
export const SECRET_KEY_PREFIX = 'chaperone.secret.'
/** Under which Envoy sends the attributes of network ext_proc. */
const ATTRIBUTES = 'envoy.filters.network.ext_proc'

export const filterState = (key: string): string => `filter_state['${key}']`

/** What every session asks for, beside its resource's secrets. */
export const CONNECTION_ATTRIBUTES = [
  'connection.id',
  'connection.tls_version',
  'connection.requested_server_name',
  'connection.mtls',
  'connection.uri_san_peer_certificate',
  'connection.subject_peer_certificate',
  'connection.sha256_peer_certificate_digest',
  filterState(SOURCE_KEY),
] as const

const SECRET_ATTRIBUTE = /^filter_state\['chaperone\.secret\.([a-z0-9-]+)'\]$/

/** Undefined when the source is missing: then the configuration that Envoy runs is not Chaperone's, and nobody is let in. */
export function connectionFacts(
  resource: string,
  all: Readonly<Record<string, JsonObject>>,
): ConnectionFacts | undefined {
  const attributes = all[ATTRIBUTES] ?? {}
  const source = text(attributes, filterState(SOURCE_KEY))
  if (source === undefined) return undefined
  return {
    resource,
    peer: peer(attributes, source),
    connectionId: String(attributes['connection.id'] ?? ''),
    secrets: secrets(attributes),
  }
}

/** Undefined on connections of resources that are processed in full. */
export function pairId(all: Readonly<Record<string, JsonObject>>): string | undefined {
  return text(all[ATTRIBUTES] ?? {}, filterState(PAIR_KEY))
}

function peer(attributes: JsonObject, source: string): Peer {
  const tlsVersion = text(attributes, 'connection.tls_version')
  const serverName = text(attributes, 'connection.requested_server_name')
  return {
    source,
    ...(tlsVersion !== undefined && { tlsVersion }),
    ...(serverName !== undefined && { serverName }),
    ...(attributes['connection.mtls'] === true && { certificate: certificate(attributes) }),
  }
}

function certificate(attributes: JsonObject): PeerCertificate {
  const uriSan = text(attributes, 'connection.uri_san_peer_certificate')
  const subject = text(attributes, 'connection.subject_peer_certificate')
  const fingerprint = text(attributes, 'connection.sha256_peer_certificate_digest')
  const end = text(attributes, filterState(CERTIFICATE_END_KEY))
  return {
    ...(uriSan !== undefined && { uriSan }),
    ...(subject !== undefined && { subject }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(end !== undefined && { expiresAt: endOf(end) }),
  }
}

/** What is no time is one that is over: Envoy tells nothing else of a certificate that it has verified. */
function endOf(seconds: string): number {
  return /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1000 : 0
}

/** An empty value means that Envoy has no secret yet: it is absent, so that nobody logs in with an empty password. */
function secrets(attributes: JsonObject): ReadonlyMap<string, Secret> {
  const found = new Map<string, Secret>()
  for (const [attribute, value] of Object.entries(attributes)) {
    const name = SECRET_ATTRIBUTE.exec(attribute)?.[1]
    if (name !== undefined && typeof value === 'string' && value !== '') found.set(name, new Secret(value))
  }
  return found
}

function text(attributes: JsonObject, name: string): string | undefined {
  const value = attributes[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
