// Every way out of the server that a masked value could take, against a real server: none shows it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Bridge } from '../../support/bridge.ts'
import {
  type BridgeServer,
  MASKS,
  SECRETS_OF_CUSTOMERS,
  startBridgeServer,
} from '../../support/bridge-server.ts'
import { type BackendMessage, ofKind, textRows } from '../../support/pgwire/backend.ts'
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

describe('what the catalog says counts', () => {
  const bothWays = async (client: PgWireClient, sql: string) => {
    const rows = textRows(await simple(client, sql))
    expect(textRows(await extended(client, f.parse({ sql }), f.bind({}), f.execute()))).toEqual(rows)
    return rows
  }

  it('for partitions, whichever of the tree is named in the mask or in the statement', async () => {
    await server.postgres.query(
      `DROP TABLE IF EXISTS tree;
       CREATE TABLE tree (id int, code text) PARTITION BY LIST (id);
       CREATE TABLE leaf PARTITION OF tree FOR VALUES IN (1);
       INSERT INTO tree VALUES (1, '078-05-1120')`,
    )
    for (const masksOn of ['tree', 'leaf']) {
      for (const read of ['tree', 'leaf']) {
        const masks = [
          {
            id: 'm',
            resources: '*' as const,
            columns: [`public.${masksOn}.code`],
            strategy: 'redact' as const,
            probes: 'refuse' as const,
            copies: 'refuse' as const,
          },
        ]
        const { client, bridge } = await server.client({ masks })
        expect(await bothWays(client, `SELECT code, id FROM ${read}`)).toEqual([['***', '1']])
        await simple(client, `COPY ${read} TO STDOUT`)
        expectNothingLeaked(bridge)
      }
    }
  })

  it('after a table was dropped and made again', async () => {
    const masks = [
      {
        id: 'm',
        resources: '*' as const,
        columns: ['public.shelf.ssn'],
        strategy: 'redact' as const,
        probes: 'refuse' as const,
        copies: 'refuse' as const,
      },
    ]
    const { client, bridge } = await server.client({ masks })
    await simple(client, "CREATE TABLE shelf (id int, ssn text); INSERT INTO shelf VALUES (1, 'x')")
    expect(await bothWays(client, 'SELECT id, ssn FROM shelf')).toEqual([['1', '***']])
    await simple(client, 'BEGIN; DROP TABLE shelf')
    await simple(client, 'CREATE TABLE shelf (ssn text, id int)')
    await simple(client, "INSERT INTO shelf VALUES ('078-05-1120', 2)")
    expect(await bothWays(client, 'SELECT ssn, id FROM shelf')).toEqual([['***', '2']])
    await simple(client, 'ROLLBACK')
    expect(await bothWays(client, 'SELECT id, ssn FROM shelf')).toEqual([['1', '***']])
    expectNothingLeaked(bridge)
  })

  it('with a search_path that puts other objects before the catalog’s', async () => {
    const { client, bridge } = await masked()
    await server.postgres.query(
      `DROP SCHEMA IF EXISTS trap CASCADE; CREATE SCHEMA trap;
       CREATE VIEW trap.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE false;
       CREATE FUNCTION trap.json_build_object(VARIADIC "any") RETURNS json LANGUAGE internal AS 'json_build_object_noargs';
       CREATE FUNCTION trap.eq(name, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT false';
       CREATE OPERATOR trap.= (LEFTARG = name, RIGHTARG = text, FUNCTION = trap.eq)`,
    )
    await simple(client, 'SET search_path = trap, public, pg_catalog')
    expect(await bothWays(client, 'SELECT id, ssn FROM customers ORDER BY id LIMIT 1')).toEqual([
      ['1', '***'],
    ])
    expect(await bothWays(client, 'SELECT item FROM orders WHERE id = 1')).toEqual([['tea']])
    expect(await bothWays(client, "SELECT number || '' FROM people LIMIT 1")).toEqual([['***']])
    const refused = ofKind(await simple(client, 'SELECT id FROM customers WHERE id = 1'), 'ErrorResponse')
    expect(refused.map(({ fields }) => fields.C)).toEqual(['42501'])
    expectNothingLeaked(bridge)
  })

  it('inside an open segment, and only its own rows reach the client', async () => {
    const { client } = await masked()
    const first = [f.parse({ sql: 'SELECT 1' }), f.bind({}), f.execute()]
    const second = [f.parse({ sql: 'SELECT id, ssn FROM customers WHERE id = 2' }), f.bind({}), f.execute()]
    const messages = await extended(client, ...first, ...second)
    expect(textRows(messages)).toEqual([['1'], ['2', '***']])
    expect(kinds(messages).filter((kind) => kind === 'CloseComplete')).toEqual([])
  })
})

describe('other sessions and other names do not help', () => {
  it('the payload of a notification is not shown, its channel is', async () => {
    const { client, bridge } = await masked()
    await simple(client, 'LISTEN news')
    await server.postgres.query("NOTIFY news, '078-05-1120'")
    const notification = await client.expect('NotificationResponse')
    expect([notification.channel, notification.payload]).toEqual(['news', ''])
    expectNothingLeaked(bridge)
  })

  it('a cursor that a function opens under the name of a portal is masked by what it is', async () => {
    await server.postgres.query(
      `CREATE OR REPLACE FUNCTION swap() RETURNS void LANGUAGE plpgsql AS $$
       DECLARE p refcursor := 'p'; BEGIN OPEN p FOR SELECT ssn || '' FROM customers; END $$`,
    )
    const { client, bridge } = await masked()
    await simple(client, 'BEGIN')
    const sql = 'SELECT item FROM orders'
    await extended(client, f.parse({ sql }), f.bind({ portal: 'p' }), f.describe('P', 'p'), f.execute('p', 1))
    await simple(client, 'CLOSE p')
    await simple(client, 'SELECT swap()')
    await extended(client, f.execute('p'))
    await simple(client, 'FETCH ALL FROM p')
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
