// What requests-only processing rests on in Envoy: two sidestreams of one connection that find each other, a filter that
// steps aside and loses nothing unnoticed, and a session's filter that stays in the way of the client.
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { envoyBootstrap, envoyFragment } from '../../../src/envoy/bootstrap.ts'
import type { Downlink } from '../../../src/gateway/connection.ts'
import { validate } from '../../support/envoy.ts'
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

interface Live {
  readonly client: TLSSocket
  readonly received: Received
  readonly downlink: Downlink
  /** what the session saw of the target */
  readonly seen: () => string
  readonly atTarget: () => string
  readonly bypassed: () => boolean
}

/** A connection that has echoed once, while the target's bytes still come to the session. */
async function live(flood = false): Promise<Live> {
  const [state] = [{ seen: '', atTarget: '', bypassed: false }]
  let link: Downlink | undefined
  upstream = await startTcp((socket) => {
    socket.on('data', (data) => {
      state.atTarget += data
      socket.write(`<${data}>`)
    })
    if (!flood) return
    let n = 0
    const pump = setInterval(() => socket.write(`[${n++}]`), 1)
    socket.once('close', () => clearInterval(pump))
  })
  stack = await startStack({
    upstreamPort: upstream.port,
    resource: () => ({ process: 'requests-only', recording: 'off' }),
    accept(_, downlink) {
      link = downlink
      return passThrough(downlink, {
        fromServer(bytes) {
          state.seen += Buffer.from(bytes).toString()
          downlink.toClient(bytes)
        },
        bypassed: () => {
          state.bypassed = true
        },
      })
    },
  })
  const client = await openTls(stack.port)
  const received = new Received(client)
  client.write('one')
  await eventually('the echo', () => received.text.includes('<one>'))
  if (link === undefined) throw new Error('no session')
  return {
    client,
    received,
    downlink: link,
    seen: () => state.seen,
    atTarget: () => state.atTarget,
    bypassed: () => state.bypassed,
  }
}

test('Envoy accepts the configuration, and the session’s filter never sees results', async () => {
  const { config } = await startedStack()
  expect(await validate(envoyBootstrap(config))).toBe('')
  const text = JSON.stringify(envoyFragment(config))
  expect(text.match(/"process_write":"SKIP"/g)?.length).toBe(2)
  expect(text).not.toMatch(/"process_read":"SKIP"|"failure_mode_allow":true/)
})

async function startedStack(): Promise<Stack> {
  await live()
  if (!stack) throw new Error('no stack')
  return stack
}

describe('after the bypass', () => {
  test('the target’s bytes go to the client directly, the client’s still come to the session', async () => {
    const session = await live()
    session.downlink.bypass()
    await eventually('the bypass', session.bypassed)
    session.client.write('two')
    await eventually('the answer', () => session.received.text === '<one><two>')
    expect(session.seen()).toBe('<one>')
    expect(stack?.processor.openStreams()).toBe(1)
  })

  test('the session can still speak to the client', async () => {
    const session = await live()
    session.downlink.bypass()
    await eventually('the bypass', session.bypassed)
    session.downlink.toClient(Buffer.from('notice'))
    await eventually('the notice', () => session.received.text === '<one>notice')
  })

  test('a session that ends lets nothing of the client’s pass any more', async () => {
    const session = await live()
    session.downlink.bypass()
    await eventually('the bypass', session.bypassed)
    session.downlink.close()
    await nothingGetsThrough(session)
  })

  test('a processor that is cut off lets nothing of the client’s pass any more', async () => {
    const session = await live()
    session.downlink.bypass()
    await eventually('the bypass', session.bypassed)
    await stack?.processor.stop(0)
    await nothingGetsThrough(session)
  })

  test('a client that leaves ends the session’s sidestream', async () => {
    const session = await live()
    session.downlink.bypass()
    await eventually('the bypass', session.bypassed)
    session.client.destroy()
    await eventually('no sidestream is open', () => stack?.processor.openStreams() === 0)
  })
})

test('a client that misses what the target said during the bypass does not go on', async () => {
  const session = await live(true)
  session.downlink.bypass()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const numbers = [...session.received.text.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n))
  const gap = numbers.some((number, index) => number !== index)
  expect(gap && !session.received.closed).toBe(false)
})

/** The client goes on sending for as long as it can. */
async function nothingGetsThrough({ client, received, atTarget }: Live): Promise<void> {
  const before = atTarget()
  const pump = setInterval(() => {
    if (client.writable) client.write('SMUGGLED')
  }, 5)
  await eventually('the client is closed', () => received.closed || received.ended)
  await new Promise((resolve) => setTimeout(resolve, 100))
  clearInterval(pump)
  expect(atTarget()).toBe(before)
  client.destroy()
  await eventually('no sidestream is open', () => stack?.processor.openStreams() === 0)
}
