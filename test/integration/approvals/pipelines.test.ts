// Held statements among others in one segment of the extended protocol, and in texts of several statements.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type BackendMessage, ofKind, textRows } from '../../support/pgwire/backend.ts'
import {
  bind,
  cancelRequest,
  describe as describeMessage,
  execute,
  flush,
  parse,
  query,
  sync,
} from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { eventually } from '../failures/footprint.ts'

let stack: Stack
let wire: PgWireClient
const open: PgWireClient[] = []
beforeAll(async () => {
  stack = await startStack({ config: { masks: {} } })
})
afterAll(() => stack?.stop())
afterEach(async () => {
  for (const client of open.splice(0)) client.destroy()
})

async function session(subject: string): Promise<PgWireClient> {
  wire = await stack.wire(await stack.tokens.person(['engineers'], { subject }))
  open.push(wire)
  return wire
}
const run = (sql: string) => [parse({ sql }), bind({}), execute()]
const update = (value: number, id = 10) => `update public.orders set total = ${value} where id = ${id}`
const total = async (id = 10) =>
  Number((await stack.superuser(`select total from public.orders where id = ${id}`))[0]?.['total'])
const codes = (messages: readonly BackendMessage[]) =>
  ofKind(messages, 'ErrorResponse').map(({ fields }) => fields['C'])
const works = async () => {
  wire.send(query('select 4711'))
  return textRows(await wire.until('ReadyForQuery'))
}

/** It takes the server a part of a second to fail. */
const FAILS = `select 1 / (count(*) - count(*)) from ${[...'abcdefghijk'].map((name) => `public.orders ${name}`).join(', ')}`

/** Minutes. */
const LONG = `select count(*) from ${[...'abcdefghijklmnop'].map((name) => `public.orders ${name}`).join(', ')}`

/** What is behind the names is known then, so that the server is asked nothing before the question to the reviewers. */
async function knowNames(client: PgWireClient): Promise<void> {
  client.send(query(FAILS))
  await client.until('ReadyForQuery')
  client.send(query(update(1)))
  await stack.reviews.deny((await stack.reviews.next()).id)
  await client.until('ReadyForQuery')
}

it('what the server skips since a statement before it failed is asked for no more, and the session goes on', async () => {
  const client = await session('skipped')
  await knowNames(client)
  client.send(...run(FAILS), ...run(update(1)), sync())
  const asked = await stack.reviews.next()
  const answer = await client.until('ReadyForQuery')
  expect(codes(answer)).toEqual(['22012'])
  expect(await stack.reviews.list()).toEqual([])
  expect(await stack.reviews.get(asked.id)).toMatchObject({ state: 'withdrawn' })
  expect(await works()).toEqual([['4711']])
  expect(await total()).not.toBe(1)
})

it('what is approved before the server comes to it is skipped with what failed before it', async () => {
  const client = await session('skipped')
  await knowNames(client)
  client.send(...run(FAILS), ...run(update(1)), sync())
  await stack.reviews.approve((await stack.reviews.next()).id)
  expect(codes(await client.until('ReadyForQuery'))).toEqual(['22012'])
  expect(await works()).toEqual([['4711']])
  expect(await total()).not.toBe(1)
})

it('two in one segment are asked for one after the other; who refuses the second undoes the first', async () => {
  const client = await session('two')
  client.send(...run(update(2)), ...run(update(3)), sync())
  const first = await stack.reviews.next()
  expect(first.text).toBe(update(2))
  expect(await stack.reviews.list()).toHaveLength(1)
  await stack.reviews.approve(first.id)
  let second = first
  while (second.id === first.id) second = await stack.reviews.next()
  expect(second.text).toBe(update(3))
  await stack.reviews.deny(second.id)
  expect(codes(await client.until('ReadyForQuery'))).toEqual(['42501'])
  expect(await total()).not.toBe(2)
  expect(await works()).toEqual([['4711']])
})

it('a cancel request ends what runs before the held statement as well', async () => {
  const client = await stack.wireTls()
  open.push(client)
  const token = await stack.tokens.person(['engineers'], { subject: 'cancels' })
  const login = await client.login({ user: 'anybody', database: 'app' }, { password: token })
  const [key] = ofKind(login, 'BackendKeyData')
  await knowNames(client)
  client.send(...run(LONG), ...run(update(7)), sync())
  const { id } = await stack.reviews.next()
  // What comes while it reads the next message it ignores.
  const active = `select from pg_stat_activity where state = 'active' and query = $1 and wait_event is null`
  await eventually('it runs', async () => (await stack.superuser(active, [LONG])).length === 1)
  const canceler = await connectPgWire({ port: stack.port })
  open.push(canceler)
  canceler.send(cancelRequest(key?.pid ?? 0, key?.key ?? Buffer.alloc(0)))
  expect(codes(await client.until('ReadyForQuery'))).toEqual(['57014'])
  expect(await stack.reviews.get(id)).toMatchObject({ state: 'withdrawn' })
  client.send(query('select 4711'))
  expect(textRows(await client.until('ReadyForQuery'))).toEqual([['4711']])
})

it('nobody is asked for what a failed transaction would not run, and what ends it is', async () => {
  const client = await session('failed')
  client.send(query('begin'), query(FAILS))
  for (const _ of ['begin', 'fails']) await client.until('ReadyForQuery')
  for (const segment of [[query(update(6))], [...run(update(6)), sync()]]) {
    client.send(...segment)
    expect(codes(await client.until('ReadyForQuery'))).toEqual(['25P02'])
  }
  expect(await stack.reviews.list()).toEqual([])
  client.send(query(`rollback; ${update(6)}`))
  await stack.reviews.approve((await stack.reviews.next()).id)
  expect(codes(await client.until('ReadyForQuery'))).toEqual([])
  expect(await total()).toBe(6)
})

it('one text of two held statements is one request, and runs whole', async () => {
  const client = await session('text')
  const text = `${update(4, 11)}; ${update(5, 12)}`
  client.send(query(text))
  const { id, text: shown } = await stack.reviews.next()
  expect(shown).toBe(text)
  await stack.reviews.approve(id)
  expect(codes(await client.until('ReadyForQuery'))).toEqual([])
  expect(await total(11)).toBe(4)
  expect(await total(12)).toBe(5)
})

it('an approval is for one Bind: a second Execute runs nothing again, and a second Bind asks anew', async () => {
  const client = await session('bound')
  const sql = 'update public.orders set total = total + 1 where id = 13 returning id'
  const before = await total(13)
  client.send(parse({ name: 's', sql }), bind({ portal: 'p', statement: 's' }), describeMessage('P', 'p'))
  client.send(
    execute('p'),
    flush(),
    execute('p'),
    bind({ portal: 'q', statement: 's' }),
    execute('q'),
    sync(),
  )
  const { id } = await stack.reviews.next()
  await stack.reviews.approve(id)
  let second = id
  while (second === id) second = (await stack.reviews.next()).id
  await stack.reviews.approve(second)
  const answer = await client.until('ReadyForQuery')
  expect(codes(answer)).toEqual([])
  expect(textRows(answer)).toEqual([['13'], ['13']])
  expect(await total(13)).toBe(before + 2)
})
