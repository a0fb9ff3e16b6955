// The processor: one gRPC server for network ext_proc, secret discovery and health.
import { readFileSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import type { AcceptConnection } from '../gateway/connection.ts'
import { runTurn } from '../gateway/turn.ts'
import type { Call } from '../grpc/call.ts'
import { createGrpcServer } from '../grpc/server.ts'
import type { Http2Server, ServerTls } from '../http2/server.ts'
import type { Log } from '../telemetry/log.ts'
import { prepareSocket, processorAddress, refusePlainTcp, restrictSocket } from './address.ts'
import { type CertificateFiles, openCertificates } from './certificate-files.ts'
import { MAX_MESSAGE } from './codec.ts'
import { createHealth, type Health } from './health-service.ts'
import { NETWORK_EXT_PROC, PROCESS } from './network-ext-proc.ts'
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
  const health = createHealth([NETWORK_EXT_PROC])
  const streams = new Set<Call>()
  const resources = new Map(Object.entries(config.resources).map(([name, { process }]) => [name, process]))
  const pairs = createPairs()
  const sidestream = (call: Call) => {
    streams.add(call)
    return dispatch(call, { resources, pairs, accept, log, closed: () => streams.delete(call) })
  }
  const sds = createSds(createSdsResources(config, certificates, secrets), log)
  const tls = serverTls(config.processor.tls, certificates)
  const server = createGrpcServer({
    methods: new Map([[PROCESS, sidestream], ...sds, ...health.methods]),
    maxMessage: MAX_MESSAGE,
    failed: (err) => log.error({ err }, 'a call failed'),
    runTurn,
    ...(tls && { tls }),
  })
  certificates.onChange((name) => {
    const renewed =
      name === config.processor.tls?.certificate && serverTls(config.processor.tls, certificates)
    if (renewed) server.renewTls(renewed)
  })
  try {
    if (address.kind === 'unix') await prepareSocket(address.path)
    const port = await server.listen(address)
    if (address.kind === 'unix') restrictSocket(address.path)
    return {
      address: address.kind === 'unix' ? config.processor.address : `${bracketed(address.host)}:${port}`,
      openStreams: () => streams.size,
      stop: (graceMs, endSessions) => stop({ server, health, certificates, streams }, graceMs, endSessions),
    }
  } catch (error) {
    certificates.stop()
    server.destroy()
    throw error
  }
}

/** Mutual TLS: only a client with a certificate of `client_ca` is Envoy. */
function serverTls(tls: Config['processor']['tls'], certificates: CertificateFiles): ServerTls | undefined {
  if (tls === undefined) return undefined
  const pair = certificates.get(tls.certificate)
  if (pair === undefined) throw new Error(`processor.tls.certificate: no certificate ${tls.certificate}`)
  return { cert: pair.chain, key: pair.key, ca: readFileSync(tls.client_ca) }
}

interface Running {
  readonly server: Http2Server
  readonly health: Health
  readonly certificates: CertificateFiles
  readonly streams: ReadonlySet<Call>
}

async function stop(running: Running, graceMs: number, endSessions?: () => void): Promise<void> {
  const { server, health, certificates, streams } = running
  health.stopServing()
  // Sends GOAWAY: live streams go on, new ones find no connection, and Envoy closes their clients.
  server.stopAccepting()
  await until(() => streams.size === 0, graceMs)
  endSessions?.()
  await until(() => streams.size === 0, END_WITHIN)
  server.destroy()
  certificates.stop()
}

async function until(done: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL))
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
