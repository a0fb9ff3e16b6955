// What comes of targets that do not answer as PostgreSQL does; those that do are in test/integration/logins/.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { connectUpstream } from '../../../src/cli/connect/upstream.ts'

async function asked(answer: (socket: Socket) => void): Promise<unknown> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`
  const timeout = AbortSignal.timeout(200)
  try {
    return await connectUpstream({ address, tls: { mode: 'require' } }, { certificates: {} }, timeout).catch(
      (error: unknown) => error,
    )
  } finally {
    server.close()
  }
}

it.each([
  ['says nothing', () => {}, /did not answer in the time that a login may take/],
  ['promises TLS and says nothing', (socket: Socket) => socket.write('S'), /did not answer in the time/],
  ['takes no TLS', (socket: Socket) => socket.write('N'), /takes no TLS/],
  [
    'says more than one byte, which TLS would not protect',
    (socket: Socket) => socket.write('SS'),
    /takes no TLS/,
  ],
  ['closes', (socket: Socket) => socket.end(), /the target closed the connection/],
])('a target that %s is an error', async (_, answer, message) => {
  expect(await asked(answer)).toMatchObject({ message: expect.stringMatching(message) })
})
