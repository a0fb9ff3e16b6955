// TLS of the generated configuration: towards clients, targets and the processor.
import { isIP } from 'node:net'
import { splitHostPort } from '../config/address.ts'
import type { Config, ResourceConfig } from '../config/schema.ts'
import { PROCESSOR_CLUSTER } from './envoy-names.ts'
import { type EnvoyObject, extension, typed } from './envoy-object.ts'
import { certificateResource } from './sds-resources.ts'

/** libpq refuses direct TLS without this protocol (PostgreSQL 17 and later). */
const ALPN = ['postgresql']
const PARAMETERS = { tls_minimum_protocol_version: 'TLSv1_2' }

/** Secret discovery from the processor itself, over its own connection. */
export const SDS_CONFIG: EnvoyObject = {
  resource_api_version: 'V3',
  api_config_source: {
    api_type: 'GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: PROCESSOR_CLUSTER } }],
  },
}

const byDiscovery = (certificate: string): EnvoyObject => ({
  name: certificateResource(certificate),
  sds_config: SDS_CONFIG,
})

/**
 * A TLS session that is resumed brings its client certificate along without a look at it, and may be renewed for seven days:
 * one that has expired, or is on a revocation list by now, would still log in.
 */
const SHOWN_EACH_TIME: EnvoyObject = {
  disable_stateless_session_resumption: true,
  disable_stateful_session_resumption: true,
}

export function downstreamTls(resource: ResourceConfig): EnvoyObject {
  const { client_ca: ca } = resource
  return extension('envoy.transport_sockets.tls', 'transport_sockets.tls.v3.DownstreamTlsContext', {
    // A client without one is refused by the session, with a reason: here the handshake would end without a word.
    require_client_certificate: false,
    ...(ca !== undefined && SHOWN_EACH_TIME),
    common_tls_context: {
      tls_params: PARAMETERS,
      alpn_protocols: ALPN,
      tls_certificate_sds_secret_configs: [byDiscovery(resource.certificate)],
      ...(ca !== undefined && { validation_context: { trusted_ca: { filename: ca } } }),
    },
  })
}

type UpstreamTls = ResourceConfig['upstream']['tls']

/** Undefined when the target is reached in clear. */
export function upstreamTls(address: string, tls: UpstreamTls): EnvoyObject | undefined {
  if (tls.mode === 'disable') return undefined
  const name = (tls.mode === 'verify-full' ? tls.server_name : undefined) ?? splitHostPort(address).host
  return tlsSocket(name, {
    tls_params: PARAMETERS,
    alpn_protocols: ALPN,
    ...(tls.certificate !== undefined && {
      tls_certificate_sds_secret_configs: [byDiscovery(tls.certificate)],
    }),
    ...(tls.mode === 'verify-full' && { validation_context: verification(tls.ca, name) }),
  })
}

/** Envoy's side of mutual TLS to the processor. Its certificate is a file, since discovery needs this very connection. */
export function processorTls(config: Config): EnvoyObject | undefined {
  const tls = config.envoy.processor
  if (tls === undefined) return undefined
  const files = config.certificates[tls.certificate]
  if (files === undefined) throw new Error(`envoy.processor.certificate: no certificate ${tls.certificate}`)
  return tlsSocket(tls.server_name, {
    tls_params: PARAMETERS,
    alpn_protocols: ['h2'],
    tls_certificates: [
      { certificate_chain: { filename: files.certificate }, private_key: { filename: files.key } },
    ],
    validation_context: verification(tls.ca, tls.server_name),
  })
}

/** Server name indication carries names only (RFC 6066 section 3). */
function tlsSocket(name: string, context: EnvoyObject): EnvoyObject {
  return extension('envoy.transport_sockets.tls', 'transport_sockets.tls.v3.UpstreamTlsContext', {
    ...(isIP(name) === 0 && { sni: name }),
    common_tls_context: context,
  })
}

function verification(ca: string, name: string): EnvoyObject {
  return {
    trusted_ca: { filename: ca },
    match_typed_subject_alt_names: [
      { san_type: isIP(name) === 0 ? 'DNS' : 'IP_ADDRESS', matcher: { exact: name } },
    ],
  }
}

export const rawBuffer: EnvoyObject = {
  name: 'envoy.transport_sockets.raw_buffer',
  typed_config: typed('transport_sockets.raw_buffer.v3.RawBuffer'),
}

/** Carries filter state into an internal listener (E11). */
export function internalUpstream(inner: EnvoyObject): EnvoyObject {
  return extension(
    'envoy.transport_sockets.internal_upstream',
    'transport_sockets.internal_upstream.v3.InternalUpstreamTransport',
    { transport_socket: inner },
  )
}
