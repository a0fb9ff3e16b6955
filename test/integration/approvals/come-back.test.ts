// Held statements that come back for their approval, through the real Envoy and server: what runs is exactly what was approved.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  stack = await startStack({
    config: { masks: {} },
    policies: {
      'held-orders': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['update'],
        relations: ['*.orders'],
        approvers: ['approvers'],
        wait: '0s',
        window: { for: '10m', uses: 3 },
        break_glass: ['oncall'],
      },
      roles: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['role', 'setting', 'call'],
        objects: ['*'],
      },
      write: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['read', 'insert', 'update', 'delete'],
        relations: ['*.*'],
      },
    },
  })
  await stack.superuser(`
    CREATE ROLE clerk; GRANT clerk TO app_rw; GRANT ALL ON public.orders TO clerk;
    CREATE SCHEMA other; CREATE TABLE other.orders (LIKE public.orders); GRANT ALL ON SCHEMA other TO app_rw;
    GRANT ALL ON other.orders TO app_rw;
    CREATE FUNCTION public.become(name text) RETURNS text LANGUAGE sql AS $$SELECT set_config('role', name, false)$$`)
  engineer = await stack.tokens.person(['engineers'], { subject: 'coming-back' })
})
afterAll(() => stack?.stop())

const total = async (id: number) =>
  (await stack.superuser(`select total from public.orders where id = ${id}`))[0]?.['total']

/** Runs statements in a session of their own; the last one's error, or undefined. */
async function send(statements: readonly string[], values: readonly unknown[] = [], token = engineer) {
  const client = await stack.connect(token)
  try {
    for (const [n, sql] of statements.entries()) {
      const isLast = n === statements.length - 1
      const outcome = await client.query(sql, isLast ? [...values] : []).then(
        () => undefined,
        (error: { code: string; message: string; hint?: string }) => error,
      )
      if (isLast) return outcome
      if (outcome) throw new Error(`${sql}: ${outcome.message}`)
    }
    return undefined
  } finally {
    await client.end()
  }
}

async function parked(
  statements: readonly string[],
  values: readonly unknown[] = [],
): Promise<ApprovalRequest> {
  const error = await send(statements, values)
  expect(error).toMatchObject({ code: '42501', hint: expect.stringContaining('same statement again') })
  const id = /request ([a-z2-7]{26}) waits/.exec(error?.message ?? '')?.[1] ?? ''
  return stack.reviews.get(id)
}

it('what was approved runs once, in another session, when it is sent again', async () => {
  const sql = 'update orders set total = 1.00 where id = 10'
  const { id } = await parked([sql])
  expect((await parked([sql])).id).toBe(id)
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await send([sql])).toBeUndefined()
  expect(await total(10)).toBe('1.00')
  await stack.superuser('update public.orders set total = 2 where id = 10')
  const { id: next } = await parked([sql])
  expect(next).not.toBe(id)
  expect(await total(10)).toBe('2.00')
})

it('a prepared statement comes back with its parameters, and not with others', async () => {
  const sql = 'update orders set total = $1 where id = 11'
  const { id } = await parked([sql], ['5.00'])
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await send([sql], ['6.00'])).toMatchObject({ code: '42501' })
  expect(await total(11)).not.toBe('6.00')
  expect(await send([sql], ['5.00'])).toBeUndefined()
  expect(await total(11)).toBe('5.00')
})

it.each<[string, readonly string[]]>([
  ['another literal', ['update public.orders set total = 4.00 where id = 12']],
  ['one more comment', ['update public.orders set total = 3.00 where id = 12 -- x']],
  ['another role', ['set role clerk', 'update public.orders set total = 3.00 where id = 12']],
  [
    'another role that a function took on',
    ["select public.become('clerk')", 'update public.orders set total = 3.00 where id = 12'],
  ],
])('an approval is not for %s', async (_what, statements) => {
  const sql = 'update public.orders set total = 3.00 where id = 12'
  const { id } = await parked([sql])
  await stack.reviews.approve(id)
  expect(await send(statements)).toMatchObject({ code: '42501' })
  expect(await total(12)).not.toBe('3.00')
  expect(await send([sql])).toBeUndefined()
  await stack.superuser('update public.orders set total = 250 where id = 12')
})

it('an approval on one search_path is not for another', async () => {
  const sql = 'update orders set total = 3.50 where id = 13'
  const { id } = await parked(['set search_path = other, public', sql])
  await stack.reviews.approve(id)
  expect(await send([sql])).toMatchObject({ code: '42501' })
  expect(await total(13)).not.toBe('3.50')
  expect(await send(['set search_path = other, public', sql])).toBeUndefined()
})

it('a window is for other values of the same statement, as often as was granted', async () => {
  const sql = (value: string) => `update orders set total = ${value} where id = 13`
  const { id } = await parked([sql('7.00')])
  const rita = await stack.tokens.person(['approvers'], { subject: 'rita' })
  const grant = (window: object) =>
    fetch(`${stack.admin}/api/v1/approvals/${id}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rita}`, 'content-type': 'application/json' },
      body: JSON.stringify({ window }),
    })
  expect((await grant({ for: '11m', uses: 3 })).status).toBe(403)
  expect((await grant({ for: '10m', uses: 2 })).status).toBe(200)
  expect(await send([sql('8.00')])).toBeUndefined()
  expect(await send(['set role clerk', sql('8.50')])).toMatchObject({ code: '42501' })
  expect(await send(['update orders set total = 8.75 where id > 13'])).toMatchObject({ code: '42501' })
  expect(await send([sql('9.00')])).toBeUndefined()
  expect(await total(13)).toBe('9.00')
  expect(await send([sql('9.50')])).toMatchObject({ code: '42501' })
  expect(await total(13)).toBe('9.00')
})

it('a request that its asker withdrew can no longer be approved', async () => {
  const { id } = await parked(['update orders set total = 0.50 where id = 13'])
  const withdrawn = await fetch(`${stack.admin}/api/v1/approvals/${id}/withdraw`, {
    method: 'POST',
    headers: { authorization: `Bearer ${engineer}` },
  })
  expect(withdrawn.status).toBe(200)
  expect((await stack.reviews.approve(id)).status).toBe(409)
})

it('the glass is broken by who may, for a reason, and the audit log has it as what it is', async () => {
  const oncall = await stack.tokens.person(['engineers', 'oncall'], { subject: 'on-call' })
  const update = 'update orders set total = 0.25 where id = 13'
  expect(await send([`/* break-glass: not mine */ ${update}`])).toMatchObject({ code: '42501' })
  expect(await send([`/* reason: INC-7 */ ${update}`], [], oncall)).toMatchObject({ code: '42501' })
  expect(await send([`/* break-glass: INC-7 burns */ ${update}`], [], oncall)).toBeUndefined()
  expect(await total(13)).toBe('0.25')
  const broken = stack.audit().filter(({ type }) => type === 'break-glass')
  expect(broken).toMatchObject([{ rules: ['held-orders'], approvers: ['approvers'], reason: 'INC-7 burns' }])
  expect(await stack.metrics()).toMatch(/^chaperone_holds_total\{[^}]*outcome="break-glass"[^}]*\} 1$/m)
})
