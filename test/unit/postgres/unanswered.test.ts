// What a client sends ahead of the server's answers is kept until they come: so there is an end to it.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createExpectedQueue } from '../../../src/protocols/postgres/expected.ts'
import { type BridgeServer, startBridgeServer } from '../../support/bridge-server.ts'
import { ofKind } from '../../support/pgwire/backend.ts'
import { bind, parse, query, sync } from '../../support/pgwire/frontend.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
})
afterAll(() => server.stop())

const LARGE = 'x'.repeat(8 * 1024 * 1024)
const batch = (count: number) => [
  parse({ sql: 'SELECT length($1)' }),
  ...Array.from({ length: count }, () => bind({ values: [LARGE] })),
]

it('a segment larger than what may go unanswered is answered, though its Sync comes last', async () => {
  const { client } = await server.client()
  client.send(...batch(6), sync())
  const answers = await client.until('ReadyForQuery')
  expect(ofKind(answers, 'BindComplete')).toHaveLength(6)
})

it('a client that goes on while the server is held up loses its session, not the memory of all', async () => {
  const [{ client: holder }, { client }] = [await server.client(), await server.client()]
  holder.send(query('BEGIN; LOCK TABLE orders'))
  await holder.until('ReadyForQuery')
  client.send(query('SELECT * FROM orders'), ...batch(12))
  const error = await client.until('ErrorResponse')
  expect(ofKind(error, 'ErrorResponse')[0]?.fields['M']).toMatch(
    /more was sent than is kept while the session waits/,
  )
})

it('what is answered or skipped counts no more', () => {
  const queue = createExpectedQueue(10)
  const commit = () => undefined
  queue.push({ kind: 'parse', commit }, 5)
  queue.push({ kind: 'bind', commit }, 7)
  queue.push({ kind: 'sync', mark: 0 })
  queue.push({ kind: 'parse', commit }, 11)
  expect(queue.bytes()).toBe(23)
  queue.shift()
  expect(queue.bytes()).toBe(18)
  queue.skipToSync()
  expect(queue.bytes()).toBe(11)
})
