// How Envoy and the processor meet: socket, mutual TLS, secret discovery, stopping.
import { chmodSync, copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { configSchema } from '../../../src/config/schema.ts'
import { startProcessor } from '../../../src/envoy/server.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import {
  createAuthority,
  eventually,
  openTls,
  passThrough,
  Received,
  type Stack,
  startStack,
  startTcp,
  type TcpPeer,
  testSecrets,
} from '../../support/envoy-stack.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

let stack: Stack | undefined
let upstream: TcpPeer | undefined
const folder = temporaryDirectory('processor')

afterEach(async () => {
  await stack?.stop()
  await upstream?.stop()
  stack = undefined
  upstream = undefined
})

const echo = () => startTcp((socket) => socket.on('data', (data) => socket.write(data)))

async function works(running: Stack): Promise<boolean> {
  const client = await openTls(running.port).catch(() => undefined)
  if (client === undefined) return false
  const received = new Received(client)
  client.write('ping')
  const answered = await eventually('an echo', () => received.text === 'ping' || received.closed, 3_000).then(
    () => received.text === 'ping',
    () => false,
  )
  client.destroy()
  return answered
}

function start(address: string, tls?: { certificate: string; client_ca: string }) {
  const config = configSchema.parse({
    version: 1,
    processor: { address, ...(tls && { tls }) },
    certificates: { server: createAuthority(folder.path).issue('s', '/CN=x', 'DNS:x') },
    resources: {
      db: {
        protocol: 'postgres',
        listen: '127.0.0.1:1',
        certificate: 'server',
        upstream: { address: '127.0.0.1:2', tls: { mode: 'disable' } },
        databases: ['a'],
        logins: [{ user: 'a' }],
      },
    },
  })
  return startProcessor({
    config,
    accept: (_, downlink) => passThrough(downlink),
    secrets: testSecrets({}),
    log: createLog({ level: 'error' }),
  })
}

describe('the processor’s address', () => {
  test('a unix socket is for its owner and group only, and is gone after a stop', async () => {
    const path = join(folder.path, 'new', 'p.sock')
    const processor = await start(`unix:${path}`)
    expect(statSync(path).mode & 0o777).toBe(0o660)
    await processor.stop(0)
    expect(existsSync(path)).toBe(false)
  })

  test('a path where no directory can be made is an error, and no endless wait', async () => {
    await expect(start('unix:/proc/chaperone/processor.sock')).rejects.toThrow(
      'processor.address: /proc/chaperone: this file system takes no directories',
    )
  })

  test('a socket that another process answers on is left alone', async () => {
    const path = join(folder.path, 'p.sock')
    const first = await start(`unix:${path}`)
    await expect(start(`unix:${path}`)).rejects.toThrow(/another process/)
    await first.stop(0)
  })

  test('a file that is not a socket is left alone', async () => {
    const path = join(folder.path, 'file')
    writeFileSync(path, 'precious')
    await expect(start(`unix:${path}`)).rejects.toThrow(/not a socket/)
  })

  test('plain TCP beyond loopback is refused', async () => {
    await expect(start('0.0.0.0:0')).rejects.toThrow(/processor.tls/)
  })
})

describe('mutual TLS between Envoy and the processor', () => {
  async function mutual(
    clientCa: (own: string, folder: string) => string,
    tolerateUnready: boolean,
  ): Promise<Stack> {
    upstream = await echo()
    const own = createAuthority(folder.path, 'mesh')
    const server = own.issue('processor', '/CN=processor.internal', 'DNS:processor.internal')
    const envoy = own.issue('envoy', '/CN=envoy', 'DNS:envoy')
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (_, downlink) => passThrough(downlink),
      config: {
        processor: {
          address: '127.0.0.1:0',
          tls: { certificate: 'processor', client_ca: clientCa(own.ca, folder.path) },
        },
      },
      extraCertificates: { processor: server, envoy },
      envoy: { certificate: 'envoy', ca: own.ca, server_name: 'processor.internal' },
      tolerateUnready,
    })
    return stack
  }

  test('sessions and secrets go over it', async () => {
    expect(await works(await mutual((own) => own, false))).toBe(true)
  })

  test('an Envoy whose certificate is of another authority gets nothing, and clients get nothing through', async () => {
    expect(await works(await mutual((_, path) => createAuthority(path, 'other').ca, true))).toBe(false)
    expect(upstream?.accepted()).toBe(0)
  })
})

describe('secret discovery', () => {
  test('a certificate that is replaced on disk is shown to the next client', async () => {
    upstream = await echo()
    stack = await startStack({ upstreamPort: upstream.port, accept: (_, downlink) => passThrough(downlink) })
    const { port, config, authority } = stack
    const serial = async () => {
      const client = await openTls(port)
      const { serialNumber } = client.getPeerCertificate()
      client.destroy()
      return serialNumber
    }
    const before = await serial()
    const next = authority.issue('next', '/CN=localhost', 'DNS:localhost')
    const files = config.certificates['server']
    if (files === undefined) throw new Error('no certificate')
    // Between these two lines key and certificate differ: Chaperone keeps the old pair until they agree.
    copyFileSync(next.certificate, files.certificate)
    copyFileSync(next.key, files.key)
    chmodSync(files.key, 0o600)
    await eventually('the new certificate', async () => (await serial()) !== before)
  })
})
