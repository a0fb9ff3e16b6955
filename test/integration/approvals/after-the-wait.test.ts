// What is judged again when an approval comes: limits, and the time of day. What cannot run then keeps its approval.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

const MINUTE = 60_000
const minute = (after: number) => new Date(Date.now() + after * MINUTE).toISOString().slice(11, 16)
const office = { time_zone: 'UTC', from: minute(-10), to: minute(20) }
const evening = { time_zone: 'UTC', from: minute(20), to: minute(60) }

let stack: Stack
beforeAll(async () => {
  const engineers = { resources: '*' as const, groups: ['engineers'] }
  const held = { ...engineers, decision: 'hold' as const, approvers: ['approvers'], expires_after: '4h' }
  const allow = { ...engineers, decision: 'allow' as const }
  stack = await startStack({
    config: {
      masks: {},
      policies: {
        session: { ...allow, effects: ['session'] },
        'held-office': { ...held, effects: ['update'], relations: ['public.orders'], when: office },
        orders: { ...allow, effects: ['read'], relations: ['public.orders'] },
        'held-reads': { ...held, effects: ['read'], relations: ['public.customers'] },
        'little-at-night': {
          ...allow,
          effects: ['read'],
          relations: ['public.customers'],
          when: evening,
          limits: { rows: 1 },
        },
        'held-items': { ...held, effects: ['update'], relations: ['public.items'] },
        'five-an-hour': {
          ...allow,
          effects: ['read'],
          relations: ['public.items'],
          limits: { hour: { rows: 5 } },
        },
      },
    },
  })
  await stack.superuser(
    'create table public.items as select n, 0 as total from generate_series(1, 9) n; grant all on public.items to app_rw, app_ro',
  )
})
afterAll(() => stack?.stop())
afterEach(() => vi.useRealTimers())

/** The clock on the wall goes on by so many minutes; nothing else does. */
function later(minutes: number): void {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: now + minutes * MINUTE })
}

const clerk = async (subject: string) => stack.connect(await stack.tokens.person(['engineers'], { subject }))

const outcome = (running: Promise<{ rows: unknown[] }>) =>
  running.then(
    ({ rows }) => rows,
    (error: { code: string; message: string; hint?: string }) => error,
  )

it('what used up its limit while it waited does not run, and keeps its approval', async () => {
  const update = 'update public.items set total = total + 1 where n = 1 returning n'
  const [waits, reads] = [await clerk('hal'), await clerk('hal')]
  const running = outcome(waits.query(update))
  const { id } = await stack.reviews.next()
  expect((await reads.query('select n from public.items limit 5')).rows).toHaveLength(5)
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await running).toMatchObject({
    code: '53400',
    message: expect.stringContaining('rule five-an-hour lets through 5 rows in an hour'),
    hint: expect.stringContaining(`Request ${id} stays approved`),
  })
  expect(await stack.superuser('select total from public.items where n = 1')).toEqual([{ total: 0 }])
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'approved' })
  expect(await outcome(waits.query(update))).toMatchObject({ code: '53400' })
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'approved' })
  const limits = stack.audit().filter(({ type }) => type === 'limit')
  expect(limits).toMatchObject([{ rule: 'five-an-hour', measured: { rows: 5 } }, { rule: 'five-an-hour' }])
  await Promise.all([waits.end(), reads.end()])
})

it('what may not run when it is approved keeps its approval for when it may, and runs once', async () => {
  const update = 'update public.orders set total = total + 1 where id = 10'
  const before = await stack.superuser('select total from public.orders where id = 10')
  const client = await clerk('ida')
  const running = outcome(client.query(update))
  const { id } = await stack.reviews.next()
  later(30)
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await running).toMatchObject({ code: '42501', message: expect.stringContaining('the time') })
  expect(await outcome(client.query(update))).toMatchObject({ code: '42501' })
  expect(await stack.superuser('select total from public.orders where id = 10')).toEqual(before)
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'approved' })
  vi.useRealTimers()
  expect(await outcome(client.query(update))).toEqual([])
  expect(await stack.superuser('select total from public.orders where id = 10')).not.toEqual(before)
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'consumed' })
  await client.end()
})

it('limits of a rule whose time came while it waited count for it', async () => {
  const client = await clerk('joe')
  const running = outcome(client.query('select id from public.customers'))
  const { id } = await stack.reviews.next()
  later(30)
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await running).toMatchObject({ code: '53400', message: expect.stringContaining('little-at-night') })
  await client.end()
})
