// Clients that are not ours against our gRPC server over real sockets: grpc-js and node:http2.
import { once } from 'node:events'
import { type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import {
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  type ServiceDefinition,
  type StatusObject,
} from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Call, CallHandler } from '../../../src/grpc/call.ts'
import { createGrpcServer } from '../../../src/grpc/server.ts'
import { STATUS } from '../../../src/grpc/status.ts'
import type { Http2Server } from '../../../src/http2/server.ts'
import { eventually } from '../../support/envoy-stack.ts'

const MAX_MESSAGE = 4 * 1024 * 1024
const same = (bytes: Buffer) => bytes
const method = (path: string) =>
  ({
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }) as const
const SERVICE = {
  echo: method('/test.Test/Echo'),
  nobody: method('/test.Test/Nobody'),
} satisfies ServiceDefinition
const Client = makeClientConstructor(SERVICE, 'test.Test')
type Stream = ClientDuplexStream<Buffer, Buffer>

let server: Http2Server
let port: number
let calls: Call[]
let closed: number
let failures: unknown[]
let client: InstanceType<typeof Client>
let handle: (call: Call) => Partial<CallHandler>

/** Says back what comes, and reads no faster than its answers are taken. */
const echo = (call: Call): Partial<CallHandler> => ({
  message(bytes) {
    if (!call.send([Buffer.from(bytes)])) call.pause()
  },
  drained: () => call.resume(),
  halfClosed: () => call.finish(STATUS.OK, ''),
})

beforeEach(async () => {
  calls = []
  failures = []
  closed = 0
  handle = echo
  const open = (call: Call): CallHandler => {
    calls.push(call)
    const own = handle(call)
    return {
      message: (bytes) => own.message?.(bytes),
      halfClosed: () => own.halfClosed?.(),
      drained: () => own.drained?.(),
      closed() {
        closed += 1
        own.closed?.()
      },
    }
  }
  server = createGrpcServer({
    methods: new Map([[SERVICE.echo.path, open]]),
    maxMessage: MAX_MESSAGE,
    failed: (error) => void failures.push(error),
  })
  port = await server.listen({ host: '127.0.0.1', port: 0 })
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MAX_MESSAGE,
  })
})

afterEach(() => {
  client.close()
  server.destroy()
})

function start(name: keyof typeof SERVICE = 'echo') {
  const stream = (client[name] as () => Stream).call(client)
  const got: Buffer[] = []
  let status: StatusObject | undefined
  stream.on('data', (bytes: Buffer) => got.push(bytes))
  stream.on('status', (given: StatusObject) => {
    status = given
  })
  stream.on('error', () => {})
  return { stream, got, code: () => status?.code, details: () => status?.details }
}

describe('a grpc-js client', () => {
  it('gets every message back, of any size, in order', async () => {
    const { stream, got, code } = start()
    const sent = [0, 1, 5, 16_379, 16_384, 65_536, 1_000_000, MAX_MESSAGE].map((size) =>
      Buffer.alloc(size, size % 251),
    )
    for (const message of sent) stream.write(message)
    stream.end()
    await eventually('the end', () => code() === 0)
    expect(got.map((bytes) => bytes.length)).toEqual(sent.map((bytes) => bytes.length))
    expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true)
  })

  it('that does not read stops the server from reading, and misses nothing once it does', async () => {
    const { stream, got, code } = start()
    stream.pause()
    const message = Buffer.alloc(256 * 1024, 7)
    for (let n = 0; n < 80; n++) stream.write(message)
    stream.end()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(code()).toBeUndefined()
    stream.resume()
    await eventually('the end', () => code() === 0)
    expect(got).toHaveLength(80)
  })

  it('with many streams on one connection gets each its own', async () => {
    const streams = Array.from({ length: 300 }, () => start())
    for (const [n, { stream }] of streams.entries()) stream.end(Buffer.from(`stream ${n}`))
    await eventually('all ends', () => streams.every(({ code }) => code() === 0))
    expect(streams.map(({ got }) => String(got))).toEqual(streams.map((_, n) => `stream ${n}`))
  })

  it('is told a status with its message, whatever characters it has', async () => {
    const { stream, code, details } = start()
    stream.write(Buffer.from('x'))
    await eventually('the call', () => calls.length === 1)
    calls[0]?.finish(STATUS.FAILED_PRECONDITION, '100 % of “this”')
    await eventually('the status', () => code() !== undefined)
    expect([code(), details()]).toEqual([STATUS.FAILED_PRECONDITION, '100 % of “this”'])
    expect(closed).toBe(1)
  })

  it('is told UNIMPLEMENTED for a method that nobody has', async () => {
    const { code } = start('nobody')
    await eventually('the status', () => code() !== undefined)
    expect(code()).toBe(STATUS.UNIMPLEMENTED)
  })

  it('is told RESOURCE_EXHAUSTED for a message that is too long', async () => {
    const { stream, code } = start()
    stream.write(Buffer.alloc(MAX_MESSAGE + 1))
    await eventually('the status', () => code() !== undefined)
    expect(code()).toBe(STATUS.RESOURCE_EXHAUSTED)
  })

  it('is told INTERNAL and nothing more when a handler throws, and the next call is served', async () => {
    handle = () => ({
      message() {
        throw new Error('a secret')
      },
    })
    const first = start()
    first.stream.write(Buffer.from('x'))
    await eventually('the status', () => first.code() !== undefined)
    expect([first.code(), first.details()]).toEqual([STATUS.INTERNAL, 'internal error'])
    expect(failures).toHaveLength(1)
    handle = echo
    const second = start()
    second.stream.end(Buffer.from('y'))
    await eventually('the end', () => second.code() === 0)
  })

  it('that cancels closes its call once', async () => {
    const { stream } = start()
    stream.write(Buffer.from('x'))
    await eventually('the call', () => calls.length === 1)
    stream.cancel()
    await eventually('the close', () => closed === 1)
    calls[0]?.send([Buffer.from('late')])
    calls[0]?.finish(STATUS.OK, '')
  })

  it('never sees OK when the server goes away under it (E1)', async () => {
    const { stream, code } = start()
    stream.write(Buffer.from('x'))
    await eventually('the call', () => calls.length === 1)
    server.destroy()
    await eventually('the status', () => code() !== undefined)
    expect(code()).not.toBe(0)
    expect(closed).toBe(1)
  })

  it('goes on with live calls while the server takes no new ones', async () => {
    const live = start()
    live.stream.write(Buffer.from('x'))
    await eventually('the call', () => calls.length === 1)
    server.stopAccepting()
    await new Promise((resolve) => setTimeout(resolve, 100))
    live.stream.end(Buffer.from('y'))
    await eventually('the end', () => live.code() === 0)
    expect(String(Buffer.concat(live.got))).toBe('xy')
  })
})

describe('a node:http2 client', () => {
  const HEADERS = {
    ':method': 'POST',
    ':path': SERVICE.echo.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  }
  const MESSAGE = Buffer.from('000000000178', 'hex')
  const response = async (stream: ClientHttp2Stream) =>
    (await once(stream, 'response'))[0] as Record<string, unknown>

  it('is read right in every character that its Huffman code has', async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    const codes = Array.from({ length: 256 }, (_, code) => code).filter(
      (code) => code > 0x20 && code !== 0x7f,
    )
    // Among letters whose codes are short, so that the whole is shorter in Huffman's code.
    const value = (code: number) => `${'e'.repeat(30)}${String.fromCharCode(code)}${'a'.repeat(30)}`
    const fields = codes.map((code) => [`x-${code}`, value(code)] as const)
    for (let at = 0; at < fields.length; at += 60) {
      const some = fields.slice(at, at + 60)
      const stream = session.request({ ...HEADERS, ...Object.fromEntries(some) })
      stream.write(MESSAGE)
      await response(stream)
      const seen = new Map(calls.at(-1)?.headers)
      expect(some.map(([name]) => [name, seen.get(name)])).toEqual(some)
      stream.close()
    }
    session.destroy()
  })

  it.each([
    ['GET', { ':method': 'GET' }, 405],
    ['another content type', { 'content-type': 'application/json' }, 415],
    ['a content type that only begins alike', { 'content-type': 'application/grpcx' }, 415],
  ])('with %s gets the status of HTTP, and reaches no method', async (_, change, status) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    const stream = session.request({ ...HEADERS, ...change })
    expect((await response(stream))[':status']).toBe(status)
    expect(calls).toHaveLength(0)
    session.destroy()
  })

  it('may reset three thousand streams on one connection, as Envoy ends sidestreams', async () => {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    let wentAway = false
    session.on('goaway', () => {
      wentAway = true
    })
    for (let n = 0; n < 3_000; n++) {
      const stream = session.request(HEADERS)
      stream.on('error', () => {})
      stream.write(MESSAGE)
      if (n % 100 === 0) await once(stream, 'data')
      stream.close(constants.NGHTTP2_CANCEL)
    }
    await eventually('all resets', () => closed === calls.length && calls.length > 100)
    expect(wentAway).toBe(false)
    expect(session.destroyed).toBe(false)
    session.destroy()
  })
})

describe('a client that is none', () => {
  it('is told why, and its connection ends', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'close')
    expect(Buffer.concat(chunks).toString('latin1')).toContain('not an HTTP/2 preface')
  })
})
