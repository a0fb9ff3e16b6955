// A target that is down, deaf, unwilling, or dies in the middle of a result.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { type Ending, ending } from './ending.ts'
import { eventually, type Footprint, footprint, untilNothingIsLeft } from './footprint.ts'
import { type Relay, startRelay } from './relay.ts'

/** Seconds of a login in these tests. */
const LOGIN = 4

let relay: Relay
let stack: Stack
let token: string
let before: Footprint
beforeAll(async () => {
  relay = await startRelay()
  stack = await startStack({
    services: 'child',
    resource: {
      upstream: { address: `127.0.0.1:${relay.port}`, tls: { mode: 'disable' } },
      limits: { login: `${LOGIN}s` },
    },
  })
  relay.target = stack.postgres.port
  token = await stack.tokens.person(['analysts'])
  await stack.psql(token, 'select 1;')
})
afterAll(async () => {
  await stack?.stop()
  await relay?.close()
})
beforeEach(async () => {
  before = await footprint(stack)
})
afterEach(() => untilNothingIsLeft(stack, before))

const login = async (): Promise<{ outcome: string; took: number }> => {
  const started = performance.now()
  const client = await stack.wireTls()
  const outcome = await client.login({ user: 'anybody', database: 'app' }, { password: token }).then(
    () => 'in',
    (error: Error) => error.message,
  )
  client.destroy()
  return { outcome, took: performance.now() - started }
}

describe('a login to a target that', () => {
  it('is down fails at once; Envoy leaves no chance to say why', async () => {
    await relay.down()
    const { outcome, took } = await login()
    await relay.up()
    expect(outcome).toMatch(/^(ECONNRESET|FIN|EPIPE) while waiting/)
    expect(took).toBeLessThan(LOGIN * 1000)
    expect((await login()).outcome, 'afterwards').toBe('in')
  })

  it('accepts and never answers fails after the login timeout', async () => {
    relay.silent = true
    const { outcome, took } = await login()
    relay.silent = false
    relay.reset()
    expect(outcome).toMatch(/^08P01: .*login/)
    expect(took).toBeGreaterThan((LOGIN - 1) * 1000)
    expect(took).toBeLessThan((LOGIN + 3) * 1000)
  })

  it.each([
    [
      'the role has no connection left',
      'alter role app_ro connection limit 0',
      'alter role app_ro connection limit -1',
    ],
    ['the role may not log in', 'alter role app_ro nologin', 'alter role app_ro login'],
  ])('refuses since %s fails without naming role or password', async (_, change, undo) => {
    await stack.superuser(change)
    const { outcome } = await login()
    await stack.superuser(undo)
    expect(outcome).toMatch(/^(08006|53300): /)
    expect(outcome).not.toContain('app_ro')
    const metrics = await stack.metrics()
    expect(metrics).toMatch(/^chaperone_sessions_total\{resource="app",outcome="failed"\} [1-9]/m)
    expect(metrics).toMatch(/^chaperone_errors_total\{code="upstream-unavailable"\} [1-9]/m)
    expect((await login()).outcome, 'afterwards').toBe('in')
  })
})

describe('a target that dies in the middle of a result', () => {
  /** 1.2 GB if it came to its end. */
  const long = `select repeat('x', 1000) from generate_series(1, 1200000)`

  async function interrupted(kill: () => Promise<unknown>): Promise<Ending> {
    const client = await stack.wire(token)
    client.send(query(long))
    await rows(client)
    // a client that stops reading keeps the result from its end
    client.pause()
    await kill()
    client.resume()
    const end = await ending(client)
    client.destroy()
    return end
  }

  async function rows(client: PgWireClient): Promise<void> {
    for (let n = 0; n < 1000; ) if ((await client.next()).kind === 'DataRow') n += 1
  }

  const backend = async () => {
    const [row] = await stack.superuser(
      `select pid from pg_stat_activity where usename = 'app_ro' and query like '%repeat%' and state = 'active'`,
    )
    return Number(row?.['pid'])
  }

  const failed = (end: Ending, ...states: (string | undefined)[]) => {
    expect(end.completed).toBe(false)
    if (!end.cut) expect(states).toContain(end.errors.at(-1))
  }

  it('by pg_terminate_backend: the client gets the server’s own error', async () => {
    failed(
      await interrupted(async () => stack.superuser(`select pg_terminate_backend(${await backend()})`)),
      '57P01',
    )
  })

  // Envoy closes the client on a reset wherever its bytes are (docs/envoy-notes.md, b): one time in a thousand
  // between two messages
  it('by RST: the result does not look whole, and no other reason is given', async () => {
    failed(await interrupted(async () => relay.reset()), '08006', undefined)
  })

  it('by kill -9: the client is told, and later logins work', async () => {
    // Ends once the server has noticed: until then logins work, and end with it.
    const everybody = stack.superuser('select pg_sleep(60)').catch(() => undefined)
    failed(await interrupted(async () => process.kill(await backend(), 'SIGKILL')), '08006')
    await everybody
    await eventually('the server has recovered', async () => (await login()).outcome === 'in', 20_000)
  })
})

it('a target that dies within a transaction commits nothing, and the client does not hear that it did', async () => {
  const client = await stack.wire(await stack.tokens.person(['engineers']))
  client.send(query('begin'), query(`update customers set notes = 'half' where id = 1`))
  await client.until('ReadyForQuery')
  await client.until('ReadyForQuery')
  relay.reset()
  client.send(query('commit'))
  const end = await ending(client)
  client.destroy()
  expect(end).toMatchObject({ errors: [], completed: false, cut: false })
  await eventually('the backend is gone', async () => (await footprint(stack)).backends === before.backends)
  expect(await stack.superuser('select notes from customers where id = 1')).toEqual([
    { notes: 'prefers mail' },
  ])
})
