// What masks need not hide in a statement that touches a masked relation, against a real server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import { textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
})
afterAll(() => server.stop())

const masked = async () => (await server.client({ masks: MASKS ?? [] })).client

async function rowsOf(client: PgWireClient, ...messages: Uint8Array[]) {
  client.send(...messages)
  return textRows(await client.until('ReadyForQuery'))
}

const simple = (client: PgWireClient, sql: string) => rowsOf(client, f.query(sql))
const extended = (client: PgWireClient, sql: string, values: readonly string[] = []) =>
  rowsOf(client, f.parse({ sql }), f.bind({ values }), f.execute(), f.sync())

describe('what holds no value of a column is shown', () => {
  it.each([
    ['a count', 'SELECT count(*) FROM customers', [['2']]],
    ['a count in words', 'SELECT pg_catalog.count(*) FROM customers', [['2']]],
    ['a count as another type', 'SELECT count(*)::int::text FROM customers', [['2']]],
    [
      'a count by a column that is not masked',
      'SELECT name, count(*) FROM customers GROUP BY 1 ORDER BY 1',
      [
        ['ada', '1'],
        ['bob', '1'],
      ],
    ],
    ['a constant', 'SELECT 1 AS one FROM customers LIMIT 1', [['1']]],
    ['a constant beside a masked column', "SELECT 'x', ssn, 'y' FROM customers LIMIT 1", [['x', '***', 'y']]],
    ['a count through a view', 'SELECT count(*) FROM people', [['2']]],
  ])('%s', async (_, sql, expected) => {
    const client = await masked()
    expect(await simple(client, sql)).toEqual(expected)
    expect(await extended(client, sql)).toEqual(expected)
  })

  it('a parameter', async () => {
    expect(await extended(await masked(), 'SELECT $1::text FROM customers LIMIT 1', ['mine'])).toEqual([
      ['mine'],
    ])
  })

  it('a count from a prepared statement that has a name', async () => {
    const client = await masked()
    await rowsOf(client, f.parse({ name: 's', sql: 'SELECT count(*) FROM customers' }), f.sync())
    expect(await rowsOf(client, f.bind({ statement: 's' }), f.execute(), f.sync())).toEqual([['2']])
  })
})

const HIDDEN = [['***']]

describe('what may hold a value of a column stays hidden', () => {
  it.each([
    [
      'in a union under a constant',
      "SELECT 'x' FROM orders WHERE false UNION ALL SELECT ssn FROM customers WHERE id = 1",
    ],
    ['in a union over a constant', "SELECT ssn FROM customers WHERE id = 1 UNION ALL SELECT 'x' WHERE false"],
    ['in VALUES', 'VALUES ((SELECT ssn FROM customers WHERE id = 1))'],
    ['under the name of a count', `SELECT ssn || '' AS count FROM customers WHERE id = 1`],
    ['in a subquery that counts', 'SELECT (SELECT ssn FROM customers WHERE id = 1)::text'],
    ['in a column of a function', "SELECT x FROM (SELECT ssn || '' FROM customers WHERE id = 1) s(x)"],
    [
      'in a common table expression',
      "WITH c AS (SELECT ssn || '' AS count FROM customers WHERE id = 1) SELECT count FROM c",
    ],
  ])('%s', async (_, sql) => {
    const client = await masked()
    expect(await simple(client, sql)).toEqual(HIDDEN)
    expect(await extended(client, sql)).toEqual(HIDDEN)
  })

  it('where a star before it moves the places', async () => {
    const rows = [['1', 'ada', '***', '0', '***', '0']]
    const sql = "SELECT *, ssn || '', 1 FROM customers WHERE id = 1"
    const client = await masked()
    expect(await simple(client, sql)).toEqual(rows)
    expect(await extended(client, sql)).toEqual(rows)
  })

  it('where one statement of several has a constant in its place', async () => {
    const rows = await simple(
      await masked(),
      "SELECT 'x' FROM customers LIMIT 1; SELECT ssn || '' FROM customers WHERE id = 1",
    )
    expect(rows).toEqual([['***'], ['***']])
  })

  it('where SQL gave the name of a statement another meaning', async () => {
    const client = await masked()
    await rowsOf(client, f.parse({ name: 's', sql: "SELECT 'x' FROM customers" }), f.sync())
    await simple(client, "DEALLOCATE s; PREPARE s AS SELECT ssn || '' FROM customers WHERE id = 1")
    expect(await rowsOf(client, f.bind({ statement: 's' }), f.execute(), f.sync())).toEqual(HIDDEN)
    expect(await simple(client, 'EXECUTE s')).toEqual(HIDDEN)
  })

  it('where a cursor of SQL has the name of a portal', async () => {
    const client = await masked()
    await simple(client, 'BEGIN')
    await rowsOf(client, f.parse({ sql: "SELECT 'x' FROM customers" }), f.bind({ portal: 'k' }), f.sync())
    await simple(client, "CLOSE k; DECLARE k CURSOR FOR SELECT ssn || '' FROM customers WHERE id = 1")
    expect(await rowsOf(client, f.describe('P', 'k'), f.execute('k'), f.sync())).toEqual(HIDDEN)
  })

  it('where the unnamed statement is another one by the time it runs', async () => {
    const client = await masked()
    const sql = "SELECT ssn || '' FROM customers WHERE id = 1"
    const messages = [f.parse({ sql: "SELECT 'x' FROM customers LIMIT 1" }), f.bind({}), f.describe('P')]
    expect(await rowsOf(client, ...messages, f.parse({ sql }), f.bind({}), f.execute(), f.sync())).toEqual(
      HIDDEN,
    )
  })
})
