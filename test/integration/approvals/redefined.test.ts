// A portal that executes a prepared statement is held for what the name stands for when it runs, whatever it stood for when
// the portal was bound, or when an Execute was sent that the server skipped.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import * as f from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { eventually } from '../failures/footprint.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  stack = await startStack({
    resources: { only: { process: 'requests-only', recording: 'commands' } },
    config: { masks: {} },
    postgres: { hba: 'trust' },
    policies: { calls: { decision: 'allow', resources: '*', groups: ['engineers'], effects: ['call'] } },
  })
  await stack.superuser(`create function harmless() returns int language sql as 'select 1'`)
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())
const clients: PgWireClient[] = []
// What one that ran after all has locked is free again.
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})
beforeEach(() => stack.superuser('update orders set total = 1 where id = 10').then(() => undefined))

const HELD = 'update public.orders set total = 666 where id = 10'
/** The server reads nothing of it until somebody gives the name anew. */
const bound = (harmless: string) => [
  f.parse({ name: 's', sql: harmless }),
  f.parse({ name: 'x', sql: 'execute s' }),
  f.bind({ portal: 'p', statement: 'x' }),
]
const given = [f.close('S', 's'), f.parse({ name: 's', sql: HELD }), f.sync()]

const ways: Readonly<Record<string, readonly (readonly Uint8Array[])[]>> = {
  'since its Bind, which was judged for the code that it named': [
    [f.query('begin')],
    [...bound('select harmless()'), ...given],
    [f.execute('p'), f.sync()],
  ],
  'since an Execute that the server skipped': [
    [f.query('begin')],
    [...bound('select 1'), f.sync()],
    [f.query('savepoint before')],
    [f.parse({ sql: 'select 1 / (id - id) from orders' }), f.bind({}), f.execute(), f.execute('p'), f.sync()],
    [f.query('rollback to before')],
    given,
    [f.execute('p'), f.sync()],
  ],
}
const titles = Object.keys(ways)

async function play(client: PgWireClient, title: string): Promise<unknown> {
  const steps = ways[title] ?? []
  for (const step of steps.slice(0, -1)) {
    client.send(...step)
    await client.until('ReadyForQuery')
  }
  client.send(...(steps.at(-1) ?? []))
  return client.until('ReadyForQuery')
}
const total = async (client: PgWireClient) => {
  client.send(f.query('commit'))
  await client.until('ReadyForQuery')
  return Number((await stack.superuser('select total from orders where id = 10'))[0]?.['total'])
}

it.each(titles)('straight it runs: given anew %s', async (title) => {
  const client = await connectPgWire({ port: stack.postgres.port })
  clients.push(client)
  await client.login({ user: stack.postgres.superuser, database: 'app' })
  await play(client, title)
  expect(await total(client)).toBe(666)
})

it.each(['app', 'only'].flatMap((resource) => titles.map((title) => ({ resource, title }))))(
  '$resource: it is held, given anew $title',
  async ({ resource, title }) => {
    const client = await stack.wire(engineer, { resource })
    clients.push(client)
    const answer = play(client, title)
    const asked = await stack.reviews.next()
    await stack.reviews.deny(asked.id)
    expect(JSON.stringify(await answer)).toContain('chaperone')
    client.send(f.query('rollback'))
    await client.until('ReadyForQuery')
    expect(await total(client)).toBe(1)
    client.destroy()
    await eventually('no hold is left', async () => (await stack.reviews.list()).length === 0)
  },
)
