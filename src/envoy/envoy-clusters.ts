// The clusters of the generated configuration.
import { isIP } from 'node:net'
import { type HostPort, splitHostPort } from '../config/address.ts'
import type { Config, ResourceConfig } from '../config/schema.ts'
import { LIMITS } from '../grpc/server.ts'
import { processorAddress } from './address.ts'
import { PROCESSOR_CLUSTER, sessionName, targetName, upstreamTlsName, wireName } from './envoy-names.ts'
import { type EnvoyObject, typed } from './envoy-object.ts'
import { internalUpstream, processorTls, rawBuffer, upstreamTls } from './envoy-tls.ts'

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

function cluster(name: string, address: EnvoyObject, connections: number, rest: EnvoyObject): EnvoyObject {
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
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
    ...rest,
  }
}

/** The way from the gate to the target, one hop a cluster. */
export function targetClusters(name: string, resource: ResourceConfig, config: Config): EnvoyObject[] {
  const { connections } = config.envoy
  const { address, tls } = resource.upstream
  const socket = upstreamTls(address, tls)
  const inner = cluster(sessionName(name), internalAddress(sessionName(name)), connections, {
    transport_socket: internalUpstream(rawBuffer),
  })
  if (socket === undefined) return [inner, target(targetName(name), address, connections)]
  return [
    inner,
    cluster(targetName(name), internalAddress(upstreamTlsName(name)), connections, {
      transport_socket: internalUpstream(socket),
    }),
    target(wireName(name), address, connections),
  ]
}

function target(name: string, address: string, connections: number): EnvoyObject {
  const at = splitHostPort(address)
  const byName = isIP(at.host) === 0
  return cluster(name, socketAddress(at), connections, {
    ...(byName && { type: 'STRICT_DNS', dns_lookup_family: 'ALL' }),
    upstream_connection_options: KEEPALIVE,
  })
}

export function processorCluster(config: Config, address: string): EnvoyObject {
  const at = processorAddress(address)
  const socket = at.kind === 'tcp' ? processorTls(config) : undefined
  const byName = at.kind === 'tcp' && isIP(at.host) === 0
  // Each connection has up to four sidestreams: gate, session, login, TLS towards the target.
  const streams = config.envoy.connections * 4
  return cluster(
    PROCESSOR_CLUSTER,
    at.kind === 'unix' ? { pipe: { path: at.path } } : socketAddress(at),
    streams,
    {
      ...(byName && { type: 'STRICT_DNS', dns_lookup_family: 'ALL' }),
      ...(socket !== undefined && { transport_socket: socket }),
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
          'upstreams.http.v3.HttpProtocolOptions',
          { explicit_http_config: { http2_protocol_options: HTTP2 } },
        ),
      },
    },
  )
}

/** Sessions have no message timeout, so only these pings notice a processor that hangs (E6). */
const HTTP2: EnvoyObject = {
  // Envoy opens streams before it has read the SETTINGS that would tell it: those beyond the limit would be refused.
  max_concurrent_streams: LIMITS.streams,
  connection_keepalive: { interval: '10s', timeout: '5s' },
}
