// Drives one session of the gateway by hand: first against a real server, then with what that server said before.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Connection } from '../../../src/gateway/connection.ts'
import { password, startup } from '../../support/pgwire/frontend.ts'
import type { BenchGateway, BenchResource } from './gateway.ts'

export interface Driven {
  /** Sends to the real server; what it answers until ReadyForQuery. */
  live(request: Uint8Array): Promise<readonly Buffer[]>
  /** from now on nothing reaches the server */
  cutOff(): void
  readonly connection: Connection
  /** bytes that went to the client, and to the server */
  sent(): { readonly toClient: number; readonly toServer: number }
  close(): void
}

const READY = Buffer.from([0x5a, 0, 0, 0, 5])

function endsReady(bytes: Buffer): boolean {
  return bytes.length >= 6 && bytes.subarray(-6, -1).equals(READY)
}

export async function drive(
  { gateway }: BenchGateway,
  resource: BenchResource,
  port: number,
  watch: (toServer: Uint8Array) => void = () => undefined,
): Promise<Driven> {
  const server: Socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(server, 'connect')
  let isLive = true
  let bypassed = false
  const sent = { toClient: 0, toServer: 0 }
  let heard: Buffer[] = []
  let ready: (() => void) | undefined
  const connection = gateway.accept(
    {
      resource,
      peer: { source: '127.0.0.1:1', tlsVersion: 'TLSv1.3' },
      connectionId: '1',
      secrets: new Map(),
    },
    {
      toClient(bytes) {
        sent.toClient += bytes.length
        // The login's end: the session itself says when the client may begin.
        if (isLive && endsReady(Buffer.from(bytes))) ready?.()
      },
      toServer(bytes) {
        watch(bytes)
        sent.toServer += bytes.length
        if (isLive) server.write(bytes)
      },
      bypass() {
        bypassed = true
        queueMicrotask(() => connection.bypassed())
      },
      close() {
        server.destroy()
      },
    },
  )
  server.on('data', (chunk: Buffer) => {
    heard.push(Buffer.from(chunk))
    if (!bypassed) connection.fromServer(chunk)
    else if (endsReady(chunk)) ready?.()
  })

  async function until(request: () => void): Promise<readonly Buffer[]> {
    heard = []
    const done = new Promise<void>((resolve) => {
      ready = resolve
    })
    request()
    await done
    return heard
  }

  await until(() => {
    connection.fromClient(startup({ user: 'anybody', database: 'postgres' }))
    connection.fromClient(password('a token'))
  })
  return {
    live: (request) => until(() => connection.fromClient(request)),
    cutOff() {
      isLive = false
      server.removeAllListeners('data')
      server.destroy()
    },
    connection,
    sent: () => ({ ...sent }),
    close: () => connection.aborted(),
  }
}
