// A raw PostgreSQL client for tests: sends any bytes in any pieces (pgwire/frontend.ts makes messages), reads messages
// one by one, and waits for nothing forever. Shares no code with src/.
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { BackendMessage } from './pgwire/backend.ts'
import { byteQueue } from './pgwire/byte-queue.ts'
import { password, type StartupParameters, sslRequest, startup } from './pgwire/frontend.ts'
import { type MessageReader, messageReader } from './pgwire/reader.ts'

/** Longest wait for one message, where a call does not say: far above what a healthy server needs. */
const DEFAULT_TIMEOUT_MS = 10_000

export interface PgWireOptions {
  readonly host?: string
  readonly port: number
  /** TLS from the first byte (PostgreSQL 17 and later) */
  readonly directTls?: ConnectionOptions
  /** milliseconds for each wait */
  readonly timeout?: number
}

interface LoginOptions {
  /** told when the server asks for it in clear */
  readonly password?: string
  readonly version?: number
}

export interface PgWireClient extends MessageReader {
  /** Sends all messages in one write. */
  send(...messages: readonly Uint8Array[]): void
  /** Sends pieces that end at these offsets, each in a write of its own; `pause` milliseconds between them. */
  sendSplit(bytes: Uint8Array, at: readonly number[] | 'every-byte', pause?: number): Promise<void>
  /** Sends SSLRequest, expects `S`, negotiates TLS. */
  startTls(options?: ConnectionOptions): Promise<void>
  /** Startup and a cleartext password, up to ReadyForQuery. Rejects with SQLSTATE and message when refused. */
  login(parameters: StartupParameters, options?: LoginOptions): Promise<BackendMessage[]>
  /** Stops reading from the socket, as a slow client does. */
  pause(): void
  resume(): void
  /** Closes the sending side. */
  end(): void
  /** Drops the connection with RST. */
  reset(): void
  /** Closes at once, without Terminate. */
  destroy(): void
}

function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  patience: number,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer)
      socket.off('error', settle).off('close', onClose)
      if (error === undefined) return resolve(socket)
      // whatever else it reports was decided by this error
      socket.on('error', () => undefined).destroy()
      reject(error)
    }
    const onClose = () => settle(new Error(`the server closed before ${event}`))
    const timer = setTimeout(() => settle(new Error(`timeout while waiting for ${event}`)), patience)
    socket.once('error', settle).once('close', onClose)
    socket.once(event, () => settle())
  })
}

/** ALPN as libpq sends it; direct TLS needs it (PostgreSQL 17, section 54.2.11). Tests' certificates name localhost. */
function secured(socket: Socket, options: ConnectionOptions, patience: number): Promise<Socket> {
  const defaults = { servername: 'localhost', ALPNProtocols: ['postgresql'] }
  return opened(connectTls({ ...defaults, ...options, socket }), 'secureConnect', patience)
}

/** Pieces of a byte string, cut at the offsets. */
function pieces(bytes: Uint8Array, at: readonly number[] | 'every-byte'): Uint8Array[] {
  const offsets = at === 'every-byte' ? Array.from(bytes.keys()) : at
  const cuts = [...new Set([0, ...offsets, bytes.length])].sort((a, b) => a - b)
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end))
}

async function login(
  client: PgWireClient,
  parameters: StartupParameters,
  options: LoginOptions,
): Promise<BackendMessage[]> {
  client.send(startup(parameters, options.version))
  const messages: BackendMessage[] = []
  for (;;) {
    const message = await client.next()
    messages.push(message)
    if (message.kind === 'ReadyForQuery') return messages
    if (message.kind === 'ErrorResponse') throw new Error(`${message.fields.C}: ${message.fields.M}`)
    if (message.kind === 'AuthenticationCleartextPassword') client.send(password(options.password ?? ''))
  }
}

/** Connects. Rejects when nobody listens or TLS fails. */
export async function connectPgWire(options: PgWireOptions): Promise<PgWireClient> {
  const patience = options.timeout ?? DEFAULT_TIMEOUT_MS
  const target = { host: options.host ?? '127.0.0.1', port: options.port }
  const carrier = await opened(connectTcp({ ...target, noDelay: true }), 'connect', patience)
  const input = byteQueue()
  let socket: Socket = carrier

  const onData = (chunk: Buffer) => input.push(chunk)
  const onEnd = () => input.finish('FIN')
  const onError = (error: NodeJS.ErrnoException) => input.finish(error.code ?? error.message)
  const onClose = () => input.finish('closed')
  const attach = () => socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
  /** Errors of the carrier stay heard under TLS. */
  const detach = () => socket.off('data', onData).off('end', onEnd).off('close', onClose).pause()

  carrier.on('error', onError)
  if (options.directTls) socket = await secured(carrier, options.directTls, patience)
  attach()

  const client: PgWireClient = {
    ...messageReader(input, patience),
    send: (...messages) => void socket.write(Buffer.concat(messages)),
    async sendSplit(bytes, at, pause = 0) {
      for (const piece of pieces(bytes, at)) {
        socket.write(piece)
        await delay(pause)
      }
    },
    async startTls(tls = {}) {
      client.send(sslRequest())
      const answer = await client.byte()
      if (answer !== 'S') throw new Error(`the server answered ${JSON.stringify(answer)} to SSLRequest`)
      if (input.length > 0) throw new Error('clear bytes came after the answer to SSLRequest')
      detach()
      socket = await secured(carrier, tls, patience)
      attach()
    },
    login: (parameters, loginOptions = {}) => login(client, parameters, loginOptions),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    reset: () => void carrier.resetAndDestroy(),
    destroy: () => void socket.destroy(),
  }
  return client
}
