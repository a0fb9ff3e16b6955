// How a connection may begin: encryption requests, protocol versions, settings, OAUTHBEARER.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BackendMessage, ofKind } from '../../support/pgwire/backend.ts'
import {
  cancelRequest,
  gssEncRequest,
  PROTOCOL_3_2,
  query,
  type StartupParameters,
  saslInitialResponse,
  saslResponse,
  startup,
} from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { run } from '../../support/stack/clients.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let token: string
beforeAll(async () => {
  stack = await startStack({
    policies: {
      waiting: { decision: 'allow', resources: '*', effects: ['call'], objects: ['*pg_sleep'] },
    },
  })
  token = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())

const WHO = { user: 'anybody', database: 'app' }

/** The value of a query's only column and row. */
async function ask(client: PgWireClient, sql: string): Promise<string | undefined> {
  client.send(query(sql))
  const [row] = ofKind(await client.until('ReadyForQuery'), 'DataRow')
  return row?.values[0]?.toString()
}

async function loggedIn(parameters: StartupParameters, version?: number) {
  const client = await stack.wireTls()
  const messages = await client.login(parameters, {
    password: token,
    ...(version === undefined ? {} : { version }),
  })
  return { client, messages }
}

/** SQLSTATE and text of the refusal of a login. */
async function refused(parameters: StartupParameters): Promise<string> {
  const client = await stack.wireTls()
  try {
    await client.login(parameters, { password: token })
  } catch (error) {
    return (error as Error).message
  } finally {
    client.destroy()
  }
  throw new Error('it was let in')
}

describe('encryption', () => {
  it('direct TLS with ALPN gets in, without any SSLRequest', async () => {
    const directTls = { ca: readFileSync(stack.ca) }
    const client = await connectPgWire({ port: stack.port, directTls })
    await client.login(WHO, { password: token })
    expect(await ask(client, 'select 40 + 2')).toBe('42')
    client.destroy()
  })

  it.each([['h2', 'http/1.1'], []])(
    'direct TLS with ALPN %s is refused before the handshake, as PostgreSQL does',
    async (...ALPNProtocols) => {
      const directTls = { ca: readFileSync(stack.ca), ALPNProtocols }
      await expect(connectPgWire({ port: stack.port, directTls })).rejects.toMatchObject({
        code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
      })
    },
  )

  it.each([['h2', 'http/1.1'], ['http/1.1']])(
    'TLS of a browser (ALPN %s) behind SSLRequest ends before a login',
    async (...ALPNProtocols) => {
      const client = await connectPgWire({ port: stack.port })
      await expect(client.startTls({ ca: readFileSync(stack.ca), ALPNProtocols })).rejects.toThrow()
      client.destroy()
    },
  )

  it('TLS behind SSLRequest needs no ALPN', async () => {
    const client = await connectPgWire({ port: stack.port })
    await client.startTls({ ca: readFileSync(stack.ca), ALPNProtocols: [] })
    await client.login(WHO, { password: token })
    expect(await ask(client, 'select 40 + 2')).toBe('42')
    client.destroy()
  })

  it('GSSENCRequest is declined, and SSLRequest then goes on', async () => {
    const client = await connectPgWire({ port: stack.port })
    client.send(gssEncRequest())
    expect(await client.byte()).toBe('N')
    await client.startTls({ ca: readFileSync(stack.ca) })
    await client.login(WHO, { password: token })
    expect(await ask(client, 'select 1')).toBe('1')
    client.destroy()
  })

  it.each(['require', 'verify-ca', 'verify-full', 'prefer', 'allow'])(
    'psql with sslmode=%s',
    async (mode) => {
      const target = stack.conninfo().replace('sslmode=verify-full', `sslmode=${mode}`)
      const { stdout, stderr } = await run('psql', [target, '-XAtc', 'select 1'], token)
      expect({ stdout, stderr }).toEqual({ stdout: '1\n', stderr: '' })
    },
  )

  it('psql with sslmode=disable is told to use TLS', async () => {
    const target = stack.conninfo().replace(/sslmode=.*/, 'sslmode=disable')
    const { stderr, code } = await run('psql', [target, '-XAtc', 'select 1'], token)
    expect(code).toBe(2)
    expect(stderr).toMatch(/FATAL: {2}chaperone: this resource is reached with TLS only/)
  })

  it('psql with channel_binding=prefer gets in; with require it gives no token away', async () => {
    const prefer = `${stack.conninfo()} channel_binding=prefer`
    expect((await run('psql', [prefer, '-XAtc', 'select 1'], token)).stdout).toBe('1\n')
    const require = `${stack.conninfo()} channel_binding=require`
    expect((await run('psql', [require, '-XAtc', 'select 1'], token)).stderr).toMatch(/channel binding/)
  })
})

describe('protocol versions', () => {
  it('3.2 is spoken, with a long cancellation key that cancels', async () => {
    const { client, messages } = await loggedIn(WHO, PROTOCOL_3_2)
    expect(ofKind(messages, 'NegotiateProtocolVersion')).toEqual([])
    const [key] = ofKind(messages, 'BackendKeyData')
    if (!key) throw new Error('the login gave no key')
    expect(key.key.length).toBe(32)
    client.send(query('select pg_sleep(20)'))
    await client.silence(300)
    const canceler = await stack.wireTls()
    canceler.send(cancelRequest(key.pid, key.key))
    const [error] = ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')
    expect(error?.fields).toMatchObject({ C: '57014', M: 'canceling statement due to user request' })
    expect(await ask(client, 'select 1')).toBe('1')
    client.destroy()
    canceler.destroy()
  })

  it('3.0 has a key of four bytes', async () => {
    const { client, messages } = await loggedIn(WHO)
    expect(ofKind(messages, 'BackendKeyData')[0]?.key.length).toBe(4)
    client.destroy()
  })

  it.each([0x0003_0001, 0x0003_0003, 0x0003_270f])('minor version %d is negotiated down', async (version) => {
    const { client, messages } = await loggedIn(WHO, version)
    const minor = (version & 0xffff) > 2 ? 2 : 0
    expect(ofKind(messages, 'NegotiateProtocolVersion')).toEqual([
      { kind: 'NegotiateProtocolVersion', version: 0x0003_0000 | minor, unrecognized: [] },
    ])
    expect(await ask(client, 'select 1')).toBe('1')
    client.destroy()
  })

  it('protocol extensions are named as not supported, and the session goes on', async () => {
    const { client, messages } = await loggedIn({ ...WHO, '_pq_.compression': 'zstd' })
    expect(ofKind(messages, 'NegotiateProtocolVersion')[0]?.unrecognized).toEqual(['_pq_.compression'])
    client.destroy()
  })

  it.each([0x0002_0000, 0x0004_0000])('major version %d is refused', async (version) => {
    const client = await stack.wireTls()
    client.send(startup(WHO, version))
    const { messages } = await client.untilEnd()
    expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({
      C: '0A000',
      M: expect.stringContaining('only 3.0 to 3.2'),
    })
  })
})

describe('settings at login', () => {
  it.each<[string, Record<string, string>, string, string]>([
    ['application_name', { application_name: 'reports' }, 'show application_name', 'reports'],
    ['DateStyle', { DateStyle: 'German' }, 'show datestyle', 'German, DMY'],
    ['TimeZone', { timezone: 'Asia/Tokyo' }, 'show timezone', 'Asia/Tokyo'],
    ['extra_float_digits', { extra_float_digits: '3' }, 'show extra_float_digits', '3'],
    ['statement_timeout', { statement_timeout: '12345' }, 'show statement_timeout', '12345ms'],
    [
      'default_transaction_read_only',
      { options: '-c default_transaction_read_only=on' },
      'show transaction_read_only',
      'on',
    ],
    [
      'default_transaction_isolation',
      { options: '-c default_transaction_isolation=repeatable\\ read' },
      'show transaction_isolation',
      'repeatable read',
    ],
    ['idle_session_timeout', { idle_session_timeout: '1h' }, 'show idle_session_timeout', '1h'],
    ['client_encoding as UTF8', { client_encoding: 'utf-8' }, 'show client_encoding', 'UTF8'],
    ['client_encoding in quotes', { client_encoding: `'utf-8'` }, 'show client_encoding', 'UTF8'],
    ['options -c', { options: '-c lock_timeout=5s -c geqo=off' }, 'show lock_timeout', '5s'],
    ['options --', { options: '--statement-timeout=7s' }, 'show statement_timeout', '7s'],
    [
      'options with an escaped space',
      { options: '-c application_name=a\\ b' },
      'show application_name',
      'a b',
    ],
  ])('%s is taken', async (_, parameters, sql, value) => {
    const { client } = await loggedIn({ ...WHO, ...parameters })
    expect(await ask(client, sql)).toBe(value)
    client.destroy()
  })

  it.each<[Record<string, string>, RegExp]>([
    [{ options: '-c standard_conforming_strings=off' }, /0A000: .*"standard_conforming_strings"/],
    [{ standard_conforming_strings: 'off' }, /0A000: .*"standard_conforming_strings"/],
    [{ options: '-c search_path=evil' }, /0A000: .*"search_path"/],
    [{ search_path: 'evil' }, /0A000: .*"search_path"/],
    [{ options: '--search-path=evil' }, /0A000: .*"search_path"/],
    [{ options: '-csearch_path=evil' }, /0A000: .*"search_path"/],
    [{ role: 'postgres' }, /0A000: .*"role"/],
    [{ session_authorization: 'postgres' }, /0A000: .*"session_authorization"/],
    [{ options: '-c session_preload_libraries=x' }, /0A000: .*"session_preload_libraries"/],
    [{ options: '-c row_security=off' }, /0A000: .*"row_security"/],
    [
      { options: '-c default_transaction_read_only=off' },
      /0A000: .*default_transaction_read_only may only be on/,
    ],
    [{ options: '-W 10' }, /0A000: .*-c name=value/],
    [{ options: '-c' }, /0A000: .*-c name=value/],
    [{ options: 'search_path=x' }, /0A000: .*-c name=value/],
    [{ client_encoding: 'LATIN1' }, /0A000: .*client_encoding must be UTF8/],
    [{ client_encoding: 'SQL_ASCII' }, /0A000: .*client_encoding must be UTF8/],
    [{ options: '-c client_encoding=GBK' }, /0A000: .*client_encoding must be UTF8/],
    [{ replication: 'database' }, /0A000: .*replication/],
    [{ replication: 'true' }, /0A000: .*replication/],
  ])('%o is refused and named', async (parameters, told) => {
    expect(await refused({ ...WHO, ...parameters })).toMatch(told)
  })

  it('a setting that comes twice is refused', async () => {
    const twice = [...Object.entries(WHO), ['application_name', 'a'], ['application_name', 'b']] as const
    expect(await refused(twice as StartupParameters)).toMatch(/08P01: .*"application_name" twice/)
  })
})

describe('who the client says it is', () => {
  it.each(['postgres', 'app_rw', 'rita', 'x'.repeat(200), `'; drop role app_rw; --`])(
    'the stated user %s changes nothing',
    async (user) => {
      const { client } = await loggedIn({ ...WHO, user })
      expect(await ask(client, 'select session_user')).toBe('app_rw')
      client.destroy()
    },
  )

  it('a database that is not offered is refused, with those that are', async () => {
    expect(await refused({ ...WHO, database: 'postgres' })).toMatch(/28000: .*"postgres" is not offered here/)
    const outcome = await stack.psql(token, 'select 1;', { database: 'template1' })
    expect(outcome.stderr).toMatch(/HINT: {2}Choose one of: app\./)
  })

  it('a connection string with its password in place of the database’s name is neither audited nor logged as it is', async () => {
    const before = stack.audit().length
    for (const database of [
      `postgres://ada:${token}@db.example/app`,
      'postgres://ada:hunter2@db.example/app',
    ])
      expect(await refused({ ...WHO, database })).toMatch(/28000: .*is not offered here/)
    const written = JSON.stringify(stack.audit().slice(before))
    expect(written).toContain('postgres://<redacted>@db.example/app')
    for (const secret of [token.split('.')[2], 'hunter2']) expect(written).not.toContain(secret)
  })

  it('the database is the user’s name when none is stated, as the protocol says', async () => {
    expect(await refused({ user: 'somebody' })).toMatch(/"somebody" is not offered here/)
    const { client } = await loggedIn({ user: 'app' })
    expect(await ask(client, 'select current_database()')).toBe('app')
    client.destroy()
  })
})

describe('OAUTHBEARER', () => {
  let oauth: Stack
  beforeAll(async () => {
    oauth = await startStack({ resource: { authentication: ['oauthbearer'] } })
  })
  afterAll(() => oauth?.stop())

  async function offered(): Promise<PgWireClient> {
    const client = await oauth.wireTls()
    client.send(startup(WHO))
    expect((await client.expect('AuthenticationSASL')).mechanisms).toEqual(['OAUTHBEARER'])
    return client
  }
  const bearer = (value: string) => saslInitialResponse('OAUTHBEARER', `n,,\x01auth=${value}\x01\x01`)
  const failure = (messages: readonly BackendMessage[]) => ofKind(messages, 'ErrorResponse')[0]?.fields

  it('a bearer token logs in', async () => {
    const client = await offered()
    client.send(bearer(`Bearer ${await oauth.tokens.person(['analysts'])}`))
    await client.until('ReadyForQuery')
    expect(await ask(client, 'select current_user')).toBe('app_ro')
    client.destroy()
  })

  it('a client without a token is told where to get one, and then that it failed', async () => {
    const client = await offered()
    client.send(bearer(''))
    const { data } = await client.expect('AuthenticationSASLContinue')
    expect(JSON.parse(data.toString())).toEqual({
      status: 'invalid_token',
      'openid-configuration': `${oauth.issuers.people.issuer}/.well-known/openid-configuration`,
    })
    client.send(saslResponse('\x01'))
    const { messages } = await client.untilEnd()
    expect(failure(messages)).toMatchObject({ S: 'FATAL', C: '28000' })
  })

  it.each<[string, () => Promise<Uint8Array>]>([
    ['a stranger’s token', async () => bearer(`Bearer ${await oauth.tokens.stranger(['admins'])}`)],
    ['a token that is none', async () => bearer('Bearer letmein')],
    ['another scheme', async () => bearer('Basic YTpi')],
    ['another mechanism', async () => saslInitialResponse('SCRAM-SHA-256', 'n,,n=,r=abc')],
    ['a response that is cut off', async () => saslInitialResponse('OAUTHBEARER', 'n,,\x01auth=Bearer x')],
    [
      'auth twice',
      async () => saslInitialResponse('OAUTHBEARER', 'n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01'),
    ],
    [
      'a good token with an identity to act as',
      async () =>
        saslInitialResponse(
          'OAUTHBEARER',
          `n,a=app_rw,\x01auth=Bearer ${await oauth.tokens.person(['analysts'])}\x01\x01`,
        ),
    ],
    [
      'channel binding',
      async () => saslInitialResponse('OAUTHBEARER', 'p=tls-unique,,\x01auth=Bearer a\x01\x01'),
    ],
  ])('%s is refused', async (_, answer) => {
    const client = await offered()
    client.send(await answer())
    const { messages } = await client.untilEnd()
    expect(failure(messages)).toMatchObject({ S: 'FATAL' })
    expect(ofKind(messages, 'AuthenticationOk')).toEqual([])
  })
})
