// Every way out of the server that a masked value could take, against a real server: none shows it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bridge } from '../../support/bridge.ts'
import {
  type BridgeServer,
  MASKS,
  SECRETS_OF_CUSTOMERS,
  startBridgeServer,
} from '../../support/bridge-server.ts'
import { type BackendMessage, textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
})
afterAll(() => server.stop())

const masked = () => server.client({ masks: MASKS ?? [] })

async function simple(client: PgWireClient, sql: string): Promise<BackendMessage[]> {
  client.send(f.query(sql))
  return client.until('ReadyForQuery')
}

async function extended(client: PgWireClient, ...messages: Uint8Array[]): Promise<BackendMessage[]> {
  client.send(...messages, f.sync())
  return client.until('ReadyForQuery')
}

function expectNothingLeaked(bridge: Bridge): void {
  for (const traffic of bridge.traffic) {
    expect(traffic.thrown).toBeUndefined()
    const shown = Buffer.concat(traffic.toClient)
    for (const secret of SECRETS_OF_CUSTOMERS) {
      expect(shown.includes(secret), `${secret} was shown`).toBe(false)
      const binary = Buffer.alloc(4)
      binary.writeInt32BE(Number(secret) || 0x7fffffff)
      const row = Buffer.concat([Buffer.from([0, 0, 0, 4]), binary])
      expect(shown.includes(row), `${secret} was shown in binary`).toBe(false)
    }
  }
}

const kinds = (messages: readonly BackendMessage[]) => messages.map((message) => message.kind)

describe('a masked value stays hidden', () => {
  it.each([
    ['by name', 'SELECT id, ssn, pin FROM customers'],
    ['under an alias', 'SELECT ssn AS id, pin AS name FROM customers'],
    ['in an expression', "SELECT ssn || '', pin + 0 FROM customers"],
    ['in a whole row', 'SELECT c FROM customers c'],
    ['as JSON', 'SELECT row_to_json(c) FROM customers c'],
    ['through a view', 'SELECT * FROM people'],
    ['through a view, in an expression', "SELECT number || '' FROM people"],
    ['in a union after another table', 'SELECT item FROM orders UNION ALL SELECT ssn FROM customers'],
    ['in a common table expression', 'WITH x AS (SELECT ssn s FROM customers) SELECT s FROM x'],
    ['in RETURNING', "UPDATE customers SET name = 'ada' WHERE id = 1 RETURNING ssn, pin"],
    ['in RETURNING of an expression', "UPDATE customers SET name = 'ada' WHERE id = 1 RETURNING ssn || ''"],
    [
      'in statistics',
      "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'",
    ],
    [
      'in statistics, with the schema',
      'SELECT stavalues1::text, stavalues2::text FROM pg_catalog.pg_statistic',
    ],
    ['in the text of a failing cast', 'SELECT ssn::int FROM customers'],
    ['in the text of a failing cast to a relation', 'SELECT ssn::regclass FROM customers'],
    ['in the text of a failing cast to a type', 'SELECT ssn::regtype FROM customers'],
    ['in the text of a failing text search query', "SELECT to_tsquery(ssn || ' &') FROM customers"],
    ['in a plan', 'EXPLAIN (ANALYZE, VERBOSE) SELECT ssn FROM customers'],
    ['by COPY', 'COPY customers TO STDOUT'],
    ['by COPY of a query', 'COPY (SELECT ssn FROM customers) TO STDOUT'],
    ['by COPY of a view', 'COPY (SELECT * FROM people) TO STDOUT'],
    ['in a second statement', "SELECT 1; SELECT ssn || '' FROM customers"],
    [
      'from a cursor of SQL',
      "BEGIN; DECLARE k CURSOR FOR SELECT ssn || '', pin FROM customers; FETCH ALL FROM k; COMMIT",
    ],
    ['from a prepared statement of SQL', "PREPARE a AS SELECT ssn || '' FROM customers; EXECUTE a"],
  ])('%s', async (_title, sql) => {
    const { client, bridge } = await masked()
    await simple(client, sql)
    await extended(client, f.parse({ sql }), f.bind({ resultFormats: [0] }), f.describe('P'), f.execute())
    await extended(client, f.parse({ sql }), f.bind({ resultFormats: [1] }), f.execute())
    expectNothingLeaked(bridge)
    expect(textRows(await simple(client, 'SELECT 1'))).toEqual([['1']])
  })

  it('in a FETCH that is a statement of the extended protocol', async () => {
    const { client, bridge } = await masked()
    await simple(client, "BEGIN; DECLARE k CURSOR FOR SELECT ssn || '' FROM customers")
    const sql = 'FETCH ALL FROM k'
    await extended(client, f.parse({ sql }), f.bind({}), f.describe('P'), f.execute())
    expectNothingLeaked(bridge)
  })

  it('in an EXECUTE that is a statement of the extended protocol', async () => {
    const { client, bridge } = await masked()
    await simple(client, "PREPARE a AS SELECT ssn || '' FROM customers")
    await extended(client, f.parse({ sql: 'EXECUTE a' }), f.bind({}), f.execute())
    expectNothingLeaked(bridge)
  })

  it('when one prepared statement executes another', async () => {
    const { client, bridge } = await masked()
    await extended(client, f.parse({ name: 'inner', sql: "SELECT ssn || '' FROM customers" }))
    await extended(client, f.parse({ name: 'outer', sql: 'EXECUTE "inner"' }))
    await simple(client, 'EXECUTE "outer"')
    await extended(client, f.bind({ statement: 'outer' }), f.execute())
    expectNothingLeaked(bridge)
  })

  it('when a portal of the protocol is read by FETCH', async () => {
    const { client, bridge } = await masked()
    await simple(client, 'BEGIN')
    const sql = "SELECT ssn || '' FROM customers"
    await extended(client, f.parse({ sql }), f.bind({ portal: 'p' }))
    await simple(client, 'FETCH ALL FROM p')
    expectNothingLeaked(bridge)
  })

  it('when a portal of the protocol fetches from a cursor and is itself fetched from', async () => {
    const { client, bridge } = await masked()
    await simple(client, "BEGIN; DECLARE k CURSOR FOR SELECT ssn || '' FROM customers")
    await extended(client, f.parse({ sql: 'FETCH ALL FROM k' }), f.bind({ portal: 'p' }))
    await simple(client, 'FETCH ALL FROM p')
    expectNothingLeaked(bridge)
  })

  it('when names are longer than the server keeps apart', async () => {
    const { client, bridge } = await masked()
    const long = 'n'.repeat(63)
    await extended(client, f.parse({ name: `${long}a`, sql: 'SELECT item FROM orders' }))
    await extended(client, f.parse({ name: `${long}b`, sql: 'SELECT 1' }), f.close('S', `${long}b`))
    await extended(client, f.close('S', `${long}b`))
    await extended(client, f.parse({ name: `${long}b`, sql: "SELECT ssn || '' FROM customers" }))
    await extended(client, f.bind({ statement: `${long}a` }), f.execute())
    expectNothingLeaked(bridge)
  })

  it('in an error of a function that the planner calls at Bind', async () => {
    const { client, bridge } = await masked()
    await server.postgres.query(
      "CREATE OR REPLACE FUNCTION tattle() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', (SELECT ssn FROM customers LIMIT 1); RAISE EXCEPTION '%', (SELECT ssn FROM customers LIMIT 1) USING CONSTRAINT = '219-09-9999'; END $$",
    )
    await extended(client, f.parse({ sql: 'SELECT tattle()' }), f.bind({}), f.execute())
    await simple(client, 'SELECT tattle()')
    expectNothingLeaked(bridge)
  })

  it('when the catalog cannot be asked and the statement undoes the reason itself', async () => {
    const { client, bridge } = await masked()
    await simple(client, 'BEGIN; SELECT 1/0')
    await simple(client, 'ROLLBACK; COPY (SELECT * FROM people) TO STDOUT')
    expectNothingLeaked(bridge)
  })
})

describe('what no mask names is shown', () => {
  it.each([
    ['a column', 'SELECT item FROM orders WHERE id = 1', 'tea'],
    ['an expression', "SELECT item || '!' FROM orders WHERE id = 1", 'tea!'],
    ['an aggregate', 'SELECT count(*) FROM orders', '3'],
    ['a whole row', 'SELECT o FROM orders o WHERE id = 1', '(1,tea)'],
    ['a column beside a masked one', 'SELECT name FROM customers WHERE id = 2', 'bob'],
    ['a column of a catalog', "SELECT relname FROM pg_class WHERE relname = 'customers'", 'customers'],
  ])('%s', async (_title, sql, value) => {
    const { client } = await masked()
    expect(textRows(await simple(client, sql))).toEqual([[value]])
    const messages = await extended(client, f.parse({ sql }), f.bind({}), f.execute())
    expect(textRows(messages)).toEqual([[value]])
    expect(kinds(messages)).not.toContain('RowDescription')
  })
})
