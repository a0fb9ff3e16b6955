// A small TCP relay between Envoy and PostgreSQL that fails in the ways in which networks and servers do.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  readonly port: number
  /** where to; set before the first connection is needed */
  target: number
  /** accepts and never answers */
  silent: boolean
  /** connections that it accepted so far */
  readonly accepted: number
  /** RST to whoever is connected */
  reset(): void
  /** nobody listens any more: connection refused */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

export async function startRelay(): Promise<Relay> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = createServer((socket) => {
    accepted += 1
    keep(socket)
    if (relay.silent) return void socket.resume()
    const other = connect(relay.target, '127.0.0.1')
    keep(other)
    socket.pipe(other).pipe(socket)
    // a reset ends nothing that is piped
    socket.on('close', () => other.destroy())
    other.on('close', () => socket.destroySoon())
  })
  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }
  const drop = () => {
    for (const socket of [...sockets]) socket.resetAndDestroy()
  }
  const down = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    drop()
    await closed
  }
  const port = await listen(0)
  const relay: Relay = {
    port,
    target: 0,
    silent: false,
    get accepted() {
      return accepted
    },
    reset: drop,
    down,
    up: async () => void (await listen(port)),
    close: down,
  }
  return relay
}
