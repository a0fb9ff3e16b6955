// Clients that send too slowly, nothing, or far too much. Nobody else waits for them, and memory stays bounded.
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bind, execute, parse, password, query, startup, sync } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending, errorsOf } from './ending.ts'
import { type Footprint, footprint, pause, resident, untilNothingIsLeft } from './footprint.ts'

const MIB = 1024 * 1024
/** Seconds of a login in these tests. */
const LOGIN = 4
/** Connections that do nothing. */
const SILENT = 2000
const SILENT_INSIDE_TLS = 200
/** MiB that the services may have grown by: what the engine has not given back yet, far below what was sent. */
const GROWTH = 160

let stack: Stack
let token: string
let before: Footprint
beforeAll(async () => {
  stack = await startStack({ services: 'child', resource: { limits: { login: `${LOGIN}s` } } })
  token = await stack.tokens.person(['analysts'])
  await stack.psql(token, 'select 1;')
  before = await footprint(stack)
})
afterAll(async () => {
  await stack?.stop()
})

const ME = { user: 'anybody', database: 'app' }
const closed = (socket: Socket) =>
  new Promise<number>((resolve) => {
    const started = performance.now()
    socket.on('error', () => undefined).resume()
    socket.on('close', () => resolve(performance.now() - started))
  })

it('2,000 silent connections block nobody, cost the database nothing, and are closed', async () => {
  const target = /^cluster\.chaperone\.app\.target\.upstream_cx_total$/
  const connections = await stack.envoyStats(target)
  const silent = Array.from({ length: SILENT }, () => closed(connect(stack.port, '127.0.0.1')))
  const secured = await Promise.all(Array.from({ length: SILENT_INSIDE_TLS }, () => stack.wireTls()))
  expect(await stack.envoyStats(target)).toEqual(connections)
  const started = performance.now()
  expect(await stack.psql(token, 'select 42;')).toMatchObject({ stdout: '42\n', code: 0 })
  expect(performance.now() - started).toBeLessThan(5000)
  const times = await Promise.all(silent)
  expect(Math.max(...times)).toBeLessThan(30_000)
  for (const client of secured) client.destroy()
  await untilNothingIsLeft(stack, before)
})

it('a client that sends one byte a second is closed after the login timeout, with an error', async () => {
  const client = await stack.wireTls()
  const started = performance.now()
  void client.sendSplit(startup(ME), 'every-byte', 1000).catch(() => undefined)
  const end = await ending(client)
  client.destroy()
  expect(end.errors).toEqual(['08P01'])
  expect(performance.now() - started).toBeLessThan((LOGIN + 4) * 1000)
})

it('a client that stops after the startup packet is closed after the login timeout', async () => {
  const client = await stack.wireTls()
  client.send(startup(ME))
  await client.expect('AuthenticationCleartextPassword')
  const end = await ending(client)
  client.destroy()
  expect(end.errors).toEqual(['08P01'])
})

it('a token of 100 KB is refused before it is looked at', async () => {
  const client = await stack.wireTls()
  client.send(startup(ME), password(`${token}${'x'.repeat(100_000)}`))
  const end = await ending(client)
  client.destroy()
  expect(end.errors).toEqual(['28000'])
  expect(end.texts[0]).toMatch(/too long/)
})

it('a 9 MiB statement is refused, simple and extended, and the session goes on', async () => {
  const client = await stack.wire(await stack.tokens.person(['engineers']))
  for (let n = 0; n < 3; n += 1) {
    client.send(query(`delete from orders /*${' '.repeat(9 * MIB)}*/`))
    expect(await errorsOf(client)).toEqual(['54000'])
    client.send(parse({ sql: `delete from orders /*${' '.repeat(9 * MIB)}*/` }), bind({}), execute(), sync())
    expect(await errorsOf(client)).toEqual(['54000'])
    client.send(query('select 1'))
    expect(await errorsOf(client)).toEqual([])
  }
  client.destroy()
  expect(await stack.superuser('select count(*)::int as n from orders')).toEqual([{ n: 4 }])
})

it('a million messages from a client that does not read are all answered, or it is refused; memory stays bounded', async () => {
  const client = await stack.wire(token)
  const memory = resident(stack.services.pid)
  client.pause()
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => sync()))
  for (let n = 0; n < 100; n += 1) client.send(many)
  let peak = 0
  for (let n = 0; n < 10; n += 1) {
    await pause(200)
    peak = Math.max(peak, resident(stack.services.pid))
  }
  expect(await stack.psql(token, 'select 42;'), 'others go on').toMatchObject({ stdout: '42\n' })
  client.resume()
  let answered = 0
  let refused = ''
  while (answered < 1_000_000 && refused === '') {
    const message = await client.next(30_000).catch((error: Error) => error)
    if (message instanceof Error) refused = message.message
    else if (message.kind === 'ReadyForQuery') answered += 1
    else if (message.kind === 'ErrorResponse') refused = message.fields.C ?? ''
    peak = answered % 50_000 === 0 ? Math.max(peak, resident(stack.services.pid)) : peak
  }
  client.destroy()
  expect(refused).toMatch(/^(|54000|08P01)$/)
  expect(peak - memory).toBeLessThan(GROWTH)
  await untilNothingIsLeft(stack, before)
})

it('20,000 statements in one write are all answered in their order, and nobody else waits for them', async () => {
  const other = await stack.connect(token)
  const client = await stack.wire(token)
  const memory = resident(stack.services.pid)
  const COUNT = 20_000
  client.pause()
  client.send(Buffer.concat(Array.from({ length: COUNT }, (_, n) => query(`select ${n}`))))
  let longest = 0
  for (let n = 0; n < 20; n += 1) {
    const started = performance.now()
    await other.query('select 1')
    longest = Math.max(longest, performance.now() - started)
  }
  await other.end()
  expect(longest).toBeLessThan(1000)
  client.resume()
  for (let n = 0; n < COUNT; ) {
    const message = await client.next(30_000)
    if (message.kind === 'ErrorResponse') throw new Error(JSON.stringify(message))
    if (message.kind !== 'DataRow') continue
    expect(message.values[0]?.toString()).toBe(`${n}`)
    n += 1
  }
  client.destroy()
  expect(resident(stack.services.pid) - memory).toBeLessThan(2 * GROWTH)
})
