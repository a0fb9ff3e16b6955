// Many connections, slow and silent ones, and a processor that hangs.
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
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
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await stack?.stop()
  await upstream?.stop()
  stack = undefined
  upstream = undefined
})

/** A startup packet in clear of 12 bytes: the cheapest way to a session. */
const STARTUP = Buffer.from('0000000c0003000000000000', 'hex')

describe('E7: the circuit breakers let more than 1,024 connections through', () => {
  test('1,100 sessions at once all reach the target, and as many again once those were reset', async () => {
    const COUNT = 1_100
    upstream = await startTcp((socket) => socket.on('data', () => socket.write('y')))
    stack = await startStack({ upstreamPort: upstream.port, accept: (_, downlink) => passThrough(downlink) })
    // Envoy resets each sidestream that ends: a server that counted resets against it would refuse the second time.
    for (const total of [COUNT, 2 * COUNT]) {
      const received: Received[] = []
      for (let n = 0; n < COUNT; n++) {
        const socket = connect(stack.port, '127.0.0.1')
        sockets.push(socket)
        received.push(new Received(socket))
        socket.write(STARTUP)
      }
      await eventually('all answers', () => received.every(({ text }) => text === 'y'), 60_000)
      expect(upstream.accepted()).toBe(total)
      for (const socket of sockets.splice(0)) socket.resetAndDestroy()
    }
  })
})

/** These wait for time-outs of Envoy's that nothing sets: at the same time, each with an Envoy of its own. */
describe.concurrent('slow and silent clients', () => {
  test.for([
    ['nothing', ''],
    ['half an SSLRequest', '00000008'],
    ['half a ClientHello', '160301020001'],
  ])(
    'a client that sends %s is closed in about 10 seconds, and others log in meanwhile',
    async ([, bytes = ''], { onTestFinished }) => {
      const own = await startTcp((socket) => socket.on('data', (data) => socket.write(data)))
      onTestFinished(() => own.stop())
      const { port, stop } = await startStack({
        upstreamPort: own.port,
        accept: (_, downlink) => passThrough(downlink),
      })
      onTestFinished(() => stop())
      const socket = connect(port, '127.0.0.1')
      onTestFinished(() => void socket.destroy())
      const received = new Received(socket)
      const from = Date.now()
      socket.write(Buffer.from(bytes, 'hex'))
      const other = await openTls(port)
      onTestFinished(() => void other.destroy())
      const answer = new Received(other)
      other.write('hello')
      await eventually('the other client is served', () => answer.text === 'hello')
      await eventually('the close', () => received.closed || received.ended, 15_000)
      expect(Date.now() - from).toBeGreaterThan(5_000)
      expect(own.accepted()).toBe(1)
    },
  )
})

describe('hostile clients', () => {
  test.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['TLS bytes that are no ClientHello', Buffer.from('16030100050200000100', 'hex')],
    ['a startup packet of 2 GiB', Buffer.from('7fffffff00030000', 'hex')],
    ['a startup packet of length 0', Buffer.from('0000000000030000', 'hex')],
    ['9 KiB without an end', Buffer.concat([Buffer.from('0000240000030000', 'hex'), Buffer.alloc(9 * 1024)])],
  ])('%s is closed at once, before any session', async (_, bytes) => {
    let sessions = 0
    upstream = await startTcp(() => {})
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (_, downlink) => {
        sessions++
        return passThrough(downlink)
      },
    })
    const socket = connect(stack.port, '127.0.0.1')
    sockets.push(socket)
    const received = new Received(socket)
    socket.write(bytes)
    await eventually('the close', () => received.closed || received.ended, 3_000)
    expect([sessions, received.text]).toEqual([0, ''])
  })
})

describe('E6: a processor that hangs', () => {
  test('is noticed by HTTP/2 pings: its sessions close, although no message has a timeout', async () => {
    // A relay between Envoy and the processor that stops in both directions, with its sockets open.
    const relayed: Socket[] = []
    let target = ''
    const relay = createServer((socket) => {
      const onward = connect(target.replace('unix:', ''))
      for (const end of [socket, onward]) end.on('error', () => {})
      socket.pipe(onward).pipe(socket)
      relayed.push(socket, onward)
    })
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
    const address = relay.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    upstream = await startTcp((socket) => socket.on('data', (data) => socket.write(data)))
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: (_, downlink) => passThrough(downlink),
      beforeEnvoy: (processor) => {
        target = processor
        return `127.0.0.1:${address.port}`
      },
    })
    const client = await openTls(stack.port)
    sockets.push(client)
    const received = new Received(client)
    client.write('one')
    await eventually('the echo', () => received.text === 'one')
    for (const socket of relayed) socket.unpipe().pause()
    await eventually('the close', () => received.closed || received.ended, 20_000)
    for (const socket of relayed) socket.destroy()
    relay.close()
  })
})
