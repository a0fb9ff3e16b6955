// The smallest Envoy around network ext_proc, with a gRPC handler of the test's own: to state facts about Envoy itself.
import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js'
import {
  decodeRequest,
  encodeResponse,
  type ProcessingRequest,
  type ProcessingResponse,
} from '../../src/envoy/codec.ts'
import { PROCESS } from '../../src/envoy/network-ext-proc.ts'
import { type Envoy, startEnvoy } from './envoy.ts'
import { freePorts } from './ports.ts'

export type Sidestream = ServerDuplexStream<ProcessingRequest, ProcessingResponse>

/** The server never encodes a request nor decodes a response. */
function notSpoken(): never {
  throw new Error('only the server side is implemented')
}

/** For grpc-js, so that what is stated of Envoy does not rest on Chaperone's own server. */
const networkExternalProcessor = {
  process: {
    path: PROCESS,
    requestStream: true,
    responseStream: true,
    requestSerialize: notSpoken,
    requestDeserialize: decodeRequest,
    responseSerialize: encodeResponse,
    responseDeserialize: notSpoken,
  },
} as const satisfies ServiceDefinition

export interface PlainEnvoy {
  readonly envoy: Envoy
  readonly port: number
  /** the gRPC server, to shut it down in some way */
  readonly server: Server
  stop(): Promise<void>
}

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`

const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })

const cluster = (name: string, port: number, rest: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: name,
    endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
  },
  ...rest,
})

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
}

/** A listener in clear: ext_proc, then tcp_proxy to `upstreamPort`. Everything that is not stated is Envoy's default. */
export async function startPlainEnvoy(
  upstreamPort: number,
  process: (call: Sidestream) => void,
): Promise<PlainEnvoy> {
  const server = new Server()
  server.addService(networkExternalProcessor, { process })
  const processorPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
  const [port = 0, adminPort = 0] = await freePorts(2)
  const envoy = await startEnvoy({
    admin: { address: address(adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'plain',
          address: address(port),
          filter_chains: [{ filters: [extProc, tcpProxy] }],
        },
      ],
      clusters: [cluster('upstream', upstreamPort), cluster('processor', processorPort, HTTP2)],
    },
  })
  return {
    envoy,
    port,
    server,
    async stop() {
      server.forceShutdown()
      await envoy.stop()
    },
  }
}

const extProc = {
  name: 'ext_proc',
  typed_config: {
    '@type': type('filters.network.ext_proc.v3.NetworkExternalProcessor'),
    stat_prefix: 'plain',
    grpc_service: { envoy_grpc: { cluster_name: 'processor' } },
    message_timeout: '0s',
  },
}

const tcpProxy = {
  name: 'tcp_proxy',
  typed_config: {
    '@type': type('filters.network.tcp_proxy.v3.TcpProxy'),
    stat_prefix: 'plain',
    cluster: 'upstream',
    upstream_connect_mode: 'ON_DOWNSTREAM_DATA',
    max_early_data_bytes: 65536,
  },
}
