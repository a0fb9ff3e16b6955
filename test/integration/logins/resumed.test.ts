// TLS sessions that are resumed: no certificate is shown again, so none may count longer than it is good.
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SSL_REQUEST } from '../../../src/envoy/postgres-startup.ts'
import { type Authority, createAuthority, type KeyPair } from '../../support/keys.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

const PIPELINE = 'spiffe://prod.example/ns/etl/sa/pipeline'

let folder: TemporaryDirectory
let clients: Authority
let stack: Stack
beforeAll(async () => {
  folder = temporaryDirectory('resumed')
  clients = createAuthority(folder.path, 'clients')
  stack = await startStack({
    resource: { client_ca: clients.certificate, authentication: ['certificate'], certificates: ['etl'] },
    config: {
      certificate_identities: { etl: { trust_domain: 'prod.example', groups: ['engineers'] } },
    },
  })
})
afterAll(async () => {
  await stack?.stop()
  folder?.remove()
})

/** After SSLRequest and the handshake. */
function secured(more: {
  pair?: KeyPair
  session?: Buffer
  version: 'TLSv1.2' | 'TLSv1.3'
}): Promise<TLSSocket> {
  const { pair, session, version } = more
  return new Promise((resolve, reject) => {
    const socket = connectTcp(stack.port, stack.host)
    socket.once('error', reject)
    socket.write(SSL_REQUEST)
    socket.once('data', () => {
      const tls = connectTls({
        socket,
        ca: readFileSync(stack.ca),
        servername: 'localhost',
        minVersion: version,
        maxVersion: version,
        ...(pair && { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }),
        ...(session && { session }),
      })
      tls.once('error', reject)
      tls.once('secureConnect', () => resolve(tls))
    })
  })
}

/** What the server says to a startup packet: the code of its first message. */
function login(tls: TLSSocket): Promise<string> {
  const text = Buffer.from('user\0x\0database\0app\0\0')
  const packet = Buffer.alloc(8 + text.length)
  packet.writeInt32BE(packet.length, 0)
  packet.writeInt32BE(196608, 4)
  text.copy(packet, 8)
  tls.write(packet)
  return new Promise((resolve) => {
    tls.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1')))
    tls.once('close', () => resolve('closed'))
  })
}

it.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a certificate that expired does not log in by the TLS session of when it was good (%s)',
  async (version) => {
    const pair = clients.issue({ name: `short-${version}`, uris: [PIPELINE], seconds: 6 })
    const first = await secured({ pair, version })
    let session: Buffer | undefined = first.getSession()
    first.on('session', (given: Buffer) => {
      session = given
    })
    expect((await login(first))[0]).toBe('R')
    await new Promise((resolve) => setTimeout(resolve, 300))
    first.destroy()
    await new Promise((resolve) => setTimeout(resolve, 7000))
    const again = await secured({ version, ...(session && { session }) })
    const said = await login(again)
    again.destroy()
    expect(said).toMatch(/^E.*a client certificate is needed here|closed/s)
  },
  60_000,
)
