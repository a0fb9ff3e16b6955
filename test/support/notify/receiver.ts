// A real HTTP or HTTPS server that keeps what it is sent and answers as a test says.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** what it answers; 204 unless a test changes it */
  answer: (received: Received, response: ServerResponse) => void
  /** waits until so many came, at most 10 seconds */
  until(count: number): Promise<readonly Received[]>
  close(): Promise<void>
}

const WITHIN = 10_000
const LOOK = 10

export async function startReceiver(tls?: {
  readonly cert: string
  readonly key: string
}): Promise<Receiver> {
  const received: Received[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url = '', headers } = request
      const one = { path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
      received.push(one)
      receiver.answer(one, response)
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  const receiver: Receiver = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    received,
    answer: (_, response) => void response.writeHead(204).end(),
    async until(count) {
      for (const deadline = Date.now() + WITHIN; received.length < count; ) {
        if (Date.now() > deadline) throw new Error(`${received.length} of ${count} messages came`)
        await new Promise((resolve) => setTimeout(resolve, LOOK))
      }
      return received
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return receiver
}

/** Waits until something holds, at most 10 seconds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + WITHIN; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error('it did not come to it in time')
    await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
}
