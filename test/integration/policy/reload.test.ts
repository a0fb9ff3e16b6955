// A changed policy comes into force under sessions that are open, through the real Envoy.
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { deleted, PARKED_DELETES, type Rules, replaceFile, withRules } from '../../support/changed-policy.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import { bind, execute, flush, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
let engineer: string
let original: string
const open: { end?: () => unknown; destroy?: () => void }[] = []

beforeAll(async () => {
  stack = await startStack({ services: 'child', masks: { card: { resources: ['app'], columns: ['a.b.c'] } } })
  original = readFileSync(stack.configFile, 'utf8')
  analyst = await stack.tokens.person(['analysts'])
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())
afterEach(async () => {
  for (const client of open.splice(0)) client.destroy ? client.destroy() : await client.end?.()
  if (readFileSync(stack.configFile, 'utf8') !== original) await reload(original)
})

const replace = (text: string) => replaceFile(stack.configFile, text)

const lastAdminEvent = () =>
  stack
    .audit()
    .filter(({ type }) => type === 'admin')
    .at(-1)

async function reloads(): Promise<{ taken: number; refused: number; version: string }> {
  const text = await stack.metrics()
  const count = (outcome: string) =>
    Number(new RegExp(`reloads_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
  const version = /chaperone_policy_info\{version="(\w+)"\} 1/.exec(text)?.[1] ?? ''
  return { taken: count('taken'), refused: count('refused'), version }
}

/** Replaces the file, says so by SIGHUP (or not), and waits until it was looked at. */
async function reload(text: string, signal = true): Promise<void> {
  const before = await reloads()
  replace(text)
  if (signal) process.kill(stack.services.pid, 'SIGHUP')
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const now = await reloads()
    if (now.taken + now.refused > before.taken + before.refused) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the changed file was not looked at')
}

const originalWith = (rules: Rules) => withRules(original, rules)

const NO_CUSTOMERS: Rules = {
  policies: {
    'no-customers': { decision: 'deny', resources: '*', effects: ['read'], relations: ['public.customers'] },
  },
}
const NAMES_MASKED: Rules = { masks: { names: { resources: '*', columns: ['public.customers.name'] } } }
// Probes are let through, so that what hides is the plan of the result.
const CARDS_MASKED: Rules = {
  masks: { cards: { resources: '*', columns: ['public.customers.card'], probes: 'allow' } },
}

async function client(token = analyst) {
  const connected = await stack.connect(token)
  open.push(connected)
  return connected
}

async function wire(): Promise<PgWireClient> {
  const connected = await stack.wire(analyst)
  open.push(connected)
  return connected
}

/** Opens the portal `p` over the customers in a transaction, and has its first row. */
async function takeFirstRow(session: PgWireClient): Promise<void> {
  session.send(
    query('BEGIN'),
    parse({ name: 's', sql: 'select name from customers order by id' }),
    bind({ portal: 'p', statement: 's' }),
    execute('p', 1),
    sync(),
  )
  await session.until('ReadyForQuery')
  expect(textRows(await session.until('ReadyForQuery'))).toEqual([['Ada Lovelace']])
}

/** The next row of a portal that gave one before its relation was refused: the fields of the error. */
async function nextRowRefused() {
  const session = await wire()
  await takeFirstRow(session)
  await reload(originalWith(NO_CUSTOMERS))
  session.send(execute('p', 1), sync())
  const answer = await session.until('ReadyForQuery')
  expect(textRows(answer)).toEqual([])
  return ofKind(answer, 'ErrorResponse')[0]?.fields
}

describe('a rule that comes into force', () => {
  it('refuses the next statement of an open session, also in the middle of a transaction', async () => {
    const session = await client()
    await session.query('BEGIN')
    expect((await session.query('select count(*)::int as n from customers')).rows).toEqual([{ n: 4 }])
    await reload(originalWith(NO_CUSTOMERS))
    await expect(session.query('select id from customers')).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(/rule no-customers/),
    })
    await expect(session.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await session.query('ROLLBACK')
    expect((await session.query('select count(*)::int as n from orders')).rows).toEqual([{ n: 4 }])
    await reload(original)
    expect((await session.query('select count(*)::int as n from customers')).rows).toEqual([{ n: 4 }])
  })

  it('stops a portal that was given its first rows', async () => {
    expect(await nextRowRefused()).toMatchObject({ C: '42501' })
  })

  it('reaches a statement of a pipeline whose first part was answered', async () => {
    const session = await wire()
    session.send(parse({ sql: 'select name from customers where id = 1' }), bind({}), execute(), flush())
    expect(textRows(await session.until('CommandComplete'))).toEqual([['Ada Lovelace']])
    await reload(originalWith(NO_CUSTOMERS))
    session.send(bind({}), execute(), sync(), parse({ sql: 'select 1' }), bind({}), execute(), sync())
    const first = await session.until('ReadyForQuery')
    expect(textRows(first)).toEqual([])
    expect(ofKind(first, 'ErrorResponse')[0]?.fields).toMatchObject({ C: '42501' })
    expect(textRows(await session.until('ReadyForQuery'))).toEqual([['1']])
  })
})

describe('a mask that comes into force', () => {
  it('hides the rows of statements that were prepared before it, and of cursors that were open', async () => {
    const session = await client()
    const prepared = { name: 'by-id', text: 'select name from customers where id = $1', values: [1] }
    expect((await session.query(prepared)).rows).toEqual([{ name: 'Ada Lovelace' }])
    await session.query('BEGIN')
    await session.query('DECLARE c CURSOR FOR SELECT id, name FROM customers ORDER BY id')
    expect((await session.query('FETCH 1 FROM c')).rows).toEqual([{ id: 1, name: 'Ada Lovelace' }])
    await reload(originalWith(NAMES_MASKED))
    expect((await session.query('FETCH 1 FROM c')).rows).toEqual([{ id: 2, name: '***' }])
    expect((await session.query(prepared)).rows).toEqual([{ name: '***' }])
    await session.query('COMMIT')
    await reload(original)
    expect((await session.query(prepared)).rows).toEqual([{ name: 'Ada Lovelace' }])
  })

  it('hides the next rows of a portal that was given its first ones', async () => {
    const session = await wire()
    await takeFirstRow(session)
    await reload(originalWith(NAMES_MASKED))
    session.send(execute('p', 1), flush())
    expect(textRows(await session.until('PortalSuspended'))).toEqual([['***']])
    await reload(original)
    session.send(execute('p', 1), sync())
    expect(textRows(await session.until('ReadyForQuery'))).toEqual([['Alan Turing']])
  })
})

describe('where no mask was', () => {
  let unmasked: Stack
  afterAll(() => unmasked?.stop())

  it('the first one hides what follows: prepared, in a portal, in an unnamed portal, and in errors', async () => {
    unmasked = await startStack({ services: 'child', config: { masks: {} } })
    const main = stack
    const before = original
    try {
      stack = unmasked
      original = readFileSync(unmasked.configFile, 'utf8')
      const token = await unmasked.tokens.person(['analysts'])
      const session = await unmasked.wire(token)
      open.push(session)
      session.send(
        query('BEGIN'),
        parse({ name: 's', sql: 'select card, card || $1 from customers order by id' }),
        parse({ name: 'e', sql: 'select card::date from customers order by id' }),
        bind({ portal: 'p', statement: 's', values: ['x'] }),
        execute('p', 1),
        sync(),
      )
      await session.until('ReadyForQuery')
      expect(textRows(await session.until('ReadyForQuery'))).toEqual([
        ['4111111111111111', '4111111111111111x'],
      ])
      await reload(originalWith(CARDS_MASKED))
      session.send(execute('p', 1), bind({ statement: 's', values: ['y'] }), execute(), flush())
      expect(textRows(await session.until('PortalSuspended'))).toEqual([['***', '***']])
      expect(textRows(await session.until('CommandComplete'))[0]).toEqual(['***', '***'])
      session.send(sync(), bind({ statement: 'e' }), execute(), sync())
      await session.until('ReadyForQuery')
      const failed = await session.until('ReadyForQuery')
      expect(ofKind(failed, 'ErrorResponse')[0]?.fields.M).toMatch(/\S/)
      expect(JSON.stringify(failed)).not.toContain('4111')
    } finally {
      stack = main
      original = before
    }
  })
})

describe('where results go past the session', () => {
  let fast: Stack
  afterAll(() => fast?.stop())

  it('a rule that comes into force stops a portal that was given its first rows', async () => {
    const resource = { process: 'requests-only', recording: 'off' } as const
    fast = await startStack({ services: 'child', resource, config: { masks: {} } })
    const main = stack
    const before = original
    try {
      stack = fast
      original = readFileSync(fast.configFile, 'utf8')
      analyst = await fast.tokens.person(['analysts'])
      expect((await nextRowRefused())?.['M']).toMatch(/rule no-customers/)
    } finally {
      stack = main
      original = before
      analyst = await stack.tokens.person(['analysts'])
    }
  })
})

describe('a hold', () => {
  it('ends when the policy changes: its request is withdrawn, and the new rules decide when it is sent again', async () => {
    const session = await client(engineer)
    const update = `update orders set status = 'paid' where id = 11`
    const held = session.query(update)
    const outcome = expect(held).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(/changed while the operation waited/),
    })
    const request = await stack.reviews.next()
    await reload(
      originalWith({
        policies: { 'held-orders': { decision: 'deny', resources: '*', effects: ['update'] } },
      }),
    )
    await outcome
    expect((await stack.reviews.list('withdrawn')).map(({ id }) => id)).toContain(request.id)
    await expect(session.query(update)).rejects.toMatchObject({
      message: expect.stringMatching(/held-orders/),
    })
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('that was approved for whoever comes back is no approval under a policy that changed, in whatever', async () => {
    await stack.superuser("insert into orders values (89, 1, 1, 'open', '2026-02-11')")
    await reload(originalWith({ policies: PARKED_DELETES }))
    const session = await client(engineer)
    const told = () => deleted(session, 89)
    const id = await told()
    expect((await stack.reviews.approve(id)).status).toBe(200)
    await reload(originalWith({ policies: { ...PARKED_DELETES, ...NO_CUSTOMERS.policies } }))
    const other = await told()
    expect(await stack.reviews.get(other)).toMatchObject({ id: other, state: 'pending' })
    expect(other).not.toBe(id)
    expect(await stack.superuser('select id from orders where id = 89')).toHaveLength(1)
    expect((await stack.reviews.approve(other)).status).toBe(200)
    expect(await told()).toBe('it ran')
  })
})

it('a deny that leaves nothing of the other rules is in force at once, and the audit log names those that never fire', async () => {
  const session = await client()
  await reload(originalWith({ policies: { incident: { decision: 'deny', resources: '*', effects: '*' } } }))
  await expect(session.query('select 1')).rejects.toMatchObject({
    code: '42501',
    message: expect.stringMatching(/rule incident/),
  })
  expect(lastAdminEvent()).toMatchObject({
    action: 'policy-reload',
    outcome: 'ok',
    reason: expect.stringMatching(/policies\.[\w-]+: it can never fire: rule incident denies all/),
  })
})

describe('a file that is not good', () => {
  it.each<[string, () => string, RegExp]>([
    ['broken YAML', () => `${original}\n  : [`, /./],
    ['an unknown key', () => `${original}\nfoo: 1\n`, /unknown key/],
    [
      'a rule that can never fire',
      () => originalWith({ policies: { x: { decision: 'allow', resources: '*', effects: ['unknown'] } } }),
      /never fire/,
    ],
    [
      'a rule for a resource that does not run',
      () => {
        const text = originalWith({
          policies: { x: { decision: 'deny', resources: ['new'], effects: ['lock'] } },
        })
        const config = parseYaml(text) as ConfigInput
        return stringify({
          ...config,
          resources: { ...config.resources, new: { ...config.resources['app'], listen: '127.0.0.1:1' } },
        })
      },
      /no "new" under resources/,
    ],
    ['an empty file', () => '', /./],
  ])('%s is refused, and the old rules stay', async (_, text, reason) => {
    const session = await client()
    const before = await reloads()
    await reload(text())
    const after = await reloads()
    expect(after).toMatchObject({ version: before.version, taken: before.taken, refused: before.refused + 1 })
    expect((await session.query('select count(*)::int as n from customers')).rows).toEqual([{ n: 4 }])
    expect(lastAdminEvent()).toMatchObject({
      action: 'policy-reload',
      outcome: 'failed',
      reason: expect.stringMatching(reason),
    })
    expect(stack.services.log()).toMatch(/the changed configuration is refused; the policy stays as it was/)
    // The old file again is no change.
    replace(original)
  })
})

it('what was used up within the hour stays used up', async () => {
  const rows = (most: number): Rules => ({
    policies: {
      few: {
        decision: 'allow',
        resources: '*',
        groups: ['analysts'],
        effects: ['read'],
        relations: ['public.orders'],
        limits: { hour: { rows: most } },
      },
    },
  })
  await reload(originalWith(rows(5)))
  const session = await client()
  expect((await session.query('select id from orders')).rowCount).toBe(4)
  await expect(session.query('select id from orders')).rejects.toMatchObject({ code: '53400' })
  await reload(originalWith(rows(6)))
  expect((await session.query('select id from orders limit 1')).rowCount).toBe(1)
  await expect(session.query('select id from orders')).rejects.toMatchObject({ code: '53400' })
})

it('a changed file is taken up without a signal, and each decision carries the version that made it', async () => {
  const session = await client()
  await session.query('select 1')
  const before = (await reloads()).version
  await reload(originalWith(NO_CUSTOMERS), false)
  const after = (await reloads()).version
  expect(after).not.toBe(before)
  await session.query('select 2')
  const versionOf = (operation: string) =>
    stack
      .audit()
      .filter((event) => event['operation'] === operation)
      .at(-1)?.['policyVersion']
  expect(versionOf('select 1')).toBe(before)
  expect(versionOf('select 2')).toBe(after)
})
