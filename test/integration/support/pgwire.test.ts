import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createAuthority } from '../../support/keys.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import * as frontend from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('pgwire')
let plain: Postgres
let secure: Postgres
let scram: Postgres
let ca: string
const open: PgWireClient[] = []

beforeAll(async () => {
  const authority = createAuthority(home.path)
  const leaf = authority.issue({ name: 'server', hosts: ['localhost'] })
  const tls = { cert: leaf.certificate, key: leaf.key }
  ca = readFileSync(authority.certificate, 'utf8')
  plain = await startPostgres({ hba: 'trust' })
  scram = await startPostgres({ users: [{ name: 'ann', password: 'opensesame' }] })
  secure = await startPostgres({ tls, hba: 'password', users: [{ name: 'ann', password: 'opensesame' }] })
})
afterEach(() => {
  for (const client of open.splice(0)) client.destroy()
})
afterAll(async () => {
  await plain?.stop()
  await secure?.stop()
  await scram?.stop()
  home.remove()
})

async function connect(port = plain.port, more = {}): Promise<PgWireClient> {
  const client = await connectPgWire({ port, ...more })
  open.push(client)
  return client
}

async function loggedIn(parameters: Record<string, string> = {}): Promise<PgWireClient> {
  const client = await connect()
  await client.login({ user: 'postgres', database: 'postgres', ...parameters })
  return client
}

describe('login', () => {
  it('reads what the server says up to ReadyForQuery', async () => {
    const client = await connect()
    const messages = await client.login({ user: 'postgres', application_name: 'raw' })
    const name = ofKind(messages, 'ParameterStatus').find((status) => status.name === 'application_name')
    expect(name?.value).toBe('raw')
    expect(ofKind(messages, 'BackendKeyData')[0]?.key).toHaveLength(4)
  })
  it('speaks protocol 3.2, whose cancel keys are longer', async () => {
    const client = await connect()
    const messages = await client.login({ user: 'postgres' }, { version: frontend.PROTOCOL_3_2 })
    expect(ofKind(messages, 'BackendKeyData')[0]?.key.length).toBeGreaterThan(4)
  })
  it('sees how a server negotiates a version and an option that it does not have', async () => {
    const client = await connect()
    client.send(
      frontend.startup(
        [
          ['user', 'postgres'],
          ['_pq_.nothing', '1'],
        ],
        0x0003_0063,
      ),
    )
    const answer = await client.expect('NegotiateProtocolVersion')
    expect(answer.unrecognized).toEqual(['_pq_.nothing'])
  })
  it('rejects with the SQLSTATE of a refused login', async () => {
    const client = await connect()
    await expect(client.login({ user: 'nobody' })).rejects.toThrow(/^28000: /)
  })
})

describe('before the login', () => {
  it('GSSENCRequest is answered with one byte', async () => {
    const client = await connect()
    client.send(frontend.gssEncRequest())
    expect(await client.byte()).toBe('N')
    await client.login({ user: 'postgres' })
  })
  it('SCRAM is spoken message by message', async () => {
    const client = await connect(scram.port)
    client.send(frontend.startup({ user: 'ann', database: 'postgres' }))
    expect((await client.expect('AuthenticationSASL')).mechanisms).toEqual(['SCRAM-SHA-256'])
    client.send(frontend.saslInitialResponse('SCRAM-SHA-256', 'n,,n=,r=nonce'))
    expect((await client.expect('AuthenticationSASLContinue')).data.toString()).toMatch(
      /^r=nonce.+,s=.+,i=4096$/,
    )
    client.send(frontend.saslResponse('no proof'))
    expect((await client.expect('ErrorResponse')).fields.C).toBe('08P01')
  })
  it('any bytes can be sent: a startup of a protocol that does not exist', async () => {
    const client = await connect()
    client.send(frontend.untyped(Buffer.from([0, 9, 0, 0])))
    expect((await client.expect('ErrorResponse')).fields.C).toBe('0A000')
    expect((await client.untilEnd()).messages).toEqual([])
  })
})

describe('TLS', () => {
  it('is negotiated in band, with a cleartext password inside', async () => {
    const client = await connect(secure.port)
    await client.startTls({ ca })
    await client.login({ user: 'ann', database: 'postgres' }, { password: 'opensesame' })
    client.send(frontend.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()'))
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['t']])
  })
  it('starts with the first byte where the server takes it', async () => {
    const client = await connect(secure.port, { directTls: { ca } })
    await client.login({ user: 'ann', database: 'postgres' }, { password: 'opensesame' })
  })
  it('is not believed without the right certificate authority', async () => {
    const client = await connect(secure.port)
    await expect(client.startTls()).rejects.toThrow(/certificate/)
  })
  it('is an error where the server has none', async () => {
    const client = await connect()
    await expect(client.startTls()).rejects.toThrow('"N"')
  })
})

describe('queries', () => {
  it('a simple query of several statements gives the messages of each', async () => {
    const client = await loggedIn()
    client.send(frontend.query('select 1 as one, null; select 2'))
    const messages = await client.until('ReadyForQuery')
    expect(textRows(messages)).toEqual([['1', null], ['2']])
    expect(ofKind(messages, 'RowDescription')[0]?.columns[0]).toMatchObject({ name: 'one', type: 23 })
    expect(ofKind(messages, 'CommandComplete').map((message) => message.tag)).toEqual([
      'SELECT 1',
      'SELECT 1',
    ])
  })
  it('a message may arrive byte by byte', async () => {
    const client = await loggedIn()
    await client.sendSplit(frontend.query('select 42'), 'every-byte')
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['42']])
  })
  it('the extended protocol takes and gives both formats, and portals stop and go on', async () => {
    const client = await loggedIn()
    client.send(
      frontend.parse({ name: 's', sql: 'select $1::int4 + n from generate_series(1, 3) n', types: [23] }),
      frontend.describe('S', 's'),
      frontend.bind({
        portal: 'p',
        statement: 's',
        formats: [1],
        values: [Buffer.from([0, 0, 0, 9])],
        resultFormats: [1],
      }),
      frontend.execute('p', 2),
      frontend.execute('p'),
      frontend.close('P', 'p'),
      frontend.sync(),
    )
    const messages = await client.until('ReadyForQuery')
    expect(messages.map((message) => message.kind)).toEqual([
      'ParseComplete',
      'ParameterDescription',
      'RowDescription',
      'BindComplete',
      'DataRow',
      'DataRow',
      'PortalSuspended',
      'DataRow',
      'CommandComplete',
      'CloseComplete',
      'ReadyForQuery',
    ])
    const rows = ofKind(messages, 'DataRow')
    expect(rows.map((row) => row.values[0]?.readInt32BE())).toEqual([10, 11, 12])
  })
  it('Flush brings the answers so far, without ReadyForQuery', async () => {
    const client = await loggedIn()
    client.send(frontend.parse({ sql: 'select 1' }), frontend.flush())
    await client.expect('ParseComplete')
    await client.silence(50)
  })
  it('a message may state a wrong length', async () => {
    const client = await loggedIn()
    client.send(frontend.message('Q', Buffer.from('select 1\0'), 3))
    await client.untilEnd()
    await vi.waitFor(() => expect(plain.log()).toContain('invalid message length'))
  })
  it('an error keeps its fields by their letter', async () => {
    const client = await loggedIn()
    client.send(frontend.query('select 1/0'))
    const messages = await client.until('ReadyForQuery')
    expect(ofKind(messages, 'ErrorResponse')[0]?.fields.C).toBe('22012')
  })
  it('COPY goes in, fails and comes out', async () => {
    const client = await loggedIn()
    client.send(frontend.query('create temp table t (a int, b text)'))
    await client.until('ReadyForQuery')
    client.send(frontend.query('copy t from stdin'))
    expect(await client.expect('CopyInResponse')).toMatchObject({ format: 0, columnFormats: [0, 0] })
    client.send(frontend.copyData('1\ta\n'), frontend.copyData('2\tb\n'), frontend.copyDone())
    await client.until('ReadyForQuery')
    client.send(frontend.query('copy t from stdin'))
    await client.expect('CopyInResponse')
    client.send(frontend.copyFail('no more'))
    expect((await client.expect('ErrorResponse')).fields.M).toContain('no more')
    await client.until('ReadyForQuery')
    client.send(frontend.query('copy t to stdout'))
    const out = ofKind(await client.until('ReadyForQuery'), 'CopyData')
    expect(out.map((message) => message.data.toString())).toEqual(['1\ta\n', '2\tb\n'])
  })
  it('a function call gives its value', async () => {
    const client = await loggedIn()
    // 1317: length(text)
    client.send(frontend.functionCall({ function: 1317, values: ['hello'] }))
    const [answer] = ofKind(await client.until('ReadyForQuery'), 'FunctionCallResponse')
    expect(answer?.value?.toString()).toBe('5')
  })
  it('notifications and notices are seen', async () => {
    const client = await loggedIn()
    client.send(frontend.query(`listen news; notify news, 'hi'; do $$begin raise notice 'hm'; end$$`))
    const messages = [...(await client.until('ReadyForQuery'))]
    if (ofKind(messages, 'NotificationResponse').length === 0) messages.push(await client.next())
    expect(ofKind(messages, 'NotificationResponse')[0]).toMatchObject({ channel: 'news', payload: 'hi' })
    expect(ofKind(messages, 'NoticeResponse')[0]?.fields.M).toBe('hm')
  })
  it('a cancel request on another connection stops a statement', async () => {
    const client = await connect()
    const [key] = ofKind(await client.login({ user: 'postgres' }), 'BackendKeyData')
    client.send(frontend.query('select pg_sleep(30)'))
    await client.silence(200)
    const other = await connect()
    other.send(frontend.cancelRequest(key?.pid ?? 0, key?.key ?? Buffer.alloc(4)))
    expect((await other.untilEnd()).messages).toEqual([])
    expect(ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')[0]?.fields.C).toBe('57014')
  })
})

describe('waiting', () => {
  it('ends with a timeout that says what was awaited', async () => {
    const client = await loggedIn()
    await expect(client.next(100)).rejects.toThrow(/timeout while waiting for a message/)
  })
  it('ends when the server closes, and tells how', async () => {
    const client = await loggedIn()
    client.send(frontend.terminate())
    expect(await client.untilEnd()).toEqual({ messages: [], how: 'FIN' })
    await expect(client.next()).rejects.toThrow(/FIN/)
  })
  it('silence is an error when something arrives', async () => {
    const client = await loggedIn()
    client.send(frontend.query('select 1'))
    await expect(client.silence(300)).rejects.toThrow(/bytes/)
  })
  it('a message of another kind than the expected one is an error that shows it', async () => {
    const client = await loggedIn()
    client.send(frontend.sync())
    await expect(client.expect('DataRow')).rejects.toThrow(/ReadyForQuery/)
  })
  it('a long result is read in time that grows with its length only', async () => {
    const client = await loggedIn()
    client.send(frontend.query('select n, repeat(md5(n::text), 3) from generate_series(1, 200000) n'))
    const messages = await client.until('ReadyForQuery', 20_000)
    expect(ofKind(messages, 'DataRow')).toHaveLength(200_000)
  })
})

describe('a server that misbehaves', () => {
  async function answeredWith(act: (socket: Socket) => void): Promise<PgWireClient> {
    const server = createServer(act)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const client = await connect(typeof address === 'object' && address ? address.port : 0)
    server.close()
    return client
  }
  it.each([
    ['bytes after a body', [0x31, 0, 0, 0, 5, 9], /1 bytes too many/],
    ['a body that is too short', [0x5a, 0, 0, 0, 4], /1 bytes wanted, 0 left/],
    ['a length below four', [0x5a, 0, 0, 0, 3], /length 3/],
    ['an end within a message', [0x5a, 0, 0, 0, 5], /ended within a message/],
  ])('%s is an error', async (_, bytes, message) => {
    const client = await answeredWith((socket) => socket.end(Buffer.from(bytes)))
    await expect(client.next()).rejects.toThrow(message)
  })
  it('a reset is told from an end', async () => {
    const client = await answeredWith((socket) => socket.once('data', () => socket.resetAndDestroy()))
    client.send(frontend.sync())
    expect((await client.untilEnd()).how).toBe('ECONNRESET')
  })
  it('a reset by the client arrives as one', async () => {
    let how: (code: string | undefined) => void = () => undefined
    const seen = new Promise<string | undefined>((resolve) => {
      how = resolve
    })
    const client = await answeredWith((socket) => {
      socket
        .on('error', (error: NodeJS.ErrnoException) => how(error.code))
        .on('end', () => how('FIN'))
        .resume()
    })
    client.reset()
    expect(await seen).toBe('ECONNRESET')
  })
})
