// The processor: one gRPC server for network ext_proc, secret discovery and health.
import { readFileSync } from 'node:fs'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import type { Config } from '../config/schema.ts'
import type { AcceptConnection } from '../gateway/connection.ts'
import type { Log } from '../telemetry/log.ts'
import { prepareSocket, processorAddress, refusePlainTcp, restrictSocket } from './address.ts'
import { type CertificateFiles, openCertificates } from './certificate-files.ts'
import { MAX_MESSAGE } from './codec.ts'
import { createHealth, type Health } from './health-service.ts'
import { networkExternalProcessor, type Sidestream } from './network-ext-proc.ts'
import { createPairs } from './pairs.ts'
import { dispatch } from './roles.ts'
import { createSdsResources, type SecretSource } from './sds-resources.ts'
import { createSds } from './sds-service.ts'

export interface ProcessorOptions {
  readonly config: Config
  readonly accept: AcceptConnection
  readonly secrets: SecretSource
  readonly log: Log
}

export interface Processor {
  /** `unix:PATH` or `host:port`, with the port that was given out where 0 was asked for */
  readonly address: string
  /** sidestreams that are open, of all roles */
  openStreams(): number
  /**
   * Stops in order: health says NOT_SERVING and new connections are refused; live ones go on for up to `graceMs`;
   * then `endSessions` lets the gateway end them in their protocol's own way; what is left after that is cut with an
   * error status, never with OK (E1).
   */
  stop(graceMs: number, endSessions?: () => void): Promise<void>
}

/** How long sessions that were asked to end may take, in milliseconds: one round trip to a slow client. */
const END_WITHIN = 2_000
const POLL = 20

/** @throws when the address cannot be had, is plain TCP beyond loopback, or a certificate cannot be read */
export async function startProcessor({ config, accept, secrets, log }: ProcessorOptions): Promise<Processor> {
  const address = processorAddress(config.processor.address)
  refusePlainTcp(address, config.processor.tls !== undefined)
  const certificates = await openCertificates(config.certificates, log)
  const health = createHealth(['envoy.service.network_ext_proc.v3.NetworkExternalProcessor'])
  const streams = new Set<Sidestream>()
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE,
    'grpc.max_send_message_length': MAX_MESSAGE,
  })
  const resources = new Map(Object.entries(config.resources).map(([name, { process }]) => [name, process]))
  const pairs = createPairs()
  server.addService(networkExternalProcessor, {
    process: (call: Sidestream) => {
      streams.add(call)
      call.once('close', () => streams.delete(call))
      call.once('cancelled', () => streams.delete(call))
      dispatch(call, { resources, pairs, accept, log })
    },
  })
  const sds = createSds(createSdsResources(config, certificates, secrets), log)
  server.addService(sds.definition, sds.implementation)
  server.addService(health.definition, health.implementation)
  try {
    if (address.kind === 'unix') await prepareSocket(address.path)
    const port = await bind(server, config, certificates)
    if (address.kind === 'unix') restrictSocket(address.path)
    return {
      address: address.kind === 'unix' ? config.processor.address : `${bracketed(address.host)}:${port}`,
      openStreams: () => streams.size,
      stop: (graceMs, endSessions) => stop({ server, health, certificates, streams }, graceMs, endSessions),
    }
  } catch (error) {
    certificates.stop()
    server.forceShutdown()
    throw error
  }
}

function bind(server: Server, config: Config, certificates: CertificateFiles): Promise<number> {
  const { address, tls } = config.processor
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials(tls, certificates), (error, port) => {
      if (error) reject(error)
      else resolve(port)
    })
  })
}

/** Mutual TLS: only a client with a certificate of `client_ca` is Envoy. */
function credentials(tls: Config['processor']['tls'], certificates: CertificateFiles): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure()
  const pair = certificates.get(tls.certificate)
  if (pair === undefined) throw new Error(`processor.tls.certificate: no certificate ${tls.certificate}`)
  return ServerCredentials.createSsl(
    readFileSync(tls.client_ca),
    [{ cert_chain: pair.chain, private_key: pair.key }],
    true,
  )
}

interface Running {
  readonly server: Server
  readonly health: Health
  readonly certificates: CertificateFiles
  readonly streams: ReadonlySet<Sidestream>
}

async function stop(running: Running, graceMs: number, endSessions?: () => void): Promise<void> {
  const { server, health, certificates, streams } = running
  health.stopServing()
  // Sends GOAWAY: live streams go on, new ones find no connection, and Envoy closes their clients.
  server.tryShutdown(() => {})
  await until(() => streams.size === 0, graceMs)
  endSessions?.()
  await until(() => streams.size === 0, END_WITHIN)
  server.forceShutdown()
  certificates.stop()
}

async function until(done: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL))
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
