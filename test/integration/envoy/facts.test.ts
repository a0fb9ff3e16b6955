// Facts about Envoy 1.40 that the adapter rests on. Each is stated for Envoy alone: when one changes, the design must.

import { connect, type Socket } from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import type { ProcessingRequest } from '../../../src/envoy/codec.ts'
import { type PlainEnvoy, type Sidestream, startPlainEnvoy } from '../../support/envoy-plain.ts'
import { eventually, Received, startTcp, type TcpPeer } from '../../support/envoy-stack.ts'

const data = (text: string) => ({ bytes: Buffer.from(text), endOfStream: false })
const text = (request: ProcessingRequest) =>
  Buffer.from((request.read ?? request.write)?.bytes ?? []).toString()

let plain: PlainEnvoy | undefined
let upstream: TcpPeer | undefined
let client: Socket | undefined

afterEach(async () => {
  client?.destroy()
  await plain?.stop()
  await upstream?.stop()
  plain = undefined
  upstream = undefined
})

/** Connects a client to an upstream that echoes, through a processor that passes on and hands each request to `hook`. */
async function start(
  hook: (call: Sidestream, request: ProcessingRequest) => boolean | undefined,
  onUpstream: (socket: Socket) => void = (socket) => socket.on('data', (chunk) => socket.write(`<${chunk}>`)),
): Promise<{ received: Received; calls: Sidestream[]; log: string[]; client: Socket }> {
  const calls: Sidestream[] = []
  const log: string[] = []
  upstream = await startTcp(onUpstream)
  plain = await startPlainEnvoy(upstream.port, (call) => {
    calls.push(call)
    call.on('error', () => {})
    call.on('cancelled', () => log.push('cancelled'))
    call.on('data', (request: ProcessingRequest) => {
      log.push(
        `${request.read ? 'read' : 'write'} ${text(request)}${(request.read ?? request.write)?.endOfStream ? ' end' : ''}`,
      )
      if (hook(call, request)) return
      call.write(request.read ? { read: request.read } : { ...(request.write && { write: request.write }) })
    })
  })
  client = connect({ port: plain.port, host: '127.0.0.1', allowHalfOpen: true })
  return { received: new Received(client), calls, log, client }
}

describe('E1: how a sidestream ends decides what happens to the connection', () => {
  test('OK leaves it open and everything after it bypasses the processor', async () => {
    const { received, calls, log, client } = await start(() => undefined)
    client.write('one')
    await eventually('the first echo', () => received.text === '<one>')
    calls[0]?.end()
    await new Promise((resolve) => setTimeout(resolve, 200))
    client.write('two')
    await eventually('the second echo', () => received.text === '<one><two>')
    expect(log).not.toContain('read two')
  })

  test.each([
    ['an error status', (call: Sidestream) => call.emit('error', { code: status.ABORTED, details: 'x' })],
    ['a forced shutdown', () => plain?.server.forceShutdown()],
  ])('%s closes it', async (_, end) => {
    const { received, calls, client } = await start(() => undefined)
    client.write('one')
    await eventually('the first echo', () => received.text === '<one>')
    end(calls[0] as Sidestream)
    await eventually('the close', () => received.ended)
  })
})

describe('E2: CLOSE drops the data of its own response', () => {
  test('data with CLOSE is lost', async () => {
    const { received, client } = await start((call, request) => {
      if (request.read) return call.write({ write: data('last words'), connection: 'close' })
      return undefined
    })
    client.write('one')
    await eventually('the close', () => received.ended)
    expect(received.text).toBe('')
  })

  test('data before CLOSE arrives', async () => {
    const { received, client } = await start((call, request) => {
      if (!request.read) return undefined
      call.write({ write: data('last words') })
      return call.write({ connection: 'close' })
    })
    client.write('one')
    await eventually('the close', () => received.ended)
    expect(received.text).toBe('last words')
  })
})

describe('E3: a response that answers no request is injected all the same', () => {
  test('in both directions, any number of times, and later requests still get through', async () => {
    const { received, calls, client } = await start(() => undefined)
    client.write('one')
    await eventually('the echo', () => received.text === '<one>')
    for (let n = 0; n < 3; n++) calls[0]?.write({ write: data('notice ') })
    await eventually('three notices', () => received.text === '<one>notice notice notice ')
    calls[0]?.write({ read: data('asked by the processor') })
    await eventually('its echo', () => received.text.endsWith('<asked by the processor>'))
    client.write('two')
    await eventually('the second echo', () => received.text.endsWith('<two>'))
  })

  test('of one response with both directions, only the data for the server is injected', async () => {
    const { received, client, log } = await start((call, request) => {
      if (request.read) return call.write({ read: data('for-server'), write: data('for-client') })
      return undefined
    })
    client.write('one')
    await eventually('the echo', () => log.includes('write <for-server>'))
    await eventually('the echo at the client', () => received.text === '<for-server>')
  })

  test('empty data for the server opens no connection to it', async () => {
    const { client, log } = await start((call, request) => {
      if (request.read) return call.write({ read: { bytes: new Uint8Array(0), endOfStream: false } })
      return undefined
    })
    client.write('one')
    await eventually('the request', () => log.includes('read one'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(upstream?.accepted()).toBe(0)
  })
})

describe('E3: no surplus or debt of responses keeps a dead connection alive', () => {
  const balances: [string, (call: Sidestream) => void, number][] = [
    ['as many responses as requests', () => {}, 0],
    [
      'more responses than requests, in both directions',
      (call) => {
        call.write({ write: data('w') })
        call.write({ read: data('r') })
        call.write({ read: data('r') })
      },
      0,
    ],
    ['fewer responses than requests', () => {}, 1],
  ]
  test.each(balances)(
    'with %s, an upstream that resets closes client and sidestream',
    async (_, extra, withheld) => {
      let first = true
      let rest = withheld
      const { received, log, client } = await start(
        (call, request) => {
          if (first) extra(call)
          first = false
          return request.write !== undefined && rest-- > 0
        },
        (socket) =>
          socket.once('data', () => {
            socket.write('y')
            setTimeout(() => socket.resetAndDestroy(), 150)
          }),
      )
      client.write('one')
      await eventually('the client is closed', () => received.closed)
      await eventually('the sidestream is cancelled', () => log.includes('cancelled'))
    },
  )

  test('an upstream that refuses the connection closes client and sidestream', async () => {
    const { received, log, client } = await start(() => undefined)
    await upstream?.stop()
    client.write('one')
    await eventually('the client is closed', () => received.ended)
    await eventually('the sidestream is cancelled', () => log.includes('cancelled'))
  })

  test('an upstream that ends in order is told to the processor, with its last bytes', async () => {
    const { received, log, client } = await start(
      () => undefined,
      (socket) => socket.once('data', () => socket.end('bye')),
    )
    client.write('one')
    await eventually('the last bytes', () => received.text === 'bye')
    expect(log.join(',')).toMatch(/write bye end|write bye,write {2}end/)
  })
})

describe('E4: close_stream_to_ext_proc_server lets everything after it pass by', () => {
  test('the data in the same response is delivered, and later bytes are not seen', async () => {
    const { received, log, client } = await start((call, request) =>
      call.write({ ...(request.read && { read: request.read }), bypass: true }),
    )
    client.write('one')
    await eventually('the first echo', () => received.text === '<one>')
    client.write('two')
    await eventually('the second echo', () => received.text === '<one><two>')
    expect(log.filter((line) => line !== 'cancelled')).toEqual(['read one'])
  })
})

describe('E5: a client that leaves while its request waits is noticed', () => {
  test('FIN shows as the end of read data', async () => {
    const { log, client } = await start((_, request) => request.read !== undefined)
    client.write('held')
    await eventually('the request', () => log.includes('read held'))
    client.end()
    await eventually('the end', () => log.includes('read  end'))
  })

  test('RST shows as a cancelled stream', async () => {
    const { log, client } = await start((_, request) => request.read !== undefined)
    client.write('held')
    await eventually('the request', () => log.includes('read held'))
    client.resetAndDestroy()
    await eventually('the cancellation', () => log.includes('cancelled'))
    expect(upstream?.accepted()).toBe(0)
  })
})
