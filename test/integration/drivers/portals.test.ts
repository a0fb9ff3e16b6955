// Portals with a row limit, as JDBC's fetch size and pg-cursor use them, and clients that leave in the middle.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BackendMessage, ofKind } from '../../support/pgwire/backend.ts'
import * as send from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { startWays, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
})
afterAll(() => ways?.stop())

const open = (who: 'masked' | 'unmasked') => ways.stack.wire(ways[who].password)
const texts = (messages: readonly BackendMessage[]) =>
  ofKind(messages, 'DataRow').map(({ values }) => values.map((value) => value?.toString() ?? null))

/** Everything up to the end of one Execute. */
async function batch(client: PgWireClient): Promise<{ rows: (string | null)[][]; end: string }> {
  const messages: BackendMessage[] = []
  for (;;) {
    const message = await client.next()
    messages.push(message)
    if (message.kind === 'PortalSuspended' || message.kind === 'CommandComplete') {
      return { rows: texts(messages), end: message.kind }
    }
    if (message.kind === 'ErrorResponse') throw new Error(message.fields.M)
  }
}

describe.each(['masked', 'unmasked'] as const)('row-limited portals, %s', (who) => {
  it('give their rows in batches, and two portals do not mix', async () => {
    const client = await open(who)
    client.send(send.query('begin'))
    await client.until('ReadyForQuery')
    for (const [portal, from] of [
      ['a', 0],
      ['b', 1000],
    ] as const) {
      client.send(
        send.parse({ name: portal, sql: 'select id from numbers where id > $1 order by id' }),
        send.bind({ portal, statement: portal, values: [String(from)] }),
      )
    }
    const seen: Record<string, number[]> = { a: [], b: [] }
    for (let round = 0; round < 5; round += 1) {
      for (const portal of ['a', 'b'] as const) {
        client.send(send.execute(portal, 3), send.flush())
        const { rows, end } = await batch(client)
        expect(end).toBe('PortalSuspended')
        seen[portal]?.push(...rows.map(([id]) => Number(id)))
      }
    }
    const fifteen = Array.from({ length: 15 }, (_, n) => n + 1)
    expect(seen).toEqual({ a: fifteen, b: fifteen.map((n) => n + 1000) })
    client.send(send.close('P', 'a'), send.sync())
    await client.until('ReadyForQuery')
    client.send(send.execute('a', 1), send.sync())
    const [error] = ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')
    expect(error?.fields).toMatchObject({ C: '34000', M: 'portal "a" does not exist' })
    client.destroy()
  })

  it.each([
    [[0], 'described'],
    [[1], 'not described'],
  ] as const)('masks hold in every batch, formats %o, %s', async (resultFormats, how) => {
    const client = await open(who)
    client.send(
      send.parse({ sql: 'select ssn, name from customers order by id' }),
      send.bind({ resultFormats }),
      ...(how === 'described' ? [send.describe('P')] : []),
      send.execute('', 2),
      send.execute('', 2),
      send.execute('', 2),
      send.sync(),
    )
    const messages = await client.until('ReadyForQuery')
    const shown = (value: string) => (who === 'masked' ? '***' : value)
    expect(texts(messages)).toEqual([
      [shown('078-05-1120'), 'Ada Lovelace'],
      [shown('219-09-9999'), 'Grace Hopper'],
      [shown('457-55-5462'), 'Alan Turing'],
      [null, 'Edsger Dijkstra'],
    ])
    expect(ofKind(messages, 'RowDescription')).toHaveLength(how === 'described' ? 1 : 0)
    expect(ofKind(messages, 'PortalSuspended')).toHaveLength(2)
    client.destroy()
  })

  it.each(['end', 'reset', 'destroy'] as const)(
    'a client that leaves in the middle of a result (%s) leaves nothing behind',
    async (how) => {
      const client = await open(who)
      client.send(send.query(`select repeat('x', 1000) from generate_series(1, 200000)`))
      await client.expect('RowDescription')
      client[how]()
      for (const deadline = Date.now() + 15_000; ; ) {
        const [row] = await ways.stack.superuser(
          `select count(*)::int as n from pg_stat_activity where usename = 'app_rw'`,
        )
        if (row?.['n'] === 0) break
        if (Date.now() > deadline) throw new Error('the session of the database is still there')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      client.destroy()
    },
  )
})
