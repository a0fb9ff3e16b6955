// Sessions in which nobody says anything, through the real Envoy: they end after `limits.idle`, and what runs does not.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ofKind } from '../../support/pgwire/backend.ts'
import { copyData, copyDone, flush, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

/** Milliseconds, and well beyond it. */
const IDLE = 1_000
const LONG = 2.5 * IDLE

let stack: Stack
let engineer: string
const open: PgWireClient[] = []

beforeAll(async () => {
  stack = await startStack({
    resource: { limits: { idle: '1s' }, trusted_functions: ['pg_catalog.pg_sleep'] },
    policies: { listen: { decision: 'allow', resources: '*', effects: ['listen'], objects: ['*'] } },
  })
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())
afterEach(() => {
  for (const client of open.splice(0)) client.destroy()
})

async function wire(): Promise<PgWireClient> {
  const client = await stack.wire(engineer)
  open.push(client)
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
  expect(Date.now() - from).toBeLessThan(LONG)
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

describe('does not end', () => {
  it('a statement that runs and says nothing; the limit begins with its answer', async () => {
    const client = await wire()
    client.send(query('select pg_sleep(2.5)'))
    expect(ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')).toEqual([])
    await endsIdle(client)
  })

  it('a statement of the extended protocol that runs without a Sync', async () => {
    const client = await wire()
    client.send(parse({ sql: 'select 1' }))
    await delay(LONG)
    client.send(sync())
    expect(ofKind(await client.until('ReadyForQuery'), 'ParseComplete')).toHaveLength(1)
  })

  it('a statement that waits for approval, nor the answer to it', async () => {
    const client = await wire()
    client.send(query('update orders set total = 5 where id = 12'))
    const { id } = await stack.reviews.next()
    await delay(LONG)
    await stack.reviews.approve(id)
    expect(ofKind(await client.until('ReadyForQuery'), 'CommandComplete')).toMatchObject([
      { tag: 'UPDATE 1' },
    ])
    await endsIdle(client)
  })

  it('a COPY whose data is on its way', async () => {
    const client = await wire()
    client.send(query('copy orders from stdin'))
    await client.until('CopyInResponse')
    await delay(LONG)
    client.send(copyData(Buffer.from('991\t1\t1\topen\t2026-02-11\n')), copyDone())
    expect(ofKind(await client.until('ReadyForQuery'), 'CommandComplete')).toMatchObject([{ tag: 'COPY 1' }])
  })

  it('one that listens, as long as notifications come', async () => {
    const client = await wire()
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
