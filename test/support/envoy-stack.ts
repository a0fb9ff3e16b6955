// Chaperone's processor and the real Envoy with the generated configuration, around a handler that the test gives.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema.ts'
import { Secret } from '../../src/core/secret.ts'
import { envoyBootstrap } from '../../src/envoy/bootstrap.ts'
import { SSL_REQUEST } from '../../src/envoy/postgres-startup.ts'
import { type Processor, startProcessor } from '../../src/envoy/server.ts'
import type { AcceptConnection, Connection, ConnectionFacts, Downlink } from '../../src/gateway/connection.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { type Envoy, startEnvoy } from './envoy.ts'
import { freePorts } from './ports.ts'
import { temporaryDirectory } from './tmp.ts'

export interface TestSecrets {
  get(name: string): Secret
  onChange(listener: () => void): () => void
  set(name: string, value: string): void
}

export function testSecrets(initial: Readonly<Record<string, string>>): TestSecrets {
  const values = new Map(Object.entries(initial))
  const listeners = new Set<() => void>()
  return {
    get(name) {
      const value = values.get(name)
      if (value === undefined) throw new Error(`no secret ${name}`)
      return new Secret(value)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set(name, value) {
      values.set(name, value)
      for (const listener of listeners) listener()
    },
  }
}

export interface Authority {
  readonly ca: string
  /** Makes a certificate for a name; returns the paths of the PEM files. */
  issue(file: string, subject: string, san: string): { readonly certificate: string; readonly key: string }
}

/** A throwaway certificate authority in a folder. */
export function createAuthority(folder: string, name = 'test-ca'): Authority {
  const at = (file: string) => join(folder, file)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    at(`${name}.key`),
    '-out',
    at(`${name}.pem`),
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  )
  return {
    ca: at(`${name}.pem`),
    issue(file, subject, san) {
      const [certificate, key, request] = [at(`${file}.pem`), at(`${file}.key`), at(`${file}.csr`)]
      writeFileSync(at(`${file}.ext`), `subjectAltName=${san}\n`)
      openssl('req', ...curve, '-keyout', key, '-out', request, '-subj', subject)
      openssl(
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        at(`${name}.pem`),
        '-CAkey',
        at(`${name}.key`),
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        at(`${file}.ext`),
        '-out',
        certificate,
      )
      return { certificate, key }
    },
  }
}

export interface Stack {
  readonly config: Config
  readonly envoy: Envoy
  readonly processor: Processor
  readonly secrets: TestSecrets
  readonly authority: Authority
  readonly folder: string
  /** of the gate */
  readonly port: number
  stop(): Promise<void>
}

type ResourceInput = ConfigInput['resources'][string]

export interface StackOptions {
  readonly accept: AcceptConnection
  readonly upstreamPort: number
  readonly resource?: (authority: Authority) => Partial<ResourceInput>
  readonly secrets?: Readonly<Record<string, string>>
  readonly config?: Partial<ConfigInput>
  readonly concurrency?: number
  readonly extraCertificates?: Readonly<Record<string, { certificate: string; key: string }>>
  /** Envoy's side of mutual TLS to the processor */
  readonly envoy?: NonNullable<ConfigInput['envoy']>['processor']
  /** Envoy is started even if it does not become ready, as when it gets no secrets. */
  readonly tolerateUnready?: boolean
  /** Told the processor's address; returns the one that Envoy is given. */
  readonly beforeEnvoy?: (processor: string) => string
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const folder = temporaryDirectory('stack')
  const authority = createAuthority(folder.path)
  const [port, adminPort] = await freePorts(2)
  const values = options.secrets ?? { db: 'first-password' }
  const config = configSchema.parse({
    version: 1,
    processor: { address: `unix:${join(folder.path, 'processor.sock')}` },
    envoy: { admin: `127.0.0.1:${adminPort}`, ...(options.envoy && { processor: options.envoy }) },
    secrets: Object.fromEntries(Object.keys(values).map((name) => [name, { env: 'UNUSED' }])),
    certificates: {
      server: authority.issue('server', '/CN=localhost', 'DNS:localhost,IP:127.0.0.1'),
      client: authority.issue('client', '/CN=app', 'URI:spiffe://test/ns/ci/sa/app'),
      ...options.extraCertificates,
    },
    ...options.config,
    resources: {
      db: {
        protocol: 'postgres',
        listen: `127.0.0.1:${port}`,
        certificate: 'server',
        upstream: { address: `127.0.0.1:${options.upstreamPort}`, tls: { mode: 'disable' } },
        databases: ['app'],
        logins: [{ user: 'app', secret: 'db' }],
        ...options.resource?.(authority),
      },
    },
  })
  const secrets = testSecrets(values)
  const log = createLog({ level: 'error' })
  const processor = await startProcessor({ config, accept: options.accept, secrets, log })
  const processorAddress = options.beforeEnvoy?.(processor.address) ?? processor.address
  try {
    const envoy = await startEnvoy(envoyBootstrap(config, { processorAddress }), options)
    return {
      config,
      envoy,
      processor,
      secrets,
      authority,
      folder: folder.path,
      port: port ?? 0,
      async stop() {
        await envoy.stop()
        await processor.stop(0)
        folder.remove()
      },
    }
  } catch (error) {
    await processor.stop(0)
    throw error
  }
}

export interface TcpPeer {
  readonly port: number
  /** connections that were accepted so far */
  accepted(): number
  stop(): Promise<void>
}

/** A plain TCP server on loopback. */
export async function startTcp(onConnection: (socket: Socket) => void): Promise<TcpPeer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  // More than come at once: beyond, the kernel drops connections, and they come a second later or never.
  const listening = { port: 0, host: '127.0.0.1', backlog: 4096 }
  await new Promise<void>((resolve) => server.listen(listening, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return {
    port: address.port,
    accepted: () => accepted,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** A connection that only passes bytes on, with hooks for what a test wants to see or do. */
export function passThrough(downlink: Downlink, hooks: Partial<Connection> = {}): Connection {
  return {
    fromClient: (bytes) => downlink.toServer(bytes),
    fromServer: (bytes) => downlink.toClient(bytes),
    clientEnded: () => downlink.close(),
    serverEnded: () => downlink.close(),
    bypassed: () => {},
    aborted: () => {},
    ...hooks,
  }
}

export interface Recorded {
  readonly facts: ConnectionFacts
  readonly downlink: Downlink
  readonly events: string[]
}

/** Everything that a socket receives, and how it ended. */
export class Received {
  text = ''
  ended = false
  closed = false
  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
    })
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }
}

/** What stock clients do for TLS: SSLRequest, `S`, handshake. */
export async function openTls(
  port: number,
  options: { readonly ca?: string; readonly cert?: Buffer; readonly key?: Buffer } = {},
): Promise<TLSSocket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(SSL_REQUEST)
  const answer = await new Promise<string>((resolve, reject) => {
    socket.once('data', (data) => resolve(data.toString()))
    socket.once('close', () => reject(new Error('closed before an answer to SSLRequest')))
  })
  if (answer !== 'S') throw new Error(`answer to SSLRequest: ${answer}`)
  const tls = connectTls({ socket, rejectUnauthorized: false, ...options })
  await new Promise<void>((resolve, reject) => {
    tls.once('secureConnect', resolve)
    tls.once('error', reject)
  })
  tls.on('error', () => {})
  return tls
}

/** Waits until something holds. @throws with `what` after 10 seconds */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  const deadline = Date.now() + ms
  while (Date.now() < deadline) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`did not happen: ${what}`)
}
