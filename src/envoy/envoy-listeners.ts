// The listeners of one PostgreSQL resource: the gate, the internal one with TLS and the session, and TLS to the target.
import { splitHostPort } from '../config/address.ts'
import type { ResourceConfig } from '../config/schema.ts'
import {
  CERTIFICATE_END_KEY,
  CONNECTION_ATTRIBUTES,
  filterState,
  PAIR_KEY,
  SECRET_KEY_PREFIX,
  SOURCE_KEY,
} from './connection-facts.ts'
import { BUFFER_LIMIT, socketAddress } from './envoy-clusters.ts'
import {
  gateName,
  PROCESSOR_CLUSTER,
  targetName,
  upstreamTlsName,
  wireName,
  workerCluster,
} from './envoy-names.ts'
import { type EnvoyObject, extension, seconds } from './envoy-object.ts'
import { downstreamTls, SDS_CONFIG } from './envoy-tls.ts'
import { RESOURCE_HEADER, ROLE_HEADER, type Role } from './roles.ts'
import { secretResource } from './sds-resources.ts'
import { sessionListeners } from './session-listeners.ts'

/** From a TCP connection to the first bytes, and then to the end of the TLS handshake: silent clients cost no more. */
const TLS_WITHIN = '10s'
/** Bytes that a session may send before its target's connection is up (E15). */
const MAX_EARLY_DATA = 64 * 1024

export function resourceListeners(name: string, resource: ResourceConfig, workers: number): EnvoyObject[] {
  const sessions = sessionListeners(name, resource, workers)
  const listeners = [
    gate(name, resource, sessions),
    ...sessions.map((listener, index) =>
      session(name, resource, listener, sessions.length > 1 ? workerCluster(index + 1) : PROCESSOR_CLUSTER),
    ),
  ]
  return resource.upstream.tls.mode === 'disable' ? listeners : [...listeners, upstreamTlsListener(name)]
}

/** @param sessions listeners, any of which takes the connection on */
function gate(name: string, resource: ResourceConfig, sessions: readonly string[]): EnvoyObject {
  return {
    name: gateName(name),
    address: socketAddress(splitHostPort(resource.listen)),
    per_connection_buffer_limit_bytes: BUFFER_LIMIT,
    socket_options: KEEPALIVE,
    filter_chains: [
      {
        filters: [
          setSource,
          processing(name, 'gate'),
          tcpProxy(gateName(name), sessions, {
            max_downstream_connection_duration: seconds(resource.limits.session + resource.limits.login),
          }),
        ],
      },
    ],
  }
}

/**
 * What browsers offer by ALPN: one whose connection was led here behind somebody else's SSLRequest means another server, that has
 * a certificate of the same name. Clients that offer nothing are older than PostgreSQL 17.
 */
const WEB = ['h2', 'http/1.1', 'http/1.0']

/**
 * Two chains of sessions: with TLS, and in clear. The second is for CancelRequest, which libpq before 17 sends in clear on a new
 * connection, and for telling clients without TLS that they need it: the session there sees no TLS version.
 */
function session(name: string, resource: ResourceConfig, listener: string, processor: string): EnvoyObject {
  const filters = [
    ...(resource.client_ca === undefined ? [] : [setCertificateEnd]),
    ...setSecrets(resource),
    ...sessionProcessing(name, resource, processor),
    tcpProxy(listener, [targetName(name)], {
      upstream_connect_mode: 'ON_DOWNSTREAM_DATA',
      max_early_data_bytes: MAX_EARLY_DATA,
      ...idleTimeout(resource),
    }),
  ]
  return {
    name: listener,
    internal_listener: {},
    per_connection_buffer_limit_bytes: BUFFER_LIMIT,
    listener_filters_timeout: TLS_WITHIN,
    listener_filters: [
      extension('envoy.filters.listener.tls_inspector', 'filters.listener.tls_inspector.v3.TlsInspector'),
    ],
    filter_chains: [
      {
        name: 'tls',
        filter_chain_match: { transport_protocol: 'tls' },
        transport_socket: downstreamTls(resource),
        transport_socket_connect_timeout: TLS_WITHIN,
        filters,
      },
      { name: 'clear', filter_chain_match: { transport_protocol: 'raw_buffer' }, filters },
      // Without filters, Envoy closes the connection.
      {
        name: 'web',
        filter_chain_match: { transport_protocol: 'tls', application_protocols: WEB },
        filters: [],
      },
    ],
  }
}

/**
 * Inside of TLS, from the connection on: it ends clients that complete TLS and never say anything, of whom the processor does
 * not know (docs/envoy-notes.md, o). Idle sessions the gateway ends before that, and what is quiet while it runs has a pulse.
 */
function idleTimeout({ limits: { idle, login } }: ResourceConfig): EnvoyObject {
  return idle === undefined ? {} : { idle_timeout: seconds(idle + login) }
}

/**
 * Requests only: results go past the session's filter (E13). The login still needs the target's bytes, so a second filter
 * behind it processes both directions until the session lets it step aside (E4).
 */
function sessionProcessing(name: string, resource: ResourceConfig, processor: string): EnvoyObject[] {
  const attributes = [
    ...CONNECTION_ATTRIBUTES,
    ...(resource.client_ca === undefined ? [] : [filterState(CERTIFICATE_END_KEY)]),
    ...secretNames(resource).map((secret) => filterState(SECRET_KEY_PREFIX + secret)),
  ]
  if (resource.process === 'full') return [processing(name, 'session', { attributes, processor })]
  const pair = filterState(PAIR_KEY)
  return [
    setPair,
    processing(name, 'session', { attributes: [...attributes, pair], write: 'SKIP', processor }),
    processing(name, 'login', { attributes: [pair], processor }),
  ]
}

/** E14: Envoy's TLS to the target enters here; the processor asks the target for it first. */
function upstreamTlsListener(name: string): EnvoyObject {
  return {
    name: upstreamTlsName(name),
    internal_listener: {},
    per_connection_buffer_limit_bytes: BUFFER_LIMIT,
    filter_chains: [
      {
        filters: [processing(name, 'upstream-tls'), tcpProxy(upstreamTlsName(name), [wireName(name)], {})],
      },
    ],
  }
}

/**
 * The client's address, for the internal listener (E11). It has to be hashable: Envoy keys its connection pools by
 * shared filter state, and with a plain string a connection got the address of an earlier one (docs/envoy-notes.md, e).
 */
const setSource = extension('chaperone.source', 'filters.network.set_filter_state.v3.Config', {
  on_new_connection: [
    {
      object_key: SOURCE_KEY,
      factory_key: 'envoy.hashable_string',
      shared_with_upstream: 'ONCE',
      format_string: { text_format_source: { inline_string: '%DOWNSTREAM_REMOTE_ADDRESS%' } },
    },
  ],
})

/** Drawn once for each connection, so that its two sidestreams find each other and no other's. */
const setPair = extension('chaperone.pair', 'filters.network.set_filter_state.v3.Config', {
  on_new_connection: [
    {
      object_key: PAIR_KEY,
      factory_key: 'envoy.string',
      format_string: { text_format_source: { inline_string: '%UNIQUE_ID%' } },
    },
  ],
})

/** No attribute has it. It is there before the first byte: those of the client come after the handshake. */
const setCertificateEnd = extension(
  'chaperone.certificate-end',
  'filters.network.set_filter_state.v3.Config',
  {
    on_downstream_tls_handshake: [
      {
        object_key: CERTIFICATE_END_KEY,
        factory_key: 'envoy.string',
        format_string: { text_format_source: { inline_string: '%DOWNSTREAM_PEER_CERT_V_END(%s)%' } },
        skip_if_empty: true,
      },
    ],
  },
)

function secretNames(resource: ResourceConfig): string[] {
  const names = resource.logins.map((login) => login.secret).filter((secret) => secret !== undefined)
  return [...new Set(names)]
}

/** E9: each secret goes from Envoy's secret discovery into filter state, and from there into the first request. */
function setSecrets(resource: ResourceConfig): EnvoyObject[] {
  const names = secretNames(resource)
  if (names.length === 0) return []
  return [
    extension('chaperone.secrets', 'filters.network.set_filter_state.v3.Config', {
      on_new_connection: names.map((name) => ({
        object_key: SECRET_KEY_PREFIX + name,
        factory_key: 'envoy.string',
        format_string: {
          text_format_source: { inline_string: `%SECRET(${name})%` },
          formatters: [
            extension('envoy.formatter.generic_secret', 'formatter.generic_secret.v3.GenericSecret', {
              secret_configs: { [name]: { name: secretResource(name), sds_config: SDS_CONFIG } },
            }),
          ],
        },
      })),
    }),
  ]
}

interface Processing {
  readonly attributes?: readonly string[]
  readonly write?: 'STREAMED' | 'SKIP'
  /** cluster */
  readonly processor?: string
}

/**
 * The filter that asks the processor. failure_mode_allow is never true (invariant 1). Without a message timeout a hold
 * may last; the handshakes keep their own time.
 */
function processing(
  resource: string,
  role: Role,
  { attributes = [], write = 'STREAMED', processor = PROCESSOR_CLUSTER }: Processing = {},
): EnvoyObject {
  return extension('envoy.filters.network.ext_proc', 'filters.network.ext_proc.v3.NetworkExternalProcessor', {
    stat_prefix: `chaperone.${resource}.${role}`,
    grpc_service: {
      envoy_grpc: { cluster_name: processor },
      initial_metadata: [
        { key: ROLE_HEADER, value: role },
        { key: RESOURCE_HEADER, value: resource },
      ],
    },
    failure_mode_allow: false,
    message_timeout: '0s',
    processing_mode: { process_read: 'STREAMED', process_write: write },
    ...(attributes.length > 0 && { connection_attributes: attributes }),
  })
}

/** Idle sessions are the gateway's to end; Envoy's default would cut them after an hour. */
function tcpProxy(prefix: string, clusters: readonly string[], rest: EnvoyObject): EnvoyObject {
  const [cluster = '', ...more] = clusters
  const weighted = { clusters: clusters.map((name) => ({ name, weight: 1 })) }
  return extension('envoy.filters.network.tcp_proxy', 'filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: prefix,
    ...(more.length === 0 ? { cluster } : { weighted_clusters: weighted }),
    idle_timeout: '0s',
    ...rest,
  })
}

/** SO_KEEPALIVE, then TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT of Linux: a client that lost power goes in 90 seconds. */
const KEEPALIVE: readonly EnvoyObject[] = [
  [1, 9, 1],
  [6, 4, 60],
  [6, 5, 10],
  [6, 6, 3],
].map(([level, name, value]) => ({ level: level ?? 0, name: name ?? 0, int_value: value ?? 0 }))
