// What names of a session keep in memory has an end, and what is gone no longer counts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BridgeServer, startBridgeServer } from '../../support/bridge-server.ts'
import { ofKind } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
})
afterAll(() => server.stop())

const MIB = 1024 * 1024
/** Names may keep twice as much. */
const limits = { buffered: MIB }
const LONG = 'x'.repeat(100_000)
/** More of them than fit. */
const MANY = 40
/** Short, and its facts take half a megabyte: each of its columns may be of any of its tables. */
const wide = (n: number) =>
  `SELECT ${Array.from({ length: 50 }, (_, c) => `c${c}`).join()}, ${n} FROM ${Array.from({ length: 50 }, (_, t) => `t${t}`).join()}`

/** The SQLSTATE of what ends it, or none. */
async function ending(client: PgWireClient, round: (n: number) => readonly Uint8Array[], rounds = MANY) {
  for (let n = 0; n < rounds; n += 1) {
    client.send(...round(n))
    for (;;) {
      const message = await client.next()
      if (message.kind === 'ReadyForQuery') break
      if (message.kind === 'ErrorResponse' && message.fields.S === 'FATAL') return message.fields.C
    }
  }
  return 'none'
}

describe('too much ends the session', () => {
  const named = (n: number) => `s${n}`
  it.each<[string, (n: number) => readonly Uint8Array[]]>([
    [
      'texts of prepared statements',
      (n) => [f.parse({ name: named(n), sql: `SELECT '${LONG}${n}'` }), f.sync()],
    ],
    [
      'texts under one name that is closed each time, before the server confirms any',
      (n) => [f.parse({ name: 'one', sql: wide(n) }), f.close('S', 'one'), f.flush()],
    ],
    ['facts of SQL’s own names', (n) => [f.query(`PREPARE ${named(n)} AS ${wide(n)}`)]],
    [
      'parameters of portals',
      (n) => [
        ...(n === 0 ? [f.query('BEGIN'), f.parse({ name: 'p', sql: 'SELECT $1::text' })] : []),
        f.bind({ portal: named(n), statement: 'p', values: [LONG] }),
        f.sync(),
      ],
    ],
  ])('%s', async (what, round) => {
    const { client } = await server.client({ limits })
    if (what.startsWith('texts under one name')) {
      client.send(...Array.from({ length: 2 * MANY }, (_, n) => round(n)).flat(), f.sync())
      expect(await ending(client, () => [], 1)).toBe('54000')
    } else expect(await ending(client, round)).toBe('54000')
  })
})

describe('any number, one after the other, is not too much', () => {
  it('of statements that are closed', async () => {
    const { client } = await server.client({ limits })
    const round = (n: number) => [
      f.parse({ name: 's', sql: `SELECT '${LONG}${n}'` }),
      f.close('S', 's'),
      f.sync(),
    ]
    expect(await ending(client, round, 2 * MANY)).toBe('none')
  })

  it('of statements without a name', async () => {
    const { client } = await server.client({ limits })
    const round = (n: number) => [f.parse({ sql: `SELECT '${LONG}${n}'` }), f.bind({}), f.execute(), f.sync()]
    expect(await ending(client, round, 2 * MANY)).toBe('none')
  })

  it('of portals that their transaction ends', async () => {
    const { client } = await server.client({ limits })
    client.send(f.parse({ name: 'p', sql: 'SELECT $1::text' }), f.sync())
    await client.until('ReadyForQuery')
    const round = () => [f.bind({ portal: 'x', statement: 'p', values: [LONG] }), f.execute('x'), f.sync()]
    expect(await ending(client, round, 2 * MANY)).toBe('none')
  })

  it('of statements that fail', async () => {
    const { client } = await server.client({ limits })
    const round = (n: number) => [
      f.parse({ name: `s${n}`, sql: `SELECT '${LONG}${n}' FROM nowhere` }),
      f.sync(),
    ]
    expect(await ending(client, round, 2 * MANY)).toBe('none')
  })

  it('of statements that SQL makes and drops', async () => {
    const { client } = await server.client({ limits })
    const round = (n: number) => [
      f.query(`PREPARE s AS SELECT '${LONG}${n}'`),
      f.query('DEALLOCATE s'),
      f.sync(),
    ]
    client.send(...round(0))
    const first = await client.until('ReadyForQuery')
    expect(ofKind(first, 'ErrorResponse')).toEqual([])
    expect(await ending(client, round, 2 * MANY)).toBe('none')
  })
})

describe('a text that names what SQL prepared, again and again', () => {
  const prepared = `PREPARE a AS SELECT 1 FROM ${Array.from({ length: 20 }, (_, n) => `t${n}`).join()}`
  const errors = async (client: PgWireClient, sql: string) => {
    client.send(f.query(sql))
    return ofKind(await client.until('ReadyForQuery'), 'ErrorResponse').map(({ fields }) => fields.C)
  }

  it('is refused where it stands for too much', async () => {
    const seen: number[] = []
    const { client } = await server.client({
      judge({ facts }) {
        seen.push(facts.statements.length)
        return facts.statements.some(({ incomplete }) => incomplete !== undefined)
          ? { code: 'denied', message: 'unknown' }
          : undefined
      },
    })
    for (let n = 0; n < 60; n += 1) await errors(client, `${prepared} WHERE ${n} = 1`)
    expect(await errors(client, 'EXECUTE a;'.repeat(25_000))).toEqual(['42501'])
    expect(Math.max(...seen)).toBeLessThan(100_000)
  })

  it('is understood where it does not', async () => {
    const { client } = await server.client()
    await errors(client, 'PREPARE a AS SELECT id FROM orders')
    expect(await errors(client, 'EXECUTE a;'.repeat(2000))).toEqual([])
  })
})
