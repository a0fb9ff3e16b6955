// What whoever asks is told, from the statement that is held to its end: by stock psql at a terminal, and through drivers.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTerminal } from '../../support/stack/terminal.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  const held = {
    decision: 'hold' as const,
    resources: '*' as const,
    groups: ['engineers'],
    relations: ['public.orders'],
    approvers: ['approvers'],
  }
  stack = await startStack({
    policies: {
      'held-deletes': { ...held, effects: ['delete'], wait: '1s' },
      'held-inserts': { ...held, effects: ['insert'], expires_after: '2s' },
    },
  })
  engineer = await stack.tokens.person(['engineers'], { subject: 'asks' })
})
afterAll(() => stack?.stop())

const orders = (where: string) => stack.superuser(`select id from public.orders where ${where}`)

/** What became of a statement in a session of its own: the error, or undefined. */
async function send(sql: string) {
  const client = await stack.connect(engineer)
  try {
    return await client.query(sql).then(
      () => undefined,
      (error: { code: string; message: string; hint?: string }) => error,
    )
  } finally {
    await client.end()
  }
}

it('psql says while it waits what is held, why, who approves it and where; it runs in its session and transaction', async () => {
  const psql = openTerminal({ conninfo: stack.conninfo(), password: engineer })
  await psql.until(/app=> $/)
  psql.type('BEGIN; SELECT pg_backend_pid() AS before, txid_current() AS of;')
  await psql.until(/app=\*> $/)
  psql.type('UPDATE orders SET total = 4711 WHERE id = 10;')
  await psql.until(/HINT: .*\n$/)
  const { id } = await stack.reviews.next()
  const told = psql.text()
  expect(told).toContain(
    `NOTICE:  chaperone: held for approval as request ${id}: rule held-orders: update orders (changes of orders need a second pair of eyes)\n`,
  )
  expect(told).toMatch(
    new RegExp(
      `HINT: {2}It goes on when 1 of approvers approve it, until 2\\d{3}-\\S+Z\\. Reviewers see it with \`chaperone approvals show ${id}\`\\.\n$`,
    ),
  )
  expect((await stack.reviews.approve(id)).status).toBe(200)
  await psql.until(/UPDATE 1\napp=\*> $/)
  psql.type('SELECT pg_backend_pid() AS before, txid_current() AS of;')
  await psql.until(/app=\*> $/)
  psql.type('SELECT total AS within FROM orders WHERE id = 10; ROLLBACK;')
  await psql.until(/\nROLLBACK\napp=> $/)
  await psql.ended()
  const sessions = psql.text().match(/^ +\d+ \| +\d+$/gm) ?? []
  expect(sessions).toHaveLength(2)
  expect(new Set(sessions).size).toBe(1)
  expect(psql.text()).toMatch(/within *\n-+\n 4711\.00\n/)
  expect(await orders('total = 4711')).toEqual([])
})

it('who has waited for as long as the rule says is told to come back, and what was approved meanwhile runs once', async () => {
  const sql = 'delete from public.orders where id = 13'
  const begun = performance.now()
  const notices: string[] = []
  const client = await stack.connect(engineer)
  client.on('notice', ({ message = '', hint = '' }) => void notices.push(`${message} ${hint}`))
  const waiting = client.query(sql).catch((error: unknown) => error)
  const { id } = await stack.reviews.next()
  expect(await waiting).toMatchObject({
    code: '42501',
    message: expect.stringContaining(`request ${id} waits for approval: rule held-deletes`),
    hint: expect.stringMatching(
      new RegExp(`^Send exactly the same statement again once 1 of approvers.*${id}`),
    ),
  })
  expect(performance.now() - begun).toBeGreaterThan(1000)
  expect(notices.join()).toContain('After 1 s you are told to send it again later.')
  // It stays, also without its session.
  await client.end()
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'pending', parked: true })
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect(await orders('id = 13')).toHaveLength(1)
  expect(await send('delete from public.orders where id = 12')).toMatchObject({ code: '42501' })
  await stack.reviews.deny((await stack.reviews.next()).id)
  expect(await send(sql)).toBeUndefined()
  expect(await orders('id = 13')).toHaveLength(0)
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'consumed' })
  expect(await send(sql)).toMatchObject({ code: '42501', hint: expect.not.stringContaining(id) })
  await stack.reviews.deny((await stack.reviews.next()).id)
})

it('what nobody approves in time is refused, and can no longer be approved', async () => {
  const waiting = send("insert into public.orders values (88, 1, 1, 'open', '2026-02-11')")
  const { id } = await stack.reviews.next()
  expect(await waiting).toMatchObject({
    code: '42501',
    message: expect.stringContaining(`nobody approved request ${id} in time`),
    hint: expect.stringContaining('ask a member of approvers'),
  })
  const late = await stack.reviews.approve(id)
  expect([late.status, await late.json()]).toMatchObject([409, { code: 'already-decided' }])
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'expired', votes: [] })
  expect(await orders('id = 88')).toHaveLength(0)
})
