// EXECUTE and FETCH against a real server: what their names stand for when they run is what was judged, and what PostgreSQL
// crashes over is not asked of it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Operation } from '../../../src/core/operation.ts'
import type { Judgement } from '../../support/bridge.ts'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import { type BackendMessage, ofKind, textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
  await server.postgres.query(`CREATE TABLE sheet AS SELECT 1 AS id;
    CREATE FUNCTION harmless() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
})
afterAll(() => server.stop())

const REFUSED = { code: 'denied', message: 'no deletes' } as const
/** As a hold: what may be prepared waits when it is to run. */
const noDeletesAtExecute = ({ facts, phase }: Operation): Judgement =>
  phase !== 'prepare' &&
  facts.statements.some(({ accesses }) => accesses.some(({ effect }) => effect === 'delete'))
    ? REFUSED
    : undefined

async function answers(client: PgWireClient, ...messages: Uint8Array[]): Promise<BackendMessage[]> {
  client.send(...messages)
  return client.until('ReadyForQuery')
}
const errors = (messages: readonly BackendMessage[]) =>
  ofKind(messages, 'ErrorResponse').map(({ fields }) => `${fields.C} ${fields.M}`)

describe('a portal that executes a prepared statement', () => {
  it('is judged by what the name stands for when it runs, not by what it stood for at its Bind', async () => {
    const { client } = await server.client({ judge: noDeletesAtExecute })
    await answers(client, f.query('BEGIN'))
    await answers(
      client,
      f.parse({ name: 's', sql: 'SELECT harmless()' }),
      f.parse({ name: 'x', sql: 'EXECUTE s' }),
      f.bind({ portal: 'p', statement: 'x' }),
      f.close('S', 's'),
      f.parse({ name: 's', sql: 'DELETE FROM sheet' }),
      f.sync(),
    )
    expect(errors(await answers(client, f.execute('p'), f.sync()))).toEqual(['42501 chaperone: no deletes'])
    await answers(client, f.query('COMMIT'))
    expect(textRows(await answers(client, f.query('SELECT count(*) FROM sheet')))).toEqual([['1']])
  })
})

const kinds = (messages: readonly BackendMessage[]) => messages.map(({ kind }) => kind)
const FETCH = f.parse({ name: 's', sql: 'FETCH ALL FROM c' })

describe('a FETCH', () => {
  it('is described where its Parse or Bind came just before', async () => {
    const { client, bridge } = await server.client()
    await answers(client, f.query('BEGIN; DECLARE c CURSOR FOR SELECT 1 AS one'))
    const messages = [
      f.describe('S', 's'),
      f.bind({ statement: 's' }),
      f.describe('P'),
      f.execute(),
      f.sync(),
    ]
    expect(kinds(await answers(client, FETCH, ...messages))).toEqual([
      ...['ParseComplete', 'ParameterDescription', 'RowDescription', 'BindComplete', 'RowDescription'],
      ...['DataRow', 'CommandComplete', 'ReadyForQuery'],
    ])
    expect(Buffer.concat(bridge.traffic[0]?.toServer ?? []).includes('pg_cursors')).toBe(false)
  })

  it.each([
    ['in a transaction', 'BEGIN; DECLARE c CURSOR FOR SELECT 1 AS one'],
    ['outside of one, WITH HOLD', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1 AS one'],
  ])('is described later where its cursor is there: %s', async (_, declare) => {
    const { client } = await server.client()
    await answers(client, f.query(declare))
    await answers(client, FETCH, f.sync())
    await answers(client, f.query('SELECT 2'))
    const described = await answers(client, f.describe('S', 's'), f.sync())
    expect(kinds(described)).toEqual(['ParameterDescription', 'RowDescription', 'ReadyForQuery'])
    expect(ofKind(described, 'RowDescription')[0]?.columns.map(({ name }) => name)).toEqual(['one'])
  })

  it('whose cursor is gone is the error that the server gives for it, and the session goes on', async () => {
    const { client } = await server.client()
    await answers(client, f.query('BEGIN; DECLARE c CURSOR FOR SELECT 1'))
    await answers(client, FETCH, f.sync())
    await answers(client, f.query('CLOSE c; DECLARE d CURSOR FOR SELECT 1'))
    const gone = await answers(client, f.describe('S', 's'), f.sync())
    expect(errors(gone)).toEqual(['34000 cursor "c" does not exist'])
    expect(ofKind(gone, 'ReadyForQuery')[0]?.status).toBe('E')
  })

  it('under masks, where the session itself asks for columns, is executed only where its cursor is there', async () => {
    const { client } = await server.client({ masks: MASKS ?? [] })
    await answers(client, f.query('BEGIN; DECLARE c CURSOR FOR SELECT 1 AS one'))
    await answers(
      client,
      FETCH,
      f.bind({ portal: 'p', statement: 's' }),
      f.bind({ portal: 'q', statement: 's' }),
      f.sync(),
    )
    expect(kinds(await answers(client, f.execute('p'), f.sync()))).toEqual([
      ...['DataRow', 'CommandComplete', 'ReadyForQuery'],
    ])
    await answers(client, f.query('CLOSE c'))
    expect(errors(await answers(client, f.execute('q'), f.sync()))).toEqual([
      '34000 cursor "c" does not exist',
    ])
    expect(server.postgres.log()).not.toMatch(/terminated by signal/)
  })
})

describe('a name that stands for EXECUTE or FETCH itself', () => {
  it.each([
    ['EXECUTE', 'EXECUTE s', 'the prepared statement "s" may be an EXECUTE or a FETCH itself'],
    ['FETCH', 'FETCH 1 FROM p', 'the cursor "p" may be an EXECUTE or a FETCH itself'],
    ['MOVE', 'MOVE 1 IN p', 'the cursor "p" may be an EXECUTE or a FETCH itself'],
  ])('is not understood in %s', async (_, sql, reason) => {
    const seen: string[] = []
    const judge = ({ facts }: Operation): Judgement => {
      seen.push(...facts.statements.flatMap(({ incomplete }) => incomplete ?? []))
      return undefined
    }
    const { client } = await server.client({ judge })
    await answers(client, f.query('BEGIN; DECLARE c CURSOR FOR SELECT 1'))
    await answers(client, FETCH, f.bind({ portal: 'p', statement: 's' }), f.sync())
    await answers(client, f.query(sql))
    expect(seen[0]).toContain(reason)
  })
})
