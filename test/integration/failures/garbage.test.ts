// Bytes that are no protocol's, or break PostgreSQL's: each is answered or closed, and leaves nothing behind.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bind,
  cancelRequest,
  execute,
  gssEncRequest,
  message,
  parse,
  password,
  query,
  sslRequest,
  startup,
  sync,
  untyped,
} from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending, errorsOf } from './ending.ts'
import { type Footprint, footprint, untilNothingIsLeft } from './footprint.ts'

let stack: Stack
let token: string
let before: Footprint
beforeAll(async () => {
  stack = await startStack({
    services: 'child',
    resource: { limits: { login: '3s', message: '1MiB', statement: '64KiB' } },
  })
  token = await stack.tokens.person(['analysts'])
  await stack.psql(token, 'select 1;')
  before = await footprint(stack)
})
afterAll(async () => {
  await stack?.stop()
})

const ME = { user: 'anybody', database: 'app' }
/** Envoy's gate waits 10 seconds for a first message, the session 3 for a login; both linger. */
const CLOSED_WITHIN = 20_000
const noise = (length: number) => Buffer.from(Array.from({ length }, (_, n) => (n * 7919 + 31) % 256))
const header = (length: number, code: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(length >>> 0)
  bytes.writeUInt32BE(code >>> 0, 4)
  return bytes
}

/** Everything that came until the connection closed. */
function knock(bytes: Uint8Array, finish: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(stack.port, '127.0.0.1')
    const chunks: Buffer[] = []
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error('was not closed'))
    }, CLOSED_WITHIN)
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    if (finish) socket.end(bytes)
    else socket.write(bytes)
  })
}

describe('at the gate', () => {
  const bytes: readonly (readonly [string, Uint8Array])[] = [
    ['noise', noise(4096)],
    ['zeroes', Buffer.alloc(64)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['SSH', Buffer.from('SSH-2.0-x\r\n')],
    ['a TLS record that is no ClientHello', Buffer.from('1503030002022a', 'hex')],
    ['a ClientHello of noise', Buffer.concat([Buffer.from('160301020001000', 'hex'), noise(600)])],
    ['a TLS record of 64 KiB', Buffer.from('160301ffff01', 'hex')],
    ['a message of a session', query('drop table orders')],
    ['a startup packet of length 0', header(0, 196608)],
    ['a startup packet of length 7', header(7, 196608)],
    ['a startup packet of 2 GiB', header(0x7fffffff, 196608)],
    ['a startup packet of length -1', header(0xffffffff, 196608)],
    ['a startup packet of protocol 2', header(8, 131072)],
    ['a startup packet of protocol 9', header(8, 9 << 16)],
    ['a startup packet without its end', header(100, 196608)],
    ['clear bytes behind SSLRequest', Buffer.concat([sslRequest(), startup(ME)])],
    ['GSSENCRequest twice', Buffer.concat([gssEncRequest(), gssEncRequest()])],
    ['a CancelRequest with half a key', untyped(header(80877102, 1).subarray(0, 6))],
    ['a CancelRequest for nobody', cancelRequest(1, noise(4))],
    ['half an SSLRequest', sslRequest().subarray(0, 4)],
  ]

  it('whatever comes is closed in time, whether the client stays or goes, and others log in meanwhile', async () => {
    const all = bytes.flatMap(([name, sent]) =>
      [true, false].map(async (finish) => {
        const answer = await knock(sent, finish).catch((error: Error) => error.message)
        return [name, answer] as const
      }),
    )
    expect(await stack.psql(token, 'select 42;')).toMatchObject({ stdout: '42\n', code: 0 })
    for (const [name, answer] of await Promise.all(all)) {
      expect(answer, name).not.toBe('was not closed')
      // an error, a refusal of GSS, the S of a handshake that then failed, or silence; never an authentication request
      expect(answer, name).toMatch(/^(|[SN]+|N?E.*)$/s)
    }
    await untilNothingIsLeft(stack, before)
  })
})

describe('inside TLS, before the login', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['noise', noise(4096), /08P01|0A000/],
    ['a startup packet of 2 GiB', header(0x7fffffff, 196608), /08P01|54000/],
    ['a startup packet of length 4', untyped(Buffer.alloc(0)), /08P01/],
    [
      'a startup packet with a name without value',
      startup([
        ['user', 'a'],
        ['', ''],
      ]),
      /08P01/,
    ],
    ['a startup packet without its last zero', untyped(startup(ME).subarray(4, -1)), /08P01/],
    ['no user', startup({ database: 'app' }), /08P01/],
    ['protocol 2', header(8, 131072), /08P01|0A000/],
    ['SSLRequest again', sslRequest(), /08P01/],
    ['a replication connection', startup({ ...ME, replication: 'database' }), /0A000/],
    [
      'options that change what text means',
      startup({ ...ME, options: '-c standard_conforming_strings=off' }),
      /0A000/,
    ],
    ['an encoding other than UTF-8', startup({ ...ME, client_encoding: 'SJIS' }), /0A000/],
    [
      'a statement in place of the password',
      Buffer.concat([startup(ME), query('drop table orders')]),
      /08P01|28000/,
    ],
    ['a password of 100 KB', Buffer.concat([startup(ME), password('x'.repeat(100_000))]), /28000/],
    [
      'a password that claims 2 GiB',
      Buffer.concat([startup(ME), message('p', noise(8), 0x7fffffff)]),
      /28000|08P01/,
    ],
    ['a password without its end', Buffer.concat([startup(ME), message('p', noise(8))]), /08P01|28000/],
  ])('%s is refused with an error, and costs the target no connection', async (_, bytes, state) => {
    const target = /^cluster\.chaperone\.app\.target\.upstream_cx_total$/
    const connections = await stack.envoyStats(target)
    const client = await stack.wireTls()
    client.send(bytes)
    const end = await ending(client, CLOSED_WITHIN)
    client.destroy()
    expect(end.errors).toHaveLength(1)
    expect(end.errors[0]).toMatch(state)
    expect(await stack.envoyStats(target)).toEqual(connections)
  })
})

describe('in a session', () => {
  const OVERSIZE = 2 * 1024 * 1024

  it.each<[string, Uint8Array]>([
    ['a message of unknown type', message('!')],
    ['a message of length 3', message('Q', Buffer.alloc(0), 3)],
    ['a message of length -1', message('Q', Buffer.alloc(0), -1)],
    ['a query without its zero', message('Q', Buffer.from('drop table orders'))],
    ['a query with bytes behind its zero', message('Q', Buffer.from('select 1\0; drop table orders'))],
    ['a query that is not UTF-8', message('Q', Buffer.from('73656c656374202780ff2700', 'hex'))],
    ['Sync with a body', message('S', Buffer.from('x'))],
    ['Parse that ends early', message('P', Buffer.from('a\0select 1'))],
    ['Bind that counts more than it has', message('B', Buffer.from('\0\0\0\0\xff\xff', 'latin1'))],
    ['Describe of nothing that exists', message('D', Buffer.from('Xa\0'))],
    ['Execute that ends early', message('E', Buffer.from('\0\0'))],
    ['a password out of its place', password('x')],
    ['a CopyBoth of a replica', message('W')],
    ['noise', noise(10_000)],
  ])('%s ends it with an error and leaves nothing', async (_, bytes) => {
    const client = await stack.wire(token)
    client.send(bytes)
    const end = await ending(client, CLOSED_WITHIN)
    client.destroy()
    expect(end.errors.at(-1)).toMatch(/^(08P01|0A000|42501)$/)
    expect(end.completed).toBe(false)
  })

  it.each<[string, readonly Uint8Array[]]>([
    ['a query over the limit', [query(`select 1 /*${' '.repeat(OVERSIZE)}*/`)]],
    [
      'a Parse over the limit',
      [parse({ sql: `select 1 /*${' '.repeat(OVERSIZE)}*/` }), bind({}), execute(), sync()],
    ],
    [
      'a parameter over the limit',
      [parse({ sql: 'select length($1)' }), bind({ values: ['x'.repeat(OVERSIZE)] }), execute(), sync()],
    ],
  ])('%s is refused, and the session goes on', async (_, sent) => {
    const client = await stack.wire(token)
    client.send(...sent)
    expect(await errorsOf(client)).toEqual(['54000'])
    client.send(query('select 1'))
    expect(await errorsOf(client)).toEqual([])
    client.destroy()
  })

  it('a client that leaves in the middle of a message leaves nothing', async () => {
    for (const finish of ['end', 'reset'] as const) {
      const client = await stack.wire(token)
      client.send(query('select 1').subarray(0, 7))
      client[finish]()
    }
    await untilNothingIsLeft(stack, before)
  })
})

it('after all of it the tables are as they were, and nothing is left', async () => {
  expect(await stack.superuser('select count(*)::int as n from orders')).toEqual([{ n: 4 }])
  await untilNothingIsLeft(stack, before)
})
