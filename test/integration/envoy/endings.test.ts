// E1 through the product: in whatever way a session ends, nothing that the client sends afterwards reaches the target.
import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { AcceptConnection, Downlink } from '../../../src/gateway/connection.ts'
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
  /** everything that the target got */
  readonly atTarget: () => string
  readonly aborted: () => number
}

/** A session in use: one echo has gone through. */
async function live(wrap?: (accept: AcceptConnection) => AcceptConnection): Promise<Live> {
  let atTarget = ''
  let aborted = 0
  let link: Downlink | undefined
  upstream = await startTcp((socket) =>
    socket.on('data', (data) => {
      atTarget += data
      socket.write(`<${data}>`)
    }),
  )
  const accept: AcceptConnection = (_, downlink) => {
    link = downlink
    return passThrough(downlink, {
      aborted: () => {
        aborted++
      },
    })
  }
  stack = await startStack({ upstreamPort: upstream.port, accept: wrap?.(accept) ?? accept })
  const client = await openTls(stack.port)
  const received = new Received(client)
  client.write('one')
  await eventually('the echo', () => received.text === '<one>')
  if (link === undefined) throw new Error('no session')
  return { client, received, downlink: link, atTarget: () => atTarget, aborted: () => aborted }
}

/** The client goes on sending for as long as it can; the target must get none of it once the session is over. */
async function nothingGetsThrough({ client, received, atTarget }: Live): Promise<void> {
  const pump = setInterval(() => {
    if (client.writable) client.write('SMUGGLED')
  }, 5)
  await eventually('the client is closed', () => received.closed || received.ended)
  const then = atTarget()
  await new Promise((resolve) => setTimeout(resolve, 100))
  clearInterval(pump)
  expect(atTarget()).toBe(then)
  expect(stack?.processor.openStreams()).toBe(0)
}

describe('E1: nothing passes by after a session', () => {
  test('that the gateway closed', async () => {
    const session = await live()
    session.downlink.close()
    await nothingGetsThrough(session)
    expect(session.aborted()).toBe(1)
  })

  test('whose handler threw', async () => {
    const session = await live((accept) => (facts, downlink) => ({
      ...accept(facts, downlink),
      fromClient: (bytes) => {
        if (Buffer.from(bytes).includes('SMUGGLED')) throw new Error('a bug')
        downlink.toServer(bytes)
      },
    }))
    await nothingGetsThrough(session)
    expect(session.atTarget()).toBe('one')
    expect(session.aborted()).toBe(1)
  })

  test('that was live when the processor stopped', async () => {
    const session = await live()
    await stack?.processor.stop(0)
    await nothingGetsThrough(session)
    expect(session.aborted()).toBe(1)
  })

  test('that ended itself while the processor stopped, with its last words delivered', async () => {
    const session = await live()
    const stopping = stack?.processor.stop(50, () => {
      session.downlink.toClient(Buffer.from('shutting down'))
      session.downlink.close()
    })
    await nothingGetsThrough(session)
    await stopping
    expect(session.received.text).toContain('shutting down')
  })

  test('whose target went away', async () => {
    const session = await live()
    await upstream?.stop()
    await nothingGetsThrough(session)
  })

  test('that throws while it is accepted: the client is closed and the target sees no connection', async () => {
    upstream = await startTcp(() => {})
    stack = await startStack({
      upstreamPort: upstream.port,
      accept: () => {
        throw new Error('a bug')
      },
    })
    const client = await openTls(stack.port)
    const received = new Received(client)
    client.write('one')
    await eventually('the client is closed', () => received.closed || received.ended)
    expect(upstream.accepted()).toBe(0)
  })
})

describe('E2: what was sent before a close is delivered', () => {
  test('megabytes for the client', async () => {
    const session = await live()
    const size = 3 * 1024 * 1024
    session.downlink.toClient(Buffer.alloc(size, 'z'))
    session.downlink.close()
    await eventually('all of it', () => session.received.text.length === '<one>'.length + size)
    // After megabytes Envoy sometimes forgets to pass the end on; CLOSE follows after 10 seconds (envoy-notes, f).
    await eventually('the client is closed', () => session.received.closed, 15_000)
  })

  test('nothing that is sent after a close', async () => {
    const session = await live()
    session.downlink.toClient(Buffer.from('last'))
    session.downlink.close()
    session.downlink.toClient(Buffer.from('too late'))
    session.downlink.toServer(Buffer.from('too late'))
    await eventually('the client is closed', () => session.received.ended)
    expect(session.received.text).toBe('<one>last')
    expect(session.atTarget()).toBe('one')
  })
})

describe('E3: output after a hold', () => {
  test('goes out when the answer comes, unasked', async () => {
    const session = await live()
    await new Promise((resolve) => setTimeout(resolve, 100))
    session.downlink.toClient(Buffer.from('notice'))
    session.downlink.toServer(Buffer.from('held'))
    await eventually('both', () => session.received.text === '<one>notice<held>')
    session.client.destroy()
  })
})

describe('E5: a client that leaves', () => {
  test('aborts its session once', async () => {
    const session = await live()
    session.client.destroy()
    await eventually('the abort', () => session.aborted() === 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(session.aborted()).toBe(1)
    expect(stack?.processor.openStreams()).toBe(0)
  })
})
