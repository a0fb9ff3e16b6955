// What is judged again when what was let through before goes on later: the hours of rules, and what limits leave.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import { bind, execute, flush, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const MINUTE = 60_000
const minute = (after: number) => new Date(Date.now() + after * MINUTE).toISOString().slice(11, 16)
const office = { time_zone: 'UTC', from: minute(-10), to: minute(20) }
const evening = { time_zone: 'UTC', from: minute(20), to: minute(60) }

let stack: Stack
let token: string
const open: PgWireClient[] = []

beforeAll(async () => {
  const engineers = { resources: '*' as const, groups: ['engineers'] }
  const allow = { ...engineers, decision: 'allow' as const }
  const reads = (table: string) => ({ ...allow, effects: ['read' as const], relations: [`public.${table}`] })
  const seen = { resources: ['app'] }
  const held = (table: string) => ({
    ...engineers,
    decision: 'hold' as const,
    effects: ['read' as const],
    relations: [`public.${table}`],
    approvers: ['approvers'],
  })
  stack = await startStack({
    resources: { fast: { process: 'requests-only', recording: 'off' } },
    config: {
      masks: {},
      policies: {
        session: { ...allow, effects: ['session'] },
        call: { ...allow, effects: ['call'], objects: ['public.next'] },
        'read-by-day': { ...reads('customers'), when: office },
        'call-by-day': { ...allow, effects: ['call'], objects: ['public.daily'], when: office },
        orders: reads('orders'),
        'little-at-night': { ...reads('orders'), ...seen, when: evening, limits: { rows: 1 } },
        'five-an-hour': { ...reads('items'), ...seen, limits: { hour: { rows: 5 } } },
        'held-jobs': held('jobs'),
        'approved-by-day': { ...held('day'), approve_when: office },
        'approved-at-night': { ...held('night'), approve_when: evening },
      },
    },
  })
  await stack.superuser(`
    CREATE TABLE public.items AS SELECT n FROM generate_series(1, 9) n;
    CREATE TABLE public.jobs AS SELECT n FROM generate_series(1, 9) n;
    CREATE TABLE public.day AS SELECT n FROM generate_series(1, 3) n;
    CREATE TABLE public.night AS SELECT n FROM generate_series(1, 3) n;
    CREATE SEQUENCE public.calls;
    CREATE FUNCTION public.next() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$SELECT nextval('public.calls')$$;
    CREATE FUNCTION public.daily() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$SELECT nextval('public.calls')$$;
    GRANT ALL ON public.items, public.jobs, public.day, public.night TO app_rw, app_ro`)
  token = await stack.tokens.person(['engineers'], { subject: 'late' })
})
afterAll(() => stack?.stop())
afterEach(() => {
  vi.useRealTimers()
  for (const client of open.splice(0)) client.destroy()
})

/** The clock on the wall goes on by so many minutes; nothing else does. */
function later(minutes: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * MINUTE })
}

async function wire(resource = 'app', who = token): Promise<PgWireClient> {
  const client = await stack.wire(who, { resource })
  open.push(client)
  return client
}

/** Opens the portal `p` in a transaction, and has its first row. */
async function takeFirstRow(session: PgWireClient, sql: string): Promise<void> {
  session.send(query('BEGIN'), parse({ sql }), bind({ portal: 'p' }), execute('p', 1), sync())
  await session.until('ReadyForQuery')
  expect(textRows(await session.until('ReadyForQuery'))).toHaveLength(1)
}

async function goOn(session: PgWireClient, rows = 1) {
  session.send(execute('p', rows), sync())
  const answer = await session.until('ReadyForQuery')
  return { rows: textRows(answer).length, error: ofKind(answer, 'ErrorResponse')[0]?.fields }
}

const calls = async () => (await stack.superuser('select last_value, is_called from public.calls'))[0]

describe.each(['app', 'fast'])('in a session of %s', (resource) => {
  it('what is prepared again when the hours of its rule are over is refused', async () => {
    const session = await wire(resource)
    const prepare = async () => {
      session.send(parse({ sql: 'select name from public.customers' }), sync())
      return ofKind(await session.until('ReadyForQuery'), 'ErrorResponse')[0]?.fields.M
    }
    expect(await prepare()).toBeUndefined()
    expect(await prepare()).toBeUndefined()
    later(30)
    expect(await prepare()).toContain('rule')
  })

  it('a portal that was given its first rows does not go on once the hours of its rule are over', async () => {
    const session = await wire(resource)
    await takeFirstRow(session, 'select id from public.customers')
    expect(await goOn(session)).toMatchObject({ rows: 1, error: undefined })
    later(30)
    expect(await goOn(session)).toMatchObject({ rows: 0, error: { M: expect.stringContaining('rule') } })
  })

  it('what was bound with leave for its code does not run once the hours of its rule are over', async () => {
    const session = await wire(resource)
    const before = await calls()
    session.send(parse({ sql: 'select public.daily()' }), bind({ portal: 'p' }), flush())
    await session.until('BindComplete')
    later(30)
    expect(await goOn(session)).toMatchObject({ rows: 0, error: { M: expect.stringContaining('daily') } })
    expect(await calls()).toEqual(before)
  })

  it('a cursor that was opened before gives no more rows once the hours of its rule are over', async () => {
    const session = await wire(resource)
    session.send(query('BEGIN'), query('DECLARE c CURSOR FOR SELECT id FROM public.customers'))
    session.send(query('FETCH 1 FROM c'))
    for (const rows of [0, 0, 1]) expect(textRows(await session.until('ReadyForQuery'))).toHaveLength(rows)
    later(30)
    session.send(query('FETCH 1 FROM c'))
    const answer = await session.until('ReadyForQuery')
    expect(textRows(answer)).toEqual([])
    expect(ofKind(answer, 'ErrorResponse')[0]?.fields.C).toBe('42501')
  })

  it('what was approved goes on without being asked for again where the hours of other rules are over', async () => {
    const session = await wire(resource)
    const first = takeFirstRow(session, 'select n from public.jobs')
    const { id } = await stack.reviews.next()
    expect((await stack.reviews.approve(id)).status).toBe(200)
    await first
    later(30)
    expect(await goOn(session)).toMatchObject({ rows: 1, error: undefined })
    expect(await stack.reviews.list()).toEqual([])
  })
})

it('a portal comes under the limits of a rule whose hours began meanwhile', async () => {
  const session = await wire()
  await takeFirstRow(session, 'select id from public.orders')
  later(30)
  expect(await goOn(session, 2)).toMatchObject({ error: { C: '53400' } })
})

it('what was bound does not run once its hour is used up', async () => {
  const who = await stack.tokens.person(['engineers'], { subject: 'used-up' })
  const [waits, reads] = [await wire('app', who), await wire('app', who)]
  const before = await calls()
  waits.send(parse({ sql: 'select public.next() from public.items' }), bind({ portal: 'p' }), flush())
  await waits.until('BindComplete')
  reads.send(query('select n from public.items limit 5'))
  expect(textRows(await reads.until('ReadyForQuery'))).toHaveLength(5)
  expect(await goOn(waits)).toMatchObject({ error: { C: '53400', M: expect.stringContaining('an hour') } })
  expect(await calls()).toEqual(before)
})

it('what is held is approved in the hours of its rule alone, and denied at any time', async () => {
  const session = await wire()
  const answer = async (table: string) => {
    session.send(query(`select n from public.${table}`))
    const messages = await session.until('ReadyForQuery')
    return [textRows(messages).length, ofKind(messages, 'ErrorResponse')[0]?.fields.C]
  }
  const atNight = answer('night')
  const early = await stack.reviews.next()
  const refused = await stack.reviews.approve(early.id)
  expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'not-now' }])
  expect(await stack.reviews.get(early.id)).toMatchObject({ state: 'pending', votes: [] })
  expect((await stack.reviews.deny(early.id)).status).toBe(200)
  expect(await atNight).toEqual([0, '42501'])
  const byDay = answer('day')
  expect((await stack.reviews.approve((await stack.reviews.next()).id)).status).toBe(200)
  expect(await byDay).toEqual([3, undefined])
})
