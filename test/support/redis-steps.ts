// A relay before Redis that counts the scripts of a client, and holds one of them back, so that the client can be killed between
// any two steps of what it does.
import { EventEmitter, once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface RedisSteps {
  readonly port: number
  /** scripts since `stopAt`, or since the start */
  readonly seen: () => number
  /** Counts anew. The nth script from now, and what comes after it on its connection, goes no further. */
  stopAt(nth: number): void
  /** resolves once that script has come */
  stopped(): Promise<void>
  /** Sends what was held back to Redis, and resolves once Redis has answered. Its client may be dead by then. */
  letPass(): Promise<void>
  close(): void
}

const HOST = '127.0.0.1'
/** How each script's command begins, in RESP. */
const SCRIPT = /^\*\d+\r\n\$\d+\r\neval(sha)?\r\n/i

export async function startRedisSteps(target: number): Promise<RedisSteps> {
  const sockets = new Set<Socket>()
  let seen = 0
  let stop = Number.POSITIVE_INFINITY
  let held: { readonly server: Socket; readonly chunks: Buffer[] } | undefined
  const arrivals = new EventEmitter()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }
  const relay = createServer((client) => {
    const server = keep(connect(target, HOST))
    keep(client)
    client.on('data', (chunk) => {
      if (held?.server === server) return void held.chunks.push(chunk)
      if (SCRIPT.test(chunk.toString('latin1', 0, 40)) && ++seen === stop) {
        held = { server, chunks: [chunk] }
        arrivals.emit('held')
        return
      }
      server.write(chunk)
    })
    server.on('data', (chunk) => client.write(chunk))
    client.on('close', () => {
      if (held?.server !== server) server.destroy()
    })
    server.on('close', () => client.destroy())
  })
  relay.listen(0, HOST)
  await once(relay, 'listening')
  const address = relay.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    seen: () => seen,
    stopAt(nth) {
      seen = 0
      stop = nth
      held = undefined
    },
    stopped: async () => {
      if (held === undefined) await once(arrivals, 'held')
    },
    async letPass() {
      if (held === undefined) throw new Error('nothing is held back')
      const { server, chunks } = held
      const answered = once(server, 'data')
      for (const chunk of chunks) server.write(chunk)
      await answered
      server.destroy()
    },
    close() {
      relay.close()
      for (const socket of [...sockets]) socket.destroy()
    },
  }
}
