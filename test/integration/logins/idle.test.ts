// Sessions in which nobody says anything, through the real Envoy: they end after `limits.idle`, and what runs does not.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openTls } from '../../support/envoy-stack.ts'
import { ofKind } from '../../support/pgwire/backend.ts'
import { copyData, copyDone, flush, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

/** Milliseconds. Envoy's own end comes after both. */
const IDLE = 1_000
const LOGIN = 3_000
/** longer than either lets it be quiet */
const LONG = IDLE + LOGIN + 1_500

let stack: Stack
let engineer: string

beforeAll(async () => {
  stack = await startStack({
    resource: { limits: { idle: '1s', login: '3s' }, trusted_functions: ['pg_catalog.pg_sleep'] },
    policies: { listen: { decision: 'allow', resources: '*', effects: ['listen'], objects: ['*'] } },
  })
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())

async function wire(finished: (work: () => void) => void = onTestFinished): Promise<PgWireClient> {
  const client = await stack.wire(engineer)
  finished(() => client.destroy())
  return client
}

/** Ends with the error, in about the limit from now on. */
async function endsIdle(client: PgWireClient): Promise<void> {
  const from = Date.now()
  const { messages } = await client.untilEnd(5 * IDLE)
  expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({
    S: 'FATAL',
    C: '57P05',
    M: expect.stringContaining('idle-session timeout'),
    H: expect.stringContaining('limits.idle'),
  })
  expect(Date.now() - from).toBeGreaterThan(0.7 * IDLE)
  expect(Date.now() - from).toBeLessThan(2.5 * IDLE)
}

const ended = async () =>
  Number(
    /chaperone_sessions_total\{resource="app",outcome="terminated"\} (\d+)/.exec(
      await stack.metrics(),
    )?.[1] ?? 0,
  )

describe('a session in which nobody says anything', () => {
  it('ends with 57P05 that says why; audit log, recording and metrics have it', async () => {
    const before = await ended()
    const client = await wire()
    client.send(query('select 1'))
    await client.until('ReadyForQuery')
    await endsIdle(client)
    const reason = expect.stringContaining('due to idle-session timeout: nothing was sent or ran for 1 s')
    expect(stack.audit().at(-1)).toMatchObject({ type: 'logout', reason })
    expect(await stack.recordings()).toMatchObject([{ end: { reason } }])
    expect(await ended()).toBe(before + 1)
    expect(await stack.metrics()).toMatch(/chaperone_errors_total\{code="idle"\} [1-9]/)
  })

  it('ends also before its first statement', async () => {
    await endsIdle(await wire())
  })

  it('ends also within a transaction, which is undone', async () => {
    const client = await wire()
    client.send(query(`begin; insert into orders values (990, 1, 1, 'open', now())`))
    await client.until('ReadyForQuery')
    await endsIdle(client)
    expect(await stack.superuser('select id from orders where id = 990')).toEqual([])
  })

  it('ends also where what it sent was answered and Sync is missing', async () => {
    const client = await wire()
    client.send(parse({ sql: 'select 1' }), flush())
    await client.until('ParseComplete')
    await endsIdle(client)
  })

  it('ends also in the middle of a message', async () => {
    const client = await wire()
    client.send(query('select 1').subarray(0, 7))
    await endsIdle(client)
  })

  it('goes on while it says something now and then', async () => {
    const client = await wire()
    for (let count = 0; count < 4; count++) {
      await delay(0.6 * IDLE)
      client.send(query('select 1'))
      await client.until('ReadyForQuery')
    }
    await endsIdle(client)
  })
})

/** All at once: each waits for longer than Envoy alone would. */
describe.concurrent('does not end', () => {
  it('a statement that runs and says nothing; the limit begins with its answer', async ({
    expect,
    onTestFinished,
  }) => {
    const client = await wire(onTestFinished)
    client.send(query('select pg_sleep(5.5)'))
    expect(ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')).toEqual([])
    await endsIdle(client)
  })

  it('a statement of the extended protocol that runs without a Sync', async ({ expect, onTestFinished }) => {
    const client = await wire(onTestFinished)
    client.send(parse({ sql: 'select 1' }))
    await delay(LONG)
    client.send(sync())
    expect(ofKind(await client.until('ReadyForQuery'), 'ParseComplete')).toHaveLength(1)
  })

  it('a statement that waits for approval, nor the answer to it', async ({ expect, onTestFinished }) => {
    const client = await wire(onTestFinished)
    client.send(query('update orders set total = 5 where id = 12'))
    const { id } = await stack.reviews.next()
    await delay(LONG)
    await stack.reviews.approve(id)
    expect(ofKind(await client.until('ReadyForQuery'), 'CommandComplete')).toMatchObject([
      { tag: 'UPDATE 1' },
    ])
    await endsIdle(client)
  })

  it('a COPY whose data is on its way', async ({ expect, onTestFinished }) => {
    const client = await wire(onTestFinished)
    client.send(query('copy orders from stdin'))
    await client.until('CopyInResponse')
    await delay(LONG)
    client.send(copyData(Buffer.from('991\t1\t1\topen\t2026-02-11\n')), copyDone())
    expect(ofKind(await client.until('ReadyForQuery'), 'CommandComplete')).toMatchObject([{ tag: 'COPY 1' }])
  })

  it.for([
    ['a statement', 'select pg_sleep(5.5) is null;'],
    ['COPY TO', 'copy (select pg_sleep(5.5) is null) to stdout;'],
  ])('the stock psql in %s, which takes no notice of its pulse', async ([, sql = ''], { expect }) => {
    expect(await stack.psql(engineer, sql)).toEqual({ stdout: 'f\n', stderr: '', code: 0 })
  })

  it('node-postgres in a statement, which takes no notice of its pulse', async ({
    expect,
    onTestFinished,
  }) => {
    const client = await stack.connect(engineer)
    onTestFinished(() => client.end())
    expect((await client.query('select pg_sleep(5.5) is null as slept, $1::int as n', [1])).rows).toEqual([
      { slept: false, n: 1 },
    ])
  })

  it('one that listens, as long as notifications come', async ({ onTestFinished }) => {
    const client = await wire(onTestFinished)
    client.send(query('listen news'))
    await client.until('ReadyForQuery')
    for (let count = 0; count < 4; count++) {
      await delay(0.6 * IDLE)
      await stack.superuser('notify news')
      await client.until('NotificationResponse')
    }
    await endsIdle(client)
  })
})

/** Of whom no processor hears: Envoy asks with the first byte. */
describe.concurrent('a client that completes TLS and never says anything is gone soon after', () => {
  it('behind SSLRequest', async ({ expect, onTestFinished }) => {
    const connection = await openTls(stack.port)
    onTestFinished(() => void connection.destroy())
    expect(await closedAfter(connection)).toBeLessThan(LONG)
  })

  it('by TLS from the first byte', async ({ expect, onTestFinished }) => {
    const { port, host } = stack
    const connection = connectTls({
      port,
      host,
      ALPNProtocols: ['postgresql'],
      rejectUnauthorized: false,
    })
    onTestFinished(() => void connection.destroy())
    await once(connection, 'secureConnect')
    expect(await closedAfter(connection)).toBeLessThan(LONG)
  })

  it('also where it sends the beginning of a TLS record, byte by byte', async ({
    expect,
    onTestFinished,
  }) => {
    const relay = await startRelay(stack.port)
    onTestFinished(() => relay.stop())
    const connection = await openTls(relay.port)
    onTestFinished(() => void connection.destroy())
    // The end of the handshake is on its way.
    await delay(200)
    relay.write(Buffer.from('1703031000', 'hex'))
    const more = setInterval(() => relay.write(Buffer.from('x')), 300)
    onTestFinished(() => clearInterval(more))
    expect(await closedAfter(connection)).toBeLessThan(LONG)
  })
})

/** Milliseconds; infinite where it is open for longer than all limits together. */
function closedAfter(connection: TLSSocket): Promise<number> {
  const from = Date.now()
  const closed = new Promise<number>((resolve) => {
    connection.once('error', () => undefined).once('close', () => resolve(Date.now() - from))
  })
  connection.resume()
  return Promise.race([closed, delay(2 * LONG, Number.POSITIVE_INFINITY)])
}

/** Carries one connection, and adds bytes of its own to what the client sends. */
async function startRelay(to: number) {
  let onward: Socket | undefined
  const server = createServer((client) => {
    onward = connect(to, '127.0.0.1')
    for (const end of [client, onward]) end.on('error', () => undefined)
    client.pipe(onward).pipe(client)
    onward.once('close', () => client.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    write: (bytes: Buffer) => void onward?.write(bytes),
    stop: () => void server.close(),
  }
}
