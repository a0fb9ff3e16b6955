// What is judged is what runs, though the server's answers are not seen: each row makes the server run the held update
// under a name or a text that looks harmless by now. The same messages sent straight to the server do run it.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../support/envoy-stack.ts'
import type { BackendMessage } from '../../support/pgwire/backend.ts'
import { ofKind } from '../../support/pgwire/backend.ts'
import { bind, close, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  stack = await startStack({
    resource: { process: 'requests-only', recording: 'commands' },
    config: { masks: {} },
    postgres: { hba: 'trust' },
    policies: {
      settings: { decision: 'allow', resources: '*', groups: ['engineers'], effects: ['setting'] },
    },
  })
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())
beforeEach(async () => {
  await eventually('no hold is left', async () => (await stack.reviews.list()).length === 0)
  await stack.superuser('update orders set total = 1 where id = 10')
})

const HELD = 'update orders set total = 666 where id = 10'
const HARMLESS = 'select 1'
/** understood and allowed, and yet an error on the server */
const FAILS = 'select * from nosuch'
const COPY = 'copy customers (id, name) from stdin'
const run = (name: string) => [bind({ statement: name }), execute()]

interface Evasion {
  readonly title: string
  /** sent one after another, each once the answers before it are there */
  readonly steps: readonly (readonly Uint8Array[])[]
}

const evasions: readonly Evasion[] = [
  {
    title: 'a Parse of the unnamed statement that an error before it skips',
    steps: [
      [parse({ sql: HELD }), sync()],
      [parse({ name: 'e', sql: FAILS }), parse({ sql: HARMLESS }), sync()],
      [...run(''), sync()],
    ],
  },
  {
    title: 'a Parse of a name that is taken',
    steps: [
      [parse({ name: 'n', sql: HELD }), sync()],
      [parse({ name: 'n', sql: HARMLESS }), sync()],
      [...run('n'), sync()],
    ],
  },
  {
    title: 'a Close and a Parse that an error before them skips',
    steps: [
      [parse({ name: 'n', sql: HELD }), sync()],
      [parse({ name: 'e', sql: FAILS }), close('S', 'n'), parse({ name: 'n', sql: HARMLESS }), sync()],
      [...run('n'), sync()],
    ],
  },
  {
    title: 'a Parse in an aborted transaction',
    steps: [
      [parse({ name: 'n', sql: HELD }), sync()],
      [query('begin')],
      [query(FAILS)],
      [close('S', 'e'), parse({ name: 'n', sql: HARMLESS }), sync()],
      [query('rollback')],
      [...run('n'), sync()],
    ],
  },
  {
    title: 'a Bind that an error before it skips, with a portal that a savepoint keeps',
    steps: [
      [query('begin')],
      [
        parse({ name: 'n', sql: HELD }),
        parse({ name: 'h', sql: HARMLESS }),
        bind({ portal: 'p', statement: 'n' }),
        sync(),
      ],
      [query('savepoint s')],
      [parse({ name: 'e', sql: FAILS }), bind({ portal: 'p', statement: 'h' }), sync()],
      [query('rollback to s')],
      [execute('p'), sync()],
      [query('commit')],
    ],
  },
  {
    title: 'a protocol statement that SQL executes',
    steps: [[parse({ name: 'n', sql: HELD }), sync()], [query('execute n')]],
  },
  {
    title: 'an SQL EXECUTE inside a harmless looking prepared statement of the protocol',
    steps: [
      [parse({ name: 'n', sql: HELD }), sync()],
      [parse({ name: 'x', sql: 'execute n' }), ...run('x'), sync()],
    ],
  },
  {
    title: 'a literal that ends elsewhere once standard_conforming_strings is off',
    steps: [[query('set standard_conforming_strings = off')], [query(`select '\\''; ${HELD}; --'`)]],
  },
  {
    title: 'a setting that is changed in the same segment',
    steps: [
      [
        parse({ sql: 'set standard_conforming_strings = off' }),
        ...run(''),
        query(`select '\\''; ${HELD}; --'`),
        sync(),
      ],
    ],
  },
]

/** Were these swallowed by the COPY and the rest not, the name would stand for what it was before. */
const insideCopy: readonly Evasion[] = [
  {
    title: 'of a Query',
    steps: [
      [parse({ name: 'n', sql: HELD }), sync()],
      [query(COPY), parse({ name: 'n', sql: HARMLESS }), ...run('n'), sync()],
    ],
  },
  {
    title: 'of an Execute',
    steps: [
      [parse({ name: 'n', sql: HELD }), sync()],
      [parse({ name: 'c', sql: COPY }), ...run('c'), sync(), parse({ name: 'n', sql: HARMLESS }), sync()],
      [...run('n'), sync()],
    ],
  },
]

/** Answers up to as many ReadyForQuery as there will be: none follows for half a second, or the session ended. */
async function settled(client: PgWireClient): Promise<BackendMessage[]> {
  const messages: BackendMessage[] = []
  for (;;) {
    const message = await client.next(500).catch(() => undefined)
    if (!message) return messages
    messages.push(message)
  }
}

async function play(client: PgWireClient, { steps }: Evasion): Promise<BackendMessage[]> {
  const messages: BackendMessage[] = []
  for (const step of steps) {
    client.send(...step)
    messages.push(...(await settled(client)))
  }
  return messages
}

const total = async () => (await stack.superuser('select total::int from orders where id = 10'))[0]?.['total']

it.each(evasions)('straight to the server it runs: $title', async (evasion) => {
  const { host, port } = stack.postgres
  const client = await connectPgWire({ host, port })
  await client.login({ user: 'app_rw', database: 'app' })
  await play(client, evasion)
  client.destroy()
  expect(await total()).toBe(666)
})

it.each(evasions)('it is held or refused: $title', async (evasion) => {
  const client = await stack.wire(engineer)
  const messages = await play(client, evasion)
  const refused = ofKind(messages, 'ErrorResponse').some(({ fields }) => fields.M?.includes('chaperone: '))
  const held = (await stack.reviews.list()).length > 0
  expect({ seen: refused || held, total: await total() }).toEqual({ seen: true, total: 1 })
  client.destroy()
})

it.each(insideCopy)('the server ends the connection at a Parse inside the COPY $title', async (evasion) => {
  const { host, port } = stack.postgres
  const client = await connectPgWire({ host, port })
  await client.login({ user: 'app_rw', database: 'app' })
  const errors = ofKind(await play(client, evasion), 'ErrorResponse')
  expect(errors.at(-1)?.fields).toMatchObject({ V: 'FATAL', C: '08P01' })
  expect(await total()).toBe(1)
  client.destroy()
})

it('a name that had two meanings is judged by both, though the second was the server’s', async () => {
  const client = await stack.wire(engineer)
  client.send(parse({ sql: HELD }), sync())
  await client.until('ReadyForQuery')
  client.send(parse({ sql: HARMLESS }), sync())
  await client.until('ReadyForQuery')
  client.send(...run(''), sync())
  const held = await client.expect('NoticeResponse')
  expect(held.fields.M).toMatch(/held for approval/)
  const [request] = (await stack.reviews.list()).filter(({ text }) => text.startsWith('/* one of these'))
  expect(request?.text).toContain(HELD)
  expect(request?.text).toContain(HARMLESS)
  client.destroy()
})

it('a name keeps 64 meanings; with one more it is refused until it is used in the segment of its Parse', async () => {
  const client = await stack.wire(engineer)
  for (let n = 0; n < 65; n += 1) client.send(parse({ sql: `select ${n}` }), sync())
  for (let n = 0; n < 65; n += 1) await client.until('ReadyForQuery')
  client.send(...run(''), sync())
  const [error] = ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')
  expect(error?.fields.M).toMatch(/the unnamed prepared statement had more than one meaning/)
  client.send(parse({ sql: 'select 7' }), ...run(''), sync())
  expect(ofKind(await client.until('ReadyForQuery'), 'DataRow').length).toBe(1)
  client.destroy()
})
