// The generated configuration and the processor together: one connection from client to target, with its facts.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { ConnectionFacts } from '../../../src/gateway/connection.ts'
import {
  eventually,
  openTls,
  passThrough,
  Received,
  type Stack,
  startStack,
  startTcp,
  type TcpPeer,
} from '../../support/envoy-stack.ts'

let stack: Stack | undefined
let upstream: TcpPeer | undefined

afterEach(async () => {
  await stack?.stop()
  await upstream?.stop()
  stack = undefined
  upstream = undefined
})

const echo = () => startTcp((socket) => socket.on('data', (data) => socket.write(`<${data}>`)))

describe('E10: the gate agrees to TLS in band, and Envoy terminates it', () => {
  test('bytes after SSLRequest and the handshake reach the session in clear, with the TLS version', async () => {
    const seen: ConnectionFacts[] = []
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (facts, downlink) => {
        seen.push(facts)
        return passThrough(downlink)
      },
    })
    const client = await openTls(stack.port)
    const received = new Received(client)
    client.write('hello')
    await eventually('the echo', () => received.text === '<hello>')
    expect(seen[0]?.peer.tlsVersion).toBe('TLSv1.3')
    expect(seen[0]?.resource).toBe('db')
    client.destroy()
  })

  test('a TLS ClientHello as the first bytes goes straight through (direct TLS), with ALPN postgresql', async () => {
    upstream = await echo()
    stack = await startStack({ upstreamPort: upstream.port, accept: (_, downlink) => passThrough(downlink) })
    const client = connectTls({
      port: stack.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['postgresql'],
    })
    const received = new Received(client)
    client.write('hello')
    await eventually('the echo', () => received.text === '<hello>')
    expect(client.alpnProtocol).toBe('postgresql')
    client.destroy()
  })

  test('GSSENCRequest is declined, and SSLRequest may follow it', async () => {
    upstream = await echo()
    stack = await startStack({ upstreamPort: upstream.port, accept: (_, downlink) => passThrough(downlink) })
    const socket = connect(stack.port, '127.0.0.1')
    const received = new Received(socket)
    socket.write(Buffer.from('0000000804d21630', 'hex'))
    await eventually('N', () => received.text === 'N')
    socket.write(Buffer.from('0000000804d2162f', 'hex'))
    await eventually('S', () => received.text === 'NS')
    socket.destroy()
  })

  test('bytes that follow SSLRequest in clear close the connection (CVE-2021-23214)', async () => {
    let sessions = 0
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (_, downlink) => {
        sessions++
        return passThrough(downlink)
      },
    })
    const socket = connect(stack.port, '127.0.0.1')
    const received = new Received(socket)
    socket.write(Buffer.from('0000000804d2162f51', 'hex'))
    await eventually('the close', () => received.closed || received.ended)
    expect(received.text).toBe('')
    expect(sessions).toBe(0)
    socket.destroy()
  })

  test('a CancelRequest in clear reaches a session that sees no TLS version', async () => {
    const got: { facts: ConnectionFacts; bytes: string }[] = []
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (facts, downlink) =>
        passThrough(downlink, {
          fromClient: (bytes) => {
            got.push({ facts, bytes: Buffer.from(bytes).toString('hex') })
            downlink.close()
          },
        }),
    })
    const socket = connect(stack.port, '127.0.0.1')
    const received = new Received(socket)
    socket.write(Buffer.from('0000001004d2162e0000000100000002', 'hex'))
    await eventually('the close', () => received.closed || received.ended)
    expect(got).toHaveLength(1)
    expect(got[0]?.bytes).toBe('0000001004d2162e0000000100000002')
    expect(got[0]?.facts.peer.tlsVersion).toBeUndefined()
    socket.destroy()
  })
})

describe('E11: the session knows where the connection comes from', () => {
  test('every one of many connections at once carries its own source address', async () => {
    const sources: string[] = []
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      concurrency: 2,
      accept: (facts, downlink) => {
        sources.push(facts.peer.source)
        return passThrough(downlink)
      },
    })
    const { port } = stack
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const tls = await openTls(port)
        tls.write('x')
        return tls
      }),
    )
    await eventually('20 sessions', () => sources.length === 20)
    const expected = clients.map((client) => `127.0.0.1:${client.localPort}`)
    expect([...sources].sort()).toEqual([...expected].sort())
    for (const client of clients) client.destroy()
  })

  test('a verified client certificate comes with its SPIFFE ID, subject and fingerprint', async () => {
    const seen: ConnectionFacts[] = []
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      resource: (authority) => ({ client_ca: authority.ca, authentication: ['certificate', 'token'] }),
      accept: (facts, downlink) => {
        seen.push(facts)
        return passThrough(downlink)
      },
    })
    const files = stack.config.certificates['client']
    const client = await openTls(stack.port, {
      cert: readFileSync(files?.certificate ?? ''),
      key: readFileSync(files?.key ?? ''),
    })
    client.write('x')
    await eventually('a session', () => seen.length === 1)
    expect(seen[0]?.peer.certificate).toMatchObject({
      uriSan: 'spiffe://test/ns/ci/sa/app',
      subject: 'CN=app',
    })
    expect(seen[0]?.peer.certificate?.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    const without = await openTls(stack.port)
    without.write('x')
    await eventually('a session without a certificate', () => seen.length === 2)
    expect(seen[1]?.peer.certificate).toBeUndefined()
    client.destroy()
    without.destroy()
  })

  test('a client certificate of another authority does not get through the handshake', async () => {
    let sessions = 0
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      resource: (authority) => ({ client_ca: authority.ca }),
      accept: (_, downlink) => {
        sessions++
        return passThrough(downlink)
      },
    })
    const { createAuthority } = await import('../../support/envoy-stack.ts')
    const stranger = createAuthority(stack.folder, 'stranger').issue(
      'other',
      '/CN=app',
      'URI:spiffe://test/x',
    )
    const client = await openTls(stack.port, {
      cert: readFileSync(stranger.certificate),
      key: readFileSync(stranger.key),
    })
    const received = new Received(client)
    client.write('x')
    await eventually('the close', () => received.closed)
    expect(sessions).toBe(0)
  })
})

describe('E9: secrets come from the processor’s secret discovery', () => {
  test('a connection has the secret of its time: a rotated one is used by the next, the live one stays', async () => {
    const seen: ConnectionFacts[] = []
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (facts, downlink) => {
        seen.push(facts)
        return passThrough(downlink)
      },
    })
    const first = await openTls(stack.port)
    const received = new Received(first)
    first.write('one')
    await eventually('the first session', () => received.text === '<one>')
    expect(seen[0]?.secrets.get('db')?.reveal()).toBe('first-password')

    stack.secrets.set('db', 'second-password')
    const { port } = stack
    await eventually('the new secret in a new session', async () => {
      const next = await openTls(port)
      const answer = new Received(next)
      next.write('x')
      await eventually('an echo', () => answer.text !== '')
      next.destroy()
      return seen.at(-1)?.secrets.get('db')?.reveal() === 'second-password'
    })
    first.write('two')
    await eventually('the first session goes on', () => received.text === '<one><two>')
    first.destroy()
  })
})

describe('E15: nobody who is not let in costs the target a connection', () => {
  test('the target sees no connection until the session passes bytes on', async () => {
    upstream = await echo()
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (_, downlink) => {
        let let_in = false
        return passThrough(downlink, {
          fromClient: (bytes) => {
            if (let_in) return downlink.toServer(bytes)
            let_in = true
            downlink.toClient(Buffer.from('who?'))
          },
        })
      },
    })
    const client = await openTls(stack.port)
    const received = new Received(client)
    client.write('hello')
    await eventually('the question', () => received.text === 'who?')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(upstream.accepted()).toBe(0)
    client.write('me')
    await eventually('the echo', () => received.text === 'who?<me>')
    expect(upstream.accepted()).toBe(1)
    client.destroy()
  })
})
