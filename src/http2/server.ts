// HTTP/2 connections on sockets: a unix socket or TCP with prior knowledge (RFC 9113, section 3.3), or TLS with ALPN.
import { createServer, type Server, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { createServer as createTlsServer, type SecureContextOptions, TLSSocket } from 'node:tls'
import { createConnection, type ServerConnection } from './connection.ts'
import type { Limits, Stream, StreamHandler } from './state.ts'

/** From the first byte to the client's SETTINGS, in milliseconds: its preface comes with the connection. */
const GREETED_WITHIN = 10_000
/** For a peer to read why its connection ends, in milliseconds. */
const LINGER = 1_000
/** Above it, streams are asked to wait until the kernel has taken all of it, in bytes: a few of its own buffers. */
const HIGH_WATER = 512 * 1024
/** Bytes of one connection that the kernel does not take; streams have been asked to wait long before. */
const MAX_UNWRITTEN = 256 * 1024 * 1024
/** Envoy opens one for each of its threads, and another for each 1,000 streams. */
const MAX_CONNECTIONS = 1_024

/** Mutual TLS: only a client with a certificate of `ca` is let in. */
export interface ServerTls {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca: Buffer
}

/** Runs what a read brings; what that asks for its end is done when this returns, so that it leaves in the same write. */
export type RunTurn = (work: () => void) => void

export interface ServerOptions {
  /** in clear when absent */
  readonly tls?: ServerTls
  readonly runTurn?: RunTurn
}

export type ListenOn = { readonly path: string } | { readonly host: string; readonly port: number }

export interface Http2Server {
  /** @returns the port, 0 for a unix socket. @throws when the address cannot be had */
  listen(on: ListenOn): Promise<number>
  /** for connections from now on */
  renewTls(tls: ServerTls): void
  /** No new connections and no new streams; those that are open go on. */
  stopAccepting(): void
  /** Ends everything at once: streams of peers end without a status. */
  destroy(): void
}

export function createHttp2Server(
  limits: Limits,
  accept: (stream: Stream) => StreamHandler,
  { tls, runTurn = (work) => work() }: ServerOptions = {},
): Http2Server {
  const open = new Map<Socket, ServerConnection>()
  const onSocket = (socket: Socket) => {
    if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') return void socket.destroy()
    open.set(socket, new ServedSocket(socket, limits, accept, runTurn).connection)
    socket.once('close', () => open.delete(socket))
  }
  const server = tls === undefined ? createServer({ noDelay: true }, onSocket) : tlsServer(tls, onSocket)
  server.maxConnections = MAX_CONNECTIONS

  return {
    listen: (on) => listen(server, on),
    renewTls(renewed) {
      if ('setSecureContext' in server) server.setSecureContext(secure(renewed))
    },
    stopAccepting() {
      server.close()
      for (const connection of open.values()) connection.goAway()
    },
    destroy() {
      server.close()
      for (const socket of open.keys()) socket.destroy()
    },
  }
}

/** RFC 9113, section 9.2: TLS 1.2 or newer; Node renegotiates for no client. */
const secure = (tls: ServerTls): SecureContextOptions => ({ ...tls, minVersion: 'TLSv1.2' })

function tlsServer(tls: ServerTls, onSocket: (socket: Socket) => void) {
  const server = createTlsServer(
    {
      ...secure(tls),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
      noDelay: true,
      handshakeTimeout: GREETED_WITHIN,
    },
    onSocket,
  )
  // A handshake that fails closes its own connection.
  server.on('tlsClientError', () => undefined)
  return server
}

function listen(server: Server, on: ListenOn): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(on, () => {
      server.off('error', reject)
      // A connection that cannot be accepted (no file descriptors) is the peer's loss, and no reason to end.
      server.on('error', () => undefined)
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    })
  })
}

/** Moves bytes between a socket and its connection. All that one read brings about leaves in one write. */
class ServedSocket {
  readonly connection: ServerConnection
  readonly #socket: Socket
  readonly #runTurn: RunTurn
  readonly #greeting: NodeJS.Timeout
  readonly #flushLater = () => this.#flush()
  readonly #onData = (chunk: Buffer) => this.#take(chunk)
  /** a flush is to come */
  #scheduled = false
  #paused = false

  constructor(socket: Socket, limits: Limits, accept: (stream: Stream) => StreamHandler, runTurn: RunTurn) {
    this.#socket = socket
    this.#runTurn = runTurn
    this.connection = createConnection(
      limits,
      accept,
      () => this.#wake(),
      () => performance.now(),
    )
    this.#greeting = setTimeout(() => socket.destroy(), GREETED_WITHIN)
    socket.on('data', this.#onData)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(this.#greeting)
      this.connection.lost()
    })
    this.#flush()
  }

  #take(chunk: Buffer): void {
    let goesOn = true
    this.#scheduled = true
    this.#runTurn(() => {
      goesOn = this.connection.receive(chunk)
    })
    this.#flush()
    if (this.connection.greeted()) clearTimeout(this.#greeting)
    if (!goesOn) this.#end()
  }

  #flush(): void {
    this.#scheduled = false
    const blocks = this.connection.take()
    const socket = this.#socket
    if (blocks.length === 0 || socket.destroyed) return
    if (blocks.length > 1) socket.cork()
    for (const block of blocks) socket.write(block)
    if (blocks.length > 1) socket.uncork()
    if (socket.writableLength > MAX_UNWRITTEN) socket.destroy()
    else if (socket.writableLength > HIGH_WATER) this.#pause()
  }

  #wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(this.#flushLater)
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.connection.transport(true)
    this.#socket.once('drain', () => {
      this.#paused = false
      this.connection.transport(false)
      this.#flush()
    })
  }

  #end(): void {
    const socket = this.#socket
    // What else it sends is thrown away.
    socket.off('data', this.#onData)
    socket.resume()
    socket.end()
    setTimeout(() => socket.destroy(), LINGER).unref()
  }
}
