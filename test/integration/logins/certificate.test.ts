// Client certificates as identity: Envoy verifies them, Chaperone decides whom they stand for.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authority, createAuthority, type KeyPair } from '../../support/keys.ts'
import { type Output, run } from '../../support/stack/clients.ts'
import { type Stack, type StackOptions, startStack } from '../../support/stack.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/tmp.ts'

/** Seconds that a certificate lasts, and that its session may outlive it. */
const LASTS = 8
const OUTLIVES = 2
const PIPELINE = 'spiffe://prod.example/ns/etl/sa/pipeline'

let folder: TemporaryDirectory
let clients: Authority
let good: KeyPair
let foreign: KeyPair
beforeAll(() => {
  folder = temporaryDirectory('certificates')
  clients = createAuthority(folder.path, 'clients')
  good = clients.issue({ name: 'pipeline', uris: [PIPELINE] })
  foreign = createAuthority(folder.path, 'strangers').issue({ name: 'stranger', uris: [PIPELINE] })
})
afterAll(() => folder.remove())

const options = (authentication: readonly ('certificate' | 'token')[]): StackOptions => ({
  resource: {
    limits: { after_expiry: `${OUTLIVES}s` },
    client_ca: clients.certificate,
    authentication: [...authentication],
    certificates: ['etl', 'reports', 'office'],
  },
  config: {
    certificate_identities: {
      etl: {
        trust_domain: 'prod.example',
        subjects: ['spiffe://prod.example/ns/etl/*'],
        groups: ['engineers'],
      },
      reports: { subjects: ['CN=reports'], groups: ['analysts'] },
      office: { subjects: ['CN=*,O=Acme'], groups: ['engineers'] },
    },
  },
})

const tlsOf = (stack: Stack, pair: KeyPair) => ({
  ca: readFileSync(stack.ca, 'utf8'),
  cert: readFileSync(pair.certificate, 'utf8'),
  key: readFileSync(pair.key, 'utf8'),
})

function psql(stack: Stack, pair: KeyPair | undefined, password: string, sql: string): Promise<Output> {
  const shown = pair ? ` sslcert=${pair.certificate} sslkey=${pair.key}` : ''
  return run('psql', [`${stack.conninfo()}${shown}`, '-XAtc', sql], password)
}

describe('authentication: [certificate]', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack(options(['certificate']))
  })
  afterAll(() => stack?.stop())

  it('a SPIFFE ID logs in without any password, as the role of its groups', async () => {
    expect(await psql(stack, good, '', 'select current_user')).toMatchObject({ stdout: 'app_rw\n', code: 0 })
    const login = stack.audit().find((event) => event['type'] === 'login')
    expect(login).toMatchObject({ outcome: 'admitted', actor: { id: `etl#${PIPELINE}`, kind: 'workload' } })
  })

  it('node-postgres logs in with it as well', async () => {
    const ssl = tlsOf(stack, good)
    const client = new pg.Client({ host: stack.host, port: stack.port, user: 'x', database: 'app', ssl })
    await client.connect()
    expect((await client.query('select current_user as me')).rows).toEqual([{ me: 'app_rw' }])
    await client.end()
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'its session ends once it has expired, as that of a token (%s)',
    async (version) => {
      const began = Date.now()
      const pair = clients.issue({ name: `brief-${version}`, uris: [PIPELINE], seconds: LASTS })
      const ssl = { ...tlsOf(stack, pair), minVersion: version, maxVersion: version }
      const client = new pg.Client({ host: stack.host, port: stack.port, user: 'x', database: 'app', ssl })
      await client.connect()
      const ended = new Promise((resolve) => client.once('error', resolve))
      client.on('error', () => undefined)
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(await ended).toMatchObject({ code: '57P01', message: expect.stringMatching(/time is over/) })
      expect(Date.now() - began).toBeGreaterThan((LASTS + OUTLIVES - 1) * 1000)
    },
    30_000,
  )

  it('a subject logs in as the identity that names it', async () => {
    const reports = clients.issue({ name: 'reports' })
    expect(await psql(stack, reports, '', 'select current_user')).toMatchObject({ stdout: 'app_ro\n' })
  })

  it.each<[string, () => KeyPair]>([
    [
      'another trust domain',
      () => clients.issue({ name: 'other', uris: ['spiffe://dev.example/ns/etl/sa/pipeline'] }),
    ],
    [
      'a SPIFFE ID that no identity names',
      () => clients.issue({ name: 'web', uris: ['spiffe://prod.example/ns/web/sa/front'] }),
    ],
    ['a subject that no identity names', () => clients.issue({ name: 'nobody' })],
    ['a common name that spells out an organization', () => clients.issue({ name: 'x,O=Acme' })],
    ['a subject that resembles a SPIFFE ID', () => clients.issue({ name: 'prod.example-ns-etl-sa-x' })],
  ])('%s is refused with a reason', async (_, pair) => {
    const outcome = await psql(stack, pair(), '', 'select 1')
    expect(outcome.stderr).toMatch(/FATAL: {2}chaperone: the client certificate of .* is not accepted here/)
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
  })

  it('a certificate of another authority does not get past Envoy, whatever it says', async () => {
    const outcome = await psql(stack, foreign, '', 'select 1')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(/SSL|closed the connection/)
  })

  it('an expired certificate does not get past Envoy', async () => {
    const expired = clients.issue({ name: 'expired', uris: [PIPELINE], days: 0 })
    const outcome = await psql(stack, expired, '', 'select 1')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
  })

  it('nobody gets in without a certificate, not even with a token', async () => {
    const outcome = await psql(stack, undefined, await stack.tokens.person(['engineers']), 'select 1')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(
      /FATAL: {2}chaperone: a client certificate is needed here, and none was shown/,
    )
  })
})

describe('authentication: [certificate, token]', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack(options(['certificate', 'token']))
  })
  afterAll(() => stack?.stop())

  it('a certificate is enough', async () => {
    expect(await psql(stack, good, '', 'select current_user')).toMatchObject({ stdout: 'app_rw\n' })
  })

  it('without a certificate a token is asked for', async () => {
    const token = await stack.tokens.person(['analysts'])
    expect(await psql(stack, undefined, token, 'select current_user')).toMatchObject({ stdout: 'app_ro\n' })
    expect((await psql(stack, undefined, 'letmein', 'select 1')).stderr).toMatch(/not a signed token/)
  })

  it('a certificate that is not accepted is refused, whatever token comes with it', async () => {
    const nobody = clients.issue({ name: 'nobody-else' })
    const outcome = await psql(stack, nobody, await stack.tokens.person(['engineers']), 'select 1')
    expect(outcome.stderr).toMatch(/the client certificate of .* is not accepted here/)
    expect((await psql(stack, foreign, await stack.tokens.person(['engineers']), 'select 1')).code).toBe(2)
  })

  it('the session of a certificate lives, though it has no token that ends', async () => {
    const shown = await psql(stack, good, '', 'select count(*) from generate_series(1, 100000)')
    expect(shown).toMatchObject({ stdout: '100000\n', code: 0 })
  })
})
