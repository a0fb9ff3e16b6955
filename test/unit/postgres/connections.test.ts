// The edges of a connection, against a real server: versions, keys, garbage.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Operation } from '../../../src/core/operation.ts'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
})
afterAll(() => server.stop())

async function connected(): Promise<{ client: PgWireClient; port: number }> {
  const bridge = await server.bridge()
  return { client: await connectPgWire({ port: bridge.port, timeout: 5000 }), port: bridge.port }
}
const LOGIN = { user: 'ada', database: 'postgres' }

describe('a connection', () => {
  it.each([
    [f.PROTOCOL_3_2, 32],
    [0x0003_0000, 4],
  ])(
    'of version %i gets a key of %i bytes, which cancels its query and no other',
    async (version, length) => {
      const { client, port } = await connected()
      const messages = await client.login(LOGIN, { password: 'token', version })
      const [key] = ofKind(messages, 'BackendKeyData')
      expect(key?.key).toHaveLength(length)
      client.send(f.query('SELECT pg_sleep(20)'))
      await client.silence(100)
      for (const secret of [Buffer.alloc(length, 1), key?.key ?? Buffer.alloc(0)]) {
        const other = await connectPgWire({ port, timeout: 5000 })
        other.send(f.cancelRequest(key?.pid ?? 0, secret))
        expect((await other.untilEnd()).messages).toEqual([])
        if (secret[0] === 1 && secret.every((byte) => byte === 1)) await client.silence(100)
      }
      const [error] = ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')
      expect(error?.fields.C).toBe('57014')
      client.send(f.query('SELECT 1'))
      expect(textRows(await client.until('ReadyForQuery'))).toEqual([['1']])
      client.destroy()
    },
  )

  it('that asks for a later minor version or an extension is told what is spoken', async () => {
    const { client } = await connected()
    const messages = await client.login(
      { ...LOGIN, '_pq_.unheard_of': 'x' },
      { password: 't', version: 0x0003_270f },
    )
    expect(ofKind(messages, 'NegotiateProtocolVersion')).toEqual([
      { kind: 'NegotiateProtocolVersion', version: f.PROTOCOL_3_2, unrecognized: ['_pq_.unheard_of'] },
    ])
    client.destroy()
  })

  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a packet of impossible length', Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])],
    ['protocol 2.0', f.startup(LOGIN, 0x0002_0000)],
    ['no user', f.startup({})],
    ['a parameter twice', f.startup([...Object.entries(LOGIN), ['user', 'bob']])],
    ['replication', f.startup({ ...LOGIN, replication: 'database' })],
    [
      'a setting that changes what statements mean',
      f.startup({ ...LOGIN, standard_conforming_strings: 'off' }),
    ],
    ['the same by options', f.startup({ ...LOGIN, options: '-c standard_conforming_strings=off' })],
    ['another encoding', f.startup({ ...LOGIN, client_encoding: 'SJIS' })],
  ])('that begins with %s ends with a fatal error', async (_title, bytes) => {
    const { client } = await connected()
    client.send(bytes)
    const { messages } = await client.untilEnd()
    expect(messages.map(({ kind }) => kind)).toEqual(['ErrorResponse'])
    expect(ofKind(messages, 'ErrorResponse')[0]?.fields.S).toBe('FATAL')
  })

  it.each([
    ['an unknown type', f.message('!')],
    ['an impossible length', f.message('Q', Buffer.alloc(0), 3)],
    ['a Query without its zero byte', f.message('Q', Buffer.from('SELECT 1'))],
    ['bytes behind the text of a Query', f.message('Q', Buffer.from('SELECT 1\0; DROP TABLE orders\0'))],
    ['text that is not UTF-8', f.message('Q', Buffer.from([0x27, 0xff, 0x27, 0]))],
    ['a Sync with a body', f.message('S', Buffer.from('x'))],
    ['a Bind that ends early', f.message('B', Buffer.from('\0\0\0\x01'))],
    ['a second login', f.password('again')],
  ])('ends with a fatal error at %s, and nothing of it reaches the server', async (_title, bytes) => {
    const { client, bridge } = await server.client()
    const before = bridge.traffic[0]?.toServer.length
    client.send(bytes)
    const { messages } = await client.untilEnd()
    expect(ofKind(messages, 'ErrorResponse').map(({ fields }) => fields.S)).toEqual(['FATAL'])
    expect(bridge.traffic[0]?.toServer).toHaveLength(before ?? 0)
    expect(bridge.traffic[0]?.thrown).toBeUndefined()
  })

  it('that sends more than is kept while an answer is outstanding is closed', async () => {
    const judge = (operation: Operation) =>
      operation.text === 'SELECT 2' ? new Promise<undefined>(() => undefined) : undefined
    const { client } = await server.client({ judge, limits: { buffered: 100_000 } })
    client.send(f.query('SELECT 2'))
    for (let i = 0; i < 20; i += 1) client.send(f.query(`SELECT '${'x'.repeat(10_000)}'`))
    const { messages } = await client.untilEnd()
    expect(ofKind(messages, 'ErrorResponse').map(({ fields }) => fields.C)).toEqual(['54000'])
  })

  it('that is lost at the server in the middle of a result ends in no message cut short', async () => {
    const { client, bridge } = await server.client()
    client.pause()
    client.send(f.query("SELECT repeat('x', 100000000), pg_backend_pid()"))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await server.postgres.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT repeat%' AND pid <> pg_backend_pid()",
    )
    client.resume()
    const end = await client.untilEnd().catch((error: Error) => error.message)
    // Either the row came whole before the server's own words, or the stream just ends: never words inside a row.
    if (typeof end !== 'string') expect(end.messages.map(({ kind }) => kind)).toContain('ErrorResponse')
    else expect(end).toMatch(/ended within a message/)
    expect(bridge.traffic[0]?.thrown).toBeUndefined()
  })

  it('that the server ends while the catalog is asked hears the server’s own words', async () => {
    const { client: locker } = await server.client()
    locker.send(f.query('BEGIN; LOCK TABLE pg_catalog.pg_inherits IN ACCESS EXCLUSIVE MODE'))
    await locker.until('ReadyForQuery')
    const { client } = await server.client({ masks: MASKS ?? [] })
    client.send(f.query('SELECT pg_backend_pid()'))
    const [[pid] = []] = textRows(await client.until('ReadyForQuery'))
    client.send(f.query('SELECT item FROM orders'))
    await client.silence(200)
    await server.postgres.query('SELECT pg_terminate_backend($1)', [Number(pid)])
    const { messages } = await client.untilEnd()
    expect(ofKind(messages, 'ErrorResponse').map(({ fields }) => fields.C)).toEqual(['57P01'])
    locker.destroy()
  })

  it('hears nothing of what the session asks, though the server tells it of all that runs', async () => {
    const { client } = await server.client({ masks: MASKS ?? [] })
    client.send(f.query('SET client_min_messages = debug5'))
    await client.until('ReadyForQuery')
    client.send(f.query('SELECT item FROM orders'))
    const notices = ofKind(await client.until('ReadyForQuery'), 'NoticeResponse')
    expect(notices.length).toBeGreaterThan(0)
    expect(JSON.stringify(notices)).not.toMatch(/chaperone [0-9a-f]{24}|pg_rewrite/)
  })

  it.each([
    ['simple', [f.query('SELECT 1'), f.query('SELECT 2')]],
    [
      'extended, with no Sync behind them',
      [
        f.parse({ sql: 'SELECT 1' }),
        f.bind({}),
        f.execute(),
        f.parse({ sql: 'SELECT 2' }),
        f.bind({}),
        f.execute(),
      ],
    ],
  ])(
    'whose statements end with Terminate in the same packet gets their answers first, %s',
    async (_title, sent) => {
      const { client, bridge } = await server.client()
      client.send(...sent, f.terminate(), f.query('SELECT 3'))
      expect(textRows((await client.untilEnd()).messages)).toEqual([['1'], ['2']])
      expect(bridge.traffic[0]?.thrown).toBeUndefined()
    },
  )

  it.each([
    ['during COPY', [f.query('COPY orders (id) FROM STDIN')], 'CopyInResponse'],
    ['after an error that skips', [f.parse({ sql: 'SELECT nosuch' })], undefined],
  ] as const)('that ends with Terminate %s is over', async (_title, sent, answer) => {
    const { client } = await server.client()
    client.send(...sent)
    if (answer) await client.until(answer)
    client.send(f.terminate())
    await client.untilEnd()
  })

  it('stays usable through a thousand small segments in one write', async () => {
    const { client } = await server.client()
    const one = [f.parse({ sql: 'SELECT 1' }), f.bind({}), f.execute(), f.sync()]
    client.send(...Array.from({ length: 1000 }, () => one).flat())
    for (let i = 0; i < 1000; i += 1) expect(textRows(await client.until('ReadyForQuery'))).toEqual([['1']])
  })
})
