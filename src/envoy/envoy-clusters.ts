// The clusters of the generated configuration.
import { isIP } from 'node:net'
import { type HostPort, splitHostPort } from '../config/address.ts'
import type { Config, ResourceConfig } from '../config/schema.ts'
import { LIMITS } from '../grpc/server.ts'
import { processorAddress } from './address.ts'
import { PROCESSOR_CLUSTER, targetName, upstreamTlsName, wireName, workerCluster } from './envoy-names.ts'
import { type EnvoyObject, extension, typed } from './envoy-object.ts'
import { internalUpstream, processorTls, rawBuffer, upstreamTls } from './envoy-tls.ts'
import { sessionListeners } from './session-listeners.ts'

/** Per connection and direction, in bytes: a slow client holds no more than this of a result in Envoy. */
export const BUFFER_LIMIT = 256 * 1024

const CONNECT_TIMEOUT = '5s'

/** A peer that lost power is noticed in 90 seconds. */
const KEEPALIVE = { tcp_keepalive: { keepalive_time: 60, keepalive_interval: 10, keepalive_probes: 3 } }

export function socketAddress({ host, port }: HostPort): EnvoyObject {
  return { socket_address: { address: host, port_value: port } }
}

const internalAddress = (listener: string): EnvoyObject => ({
  envoy_internal_address: { server_listener_name: listener },
})

function cluster(
  name: string,
  addresses: readonly EnvoyObject[],
  connections: number,
  rest: EnvoyObject,
): EnvoyObject {
  return {
    name,
    type: 'STATIC',
    connect_timeout: CONNECT_TIMEOUT,
    per_connection_buffer_limit_bytes: BUFFER_LIMIT,
    // The defaults stop the 1,025th connection (E7).
    circuit_breakers: {
      thresholds: [
        { max_connections: connections, max_pending_requests: connections, max_requests: connections },
      ],
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }],
    },
    ...rest,
  }
}

/** The way from the gate to the target, one hop a cluster. */
export function targetClusters(name: string, resource: ResourceConfig, config: Config): EnvoyObject[] {
  const { connections } = config.envoy
  const { address, tls } = resource.upstream
  const socket = upstreamTls(address, tls)
  const inner = sessionListeners(name, resource, config.processor.workers).map((listener) =>
    cluster(listener, [internalAddress(listener)], connections, {
      transport_socket: internalUpstream(rawBuffer),
    }),
  )
  if (socket === undefined) return [...inner, target(targetName(name), address, connections)]
  return [
    ...inner,
    cluster(targetName(name), [internalAddress(upstreamTlsName(name))], connections, {
      transport_socket: internalUpstream(socket),
    }),
    target(wireName(name), address, connections),
  ]
}

function target(name: string, address: string, connections: number): EnvoyObject {
  const at = splitHostPort(address)
  const byName = isIP(at.host) === 0
  return cluster(name, [socketAddress(at)], connections, {
    ...(byName && { type: 'STRICT_DNS', dns_lookup_family: 'ALL' }),
    upstream_connection_options: KEEPALIVE,
  })
}

/**
 * All workers in one cluster, and each in one of its own where sidestreams of one connection have to meet.
 * @param addresses of the workers, the first one first
 */
export function processorClusters(config: Config, addresses: readonly string[]): EnvoyObject[] {
  const all = processorCluster(PROCESSOR_CLUSTER, config, addresses)
  const paired = Object.values(config.resources).some(({ process }) => process === 'requests-only')
  if (addresses.length === 1 || !paired) return [all]
  return [
    all,
    ...addresses.map((address, index) => processorCluster(workerCluster(index + 1), config, [address])),
  ]
}

function processorCluster(name: string, config: Config, addresses: readonly string[]): EnvoyObject {
  const at = addresses.map(processorAddress)
  const overTcp = at.some(({ kind }) => kind === 'tcp')
  const socket = overTcp ? processorTls(config) : undefined
  const byName = at.some((one) => one.kind === 'tcp' && isIP(one.host) === 0)
  // Each connection has up to four sidestreams: gate, session, login, TLS towards the target.
  const streams = config.envoy.connections * 4
  const endpoints = at.map((one) => (one.kind === 'unix' ? { pipe: { path: one.path } } : socketAddress(one)))
  return cluster(name, endpoints, streams, {
    ...(byName && { type: 'STRICT_DNS', dns_lookup_family: 'ALL' }),
    ...(socket !== undefined && { transport_socket: socket }),
    ...(addresses.length > 1 && SPREAD),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'upstreams.http.v3.HttpProtocolOptions',
        { explicit_http_config: { http2_protocol_options: HTTP2 } },
      ),
    },
  })
}

/**
 * The worker with the fewest sidestreams gets the next one. In turn would be wrong: each connection has a short sidestream
 * and then a long one, so that of two workers one would get all the sessions (docs/envoy-notes.md).
 *
 * A worker that is away, or that stops, is left out within a second; where all are, connections fail at once.
 */
const SPREAD: EnvoyObject = {
  load_balancing_policy: {
    policies: [
      {
        typed_extension_config: extension(
          'envoy.load_balancing_policies.least_request',
          'load_balancing_policies.least_request.v3.LeastRequest',
          { selection_method: 'FULL_SCAN' },
        ),
      },
    ],
  },
  common_lb_config: { healthy_panic_threshold: { value: 0 } },
  health_checks: [
    {
      // A worker that is busy for less than this is as good as another.
      timeout: '5s',
      interval: '1s',
      // The default for a cluster that had no traffic is a minute.
      no_traffic_interval: '1s',
      unhealthy_threshold: 1,
      healthy_threshold: 1,
      grpc_health_check: {},
    },
  ],
}

/** Sessions have no message timeout, so only these pings notice a processor that hangs (E6). */
const HTTP2: EnvoyObject = {
  // Envoy opens streams before it has read the SETTINGS that would tell it: those beyond the limit would be refused.
  max_concurrent_streams: LIMITS.streams,
  connection_keepalive: { interval: '10s', timeout: '5s' },
}
