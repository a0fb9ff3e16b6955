// Results in windows: the server is asked for a few rows at a time, and the client sees what it would have seen.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Meter } from '../../../src/core/meter.ts'
import type { BridgeOptions } from '../../support/bridge.ts'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import { type BackendMessage, ofKind, textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
  await server.postgres.query(`
    CREATE TABLE many AS SELECT n AS id, repeat('x', n % 7) AS pad FROM generate_series(1, 5000) n;
    CREATE TABLE changed (id int);
    CREATE TABLE wide AS SELECT n AS id, CASE WHEN n > 300 THEN repeat('w', 20000) END AS body FROM generate_series(1, 450) n`)
})
afterAll(() => server.stop())

/** About a hundred rows of `many`. */
const WINDOW = 2048

async function direct(): Promise<PgWireClient> {
  const client = await connectPgWire({ port: server.postgres.port })
  await client.login({ user: 'postgres', database: 'postgres' })
  return client
}

const windowed = (options: Partial<BridgeOptions> = {}) => server.client({ window: WINDOW, ...options })

const extended = (sql: string, rows = 0, values: string[] = []) => [
  f.parse({ sql }),
  f.bind({ values }),
  f.describe('P'),
  f.execute('', rows),
]
const ALL = 'SELECT * FROM many ORDER BY id'

/** Turns, each up to so many ReadyForQuery. */
type Turns = readonly (readonly [ready: number, ...messages: Uint8Array[]])[]

const SCRIPTS: Readonly<Record<string, Turns>> = {
  'a result of many windows': [[1, ...extended(ALL), f.sync()]],
  'a result that ends with a window': [[1, ...extended(`${ALL} LIMIT 64`), f.sync()]],
  'an empty result': [[1, ...extended('SELECT * FROM many WHERE id < 0'), f.sync()]],
  'a row limit of the client’s above a window': [
    [1, ...extended(ALL, 2000), f.execute('', 2000), f.execute('', 2000), f.execute('', 5), f.sync()],
  ],
  'a row limit of the client’s below a window': [
    [1, ...extended(ALL, 3), f.execute('', 3), f.execute('', 0), f.sync()],
  ],
  'a negative row limit, which is none': [[1, ...extended(ALL, -1), f.sync()]],
  'what a pipeline sends behind it': [
    [
      3,
      ...extended(ALL),
      ...extended('INSERT INTO changed VALUES (1)'),
      f.sync(),
      ...extended(ALL),
      ...extended('SELECT count(*) FROM changed'),
      f.sync(),
      f.query('DELETE FROM changed'),
    ],
  ],
  'RETURNING, whose tag counts all rows': [
    [1, ...extended('INSERT INTO changed SELECT id FROM many RETURNING id'), f.sync()],
    [1, ...extended('UPDATE changed SET id = id + 1 RETURNING *'), f.sync()],
    [1, ...extended('DELETE FROM changed RETURNING id'), f.sync()],
  ],
  'an error in a later window': [
    [1, ...extended('SELECT 1 / (4000 - id) FROM many'), ...extended('SELECT 2'), f.sync()],
    [1, ...extended('SELECT 3'), f.sync()],
  ],
  'an error in a transaction': [
    [1, f.query('BEGIN')],
    [1, ...extended('SELECT 1 / (4000 - id) FROM many'), f.sync()],
    [1, ...extended('SELECT 3'), f.sync()],
    [1, f.query('ROLLBACK')],
  ],
  'named portals side by side': [
    [1, f.query('BEGIN')],
    [
      1,
      f.parse({ name: 's', sql: ALL }),
      f.bind({ portal: 'a', statement: 's' }),
      f.bind({ portal: 'b', statement: 's', resultFormats: [1] }),
      f.execute('a', 1000),
      f.execute('b', 2),
      f.execute('a'),
      f.execute('b'),
      f.close('P', 'a'),
      f.sync(),
    ],
    [1, f.query('COMMIT')],
  ],
  'EXPLAIN, SHOW and VALUES': [
    [1, ...extended('EXPLAIN (COSTS OFF) SELECT * FROM many'), f.sync()],
    [1, ...extended('SHOW server_version_num'), f.sync()],
    [1, ...extended('VALUES (1), (2)'), f.sync()],
  ],
  'cursors of SQL': [
    [1, f.query('BEGIN')],
    [1, ...extended(`DECLARE c CURSOR FOR ${ALL}`), f.sync()],
    [
      1,
      ...extended('FETCH 1000 FROM c'),
      ...extended('MOVE 10 FROM c'),
      ...extended('FETCH ALL FROM c'),
      f.sync(),
    ],
    [1, f.query('COMMIT')],
  ],
  'statements that SQL prepared': [
    [1, f.query(`PREPARE p AS ${ALL}`)],
    [1, ...extended('EXECUTE p'), f.sync()],
  ],
  'COPY in the extended protocol': [
    [1, f.parse({ sql: 'COPY many TO STDOUT' }), f.bind({}), f.execute(), f.sync()],
    [
      1,
      f.parse({ sql: 'COPY changed FROM STDIN' }),
      f.bind({}),
      f.execute(),
      f.copyData('1\n'),
      f.copyDone(),
      f.sync(),
    ],
    [1, f.query('DELETE FROM changed')],
  ],
  'rows that become wider than those before': [[1, ...extended('SELECT * FROM wide ORDER BY id'), f.sync()]],
  'an error before its Execute': [
    [1, ...extended('SELECT $1::int FROM many', 0, ['not a number']), f.sync()],
    [1, ...extended('SELECT 1'), f.sync()],
  ],
  'simple queries': [
    [1, f.query(ALL)],
    [1, f.query('SELECT * FROM many WHERE id < 0')],
    [1, f.query(`${ALL} LIMIT 64`)],
    [1, f.query('')],
    [1, f.query('SELECT FROM many LIMIT 3')],
    [1, f.query('SELECT 1; SELECT 2')],
    [1, f.query('VALUES (1), (2)')],
    [1, f.query('TABLE many')],
    [1, f.query('WITH few AS (SELECT * FROM many LIMIT 3) SELECT * FROM few')],
  ],
  'simple queries one behind the other': [
    [3, f.query(ALL), f.query('INSERT INTO changed VALUES (1)'), f.query('SELECT count(*) FROM changed')],
    [1, f.query('DELETE FROM changed')],
  ],
  'simple queries that fail': [
    [1, f.query('SELECT 1 / (4000 - id) FROM many ORDER BY id')],
    [1, f.query('SELECT nothing FROM many')],
    [1, f.query('SELECT * FROM nowhere')],
    [1, f.query("SELECT 'x'::int FROM many")],
    [1, f.query('SELECT $1')],
    [1, f.query('SELECT 1/0')],
    [1, f.query('SELECT 3')],
  ],
  'simple queries in a transaction': [
    [1, f.query('BEGIN')],
    [1, f.query(ALL)],
    [1, f.query('CREATE TABLE gone AS SELECT 1 AS a')],
    [1, f.query('SELECT * FROM gone')],
    [1, f.query('DROP TABLE gone')],
    [1, f.query('SELECT 1 / (4000 - id) FROM many ORDER BY id')],
    [1, f.query(ALL)],
    [1, f.query('ROLLBACK')],
  ],
  'a simple query within a segment': [
    [1, ...extended('INSERT INTO changed VALUES (1)'), f.query(ALL)],
    [1, f.query('SELECT count(*) FROM changed'), f.flush()],
    [1, f.sync()],
    [1, f.query('DELETE FROM changed')],
  ],
  'a simple query, which ends the unnamed statement and portal': [
    [1, f.parse({ sql: 'SELECT 1' }), f.sync()],
    [1, f.query(ALL)],
    [1, f.bind({}), f.execute(), f.sync()],
    [1, f.execute(), f.sync()],
    [1, f.query('BEGIN')],
    [1, ...extended('SELECT 1'), f.sync()],
    [1, f.query(ALL)],
    [1, f.execute(), f.sync()],
    [1, f.query('ROLLBACK')],
  ],
  'deferred constraints': [
    [1, f.query('CREATE TEMP TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)')],
    [1, f.query('INSERT INTO a VALUES (1), (1) RETURNING id')],
    [1, f.query('SELECT * FROM a')],
  ],
  'an Execute that the client waits for with Flush': [[1, ...extended(ALL), f.flush(), f.sync()]],
}

async function play(client: PgWireClient, turns: Turns): Promise<BackendMessage[]> {
  const seen: BackendMessage[] = []
  for (const [ready, ...messages] of turns) {
    client.send(...messages)
    for (let n = 0; n < ready; n += 1) seen.push(...(await client.until('ReadyForQuery')))
  }
  return seen
}

/** Messages as text, rows in runs: what differs is then seen. */
function told(messages: readonly BackendMessage[]): string[] {
  const lines: string[] = []
  let rows: string[] = []
  const endRun = () => {
    if (rows.length > 0)
      lines.push(`${rows.length} rows, the last ${rows.at(-1)?.slice(0, 60)}`, digest(rows))
    rows = []
  }
  for (const message of messages) {
    if (message.kind === 'DataRow') {
      rows.push(JSON.stringify(message.values.map((value) => value && Buffer.from(value).toString('latin1'))))
      continue
    }
    endRun()
    lines.push(JSON.stringify(message).replaceAll(ELSEWHERE, ''))
  }
  endRun()
  return lines
}

/** Where in its source the server says something, OIDs and the name of the session's own schema are not the client's business. */
const ELSEWHERE = /"(?:F|L|R|s)":"[^"]*",?|,(?="(?:F|L|R|s)")|"table":\d+,/g

const digest = (rows: readonly string[]) => createHash('sha256').update(rows.join('\n')).digest('hex')

describe('a client whose results come in windows sees what it sees straight at the server', () => {
  it.each(Object.entries(SCRIPTS))('%s', async (_, turns) => {
    const straight = await direct()
    const { client, bridge } = await windowed()
    const expected = await play(straight, turns)
    straight.destroy()
    expect(told(await play(client, turns))).toEqual(told(expected))
    expect(bridge.traffic[0]?.thrown).toBeUndefined()
  })

  it('with masks in a simple query', async () => {
    const { client } = await windowed({ masks: MASKS ?? [] })
    const seen = await play(client, [[1, f.query('SELECT c.ssn, c.name FROM customers c, many m')]])
    expect(new Set(textRows(seen).map(([ssn]) => ssn))).toEqual(new Set(['***']))
    expect(ofKind(seen, 'CommandComplete').map(({ tag }) => tag)).toEqual(['SELECT 10000'])
  })

  it('with masks, also where nobody asked for a description', async () => {
    const { client } = await windowed({ masks: MASKS ?? [] })
    client.send(
      f.parse({ sql: 'SELECT c.ssn FROM customers c, many m ORDER BY m.id' }),
      f.bind({}),
      f.execute(),
      f.sync(),
    )
    const seen = await client.until('ReadyForQuery')
    expect(new Set(textRows(seen).flat())).toEqual(new Set(['***']))
    expect(ofKind(seen, 'CommandComplete').map(({ tag }) => tag)).toEqual(['SELECT 10000'])
    expect(ofKind(seen, 'RowDescription')).toEqual([])
  })
})

/** How many rows the server was asked for, Execute by Execute. */
function asked([startup, ...others]: readonly Buffer[]): number[] {
  expect(startup?.[0]).toBe(0)
  const sent = Buffer.concat(others)
  const rows: number[] = []
  for (let at = 0; at < sent.length; ) {
    const end = at + 1 + sent.readInt32BE(at + 1)
    if (sent[at] === 0x45) rows.push(sent.readInt32BE(end - 4))
    at = end
  }
  return rows
}

describe('the server', () => {
  it('is asked in windows for a simple query that reads', async () => {
    const { client, bridge } = await windowed()
    await play(client, [[1, f.query(ALL)]])
    expect(asked(bridge.traffic[0]?.toServer ?? []).length).toBeGreaterThan(10)
  })

  it('gives no more at once than a window, whose rows follow from their width', async () => {
    const { client, bridge } = await windowed()
    await play(client, [[1, ...extended('SELECT * FROM wide ORDER BY id'), f.sync()]])
    const windows = asked(bridge.traffic[0]?.toServer ?? [])
    expect(windows[0]).toBe(64)
    // wide rows are 20,000 bytes, and the first of them came in a window that was meant for narrow ones
    expect(windows.at(-1)).toBe(1)
    expect(Math.max(...windows)).toBeLessThan(200)
  })

  it('is asked for the next window only when the one before is through', async () => {
    const { client, bridge } = await windowed()
    await play(client, [[1, ...extended(ALL), f.sync()]])
    const events = bridge.traffic[0]?.events.filter(({ from }) => from === 'server') ?? []
    const suspended = events.filter(({ bytes }) => bytes.includes(Buffer.from('7300000004', 'hex')))
    expect(suspended.length).toBe(asked(bridge.traffic[0]?.toServer ?? []).length - 1)
  })

  it('gets a client’s own Execute as it is where it asks for less than a window', async () => {
    const { client, bridge } = await windowed()
    await play(client, [[1, ...extended(ALL, 10), f.execute('', 20), f.sync()]])
    expect(asked(bridge.traffic[0]?.toServer ?? [])).toEqual([10, 20])
  })

  it('without a window is asked for all of it', async () => {
    const { client, bridge } = await server.client()
    await play(client, [[1, ...extended(ALL), f.sync()]])
    expect(asked(bridge.traffic[0]?.toServer ?? [])).toEqual([0])
  })
})

describe('the record', () => {
  it.each(['SELECT nothing FROM many', "SELECT 'x'::int FROM many", 'SELECT 1 / (id - 9) FROM many'])(
    'of a simple query that fails is of its statement: %s',
    async (sql) => {
      const { client, bridge } = await windowed()
      await play(client, [[1, f.query(sql)]])
      const [operation] = bridge.traffic[0]?.operations ?? []
      expect(bridge.traffic[0]?.observed.filter(({ kind }) => kind === 'failed')).toMatchObject([
        { sequence: operation?.sequence },
      ])
    },
  )

  it('of a result in windows is of one statement', async () => {
    const { client, bridge } = await windowed()
    await play(client, [[1, ...extended(ALL), f.sync()]])
    const observed = bridge.traffic[0]?.observed.filter(({ kind }) => kind === 'completed')
    expect(observed).toMatchObject([{ tag: 'SELECT 5000', rows: 5000 }])
    expect(bridge.traffic[0]?.operations.map(({ phase }) => phase)).toEqual(['prepare', 'execute'])
  })
})

function rowsLeft(most: number): Meter {
  let left = most
  return {
    take(rows) {
      if (rows > left) return false
      left -= rows
      return true
    },
    rowsLeft: () => left,
    refusal: () => ({ code: 'limit-exceeded', message: `no more than ${most} rows` }),
  }
}

describe('a limit of a rule', () => {
  it.each([0, 1, 63, 64, 65, 1000])('of %i rows holds over windows', async (most) => {
    const { client } = await windowed({ meter: () => rowsLeft(most) })
    const seen = await play(client, [[1, ...extended(ALL), ...extended('SELECT 1'), f.sync()]])
    expect(textRows(seen)).toHaveLength(most)
    expect(ofKind(seen, 'ErrorResponse').map(({ fields }) => fields.M)).toEqual([
      `chaperone: no more than ${most} rows`,
    ])
    expect(textRows(await play(client, [[1, f.query('SELECT 5 WHERE false')]]))).toEqual([])
  })

  it.each([0, 1, 63, 64, 65, 1000])('of %i rows holds for a simple query', async (most) => {
    const { client } = await windowed({ meter: () => rowsLeft(most) })
    const seen = await play(client, [[1, f.query(ALL)]])
    expect(textRows(seen)).toHaveLength(most)
    expect(seen.slice(-2).map(({ kind }) => kind)).toEqual(['ErrorResponse', 'ReadyForQuery'])
    expect(textRows(await play(client, [[1, f.query('SELECT 5 WHERE false')]]))).toEqual([])
  })

  it('as large as the result lets it end as it does', async () => {
    const { client } = await windowed({ meter: () => rowsLeft(5000) })
    const seen = await play(client, [[1, ...extended(ALL), f.sync()]])
    expect(ofKind(seen, 'CommandComplete').map(({ tag }) => tag)).toEqual(['SELECT 5000'])
  })

  it('does not keep a client waiting whose Bind fails', async () => {
    const { client } = await server.client({ meter: () => rowsLeft(10) })
    const seen = await play(client, [
      [1, ...extended('SELECT $1::int', 0, ['not a number']), f.sync()],
      [1, ...extended('SELECT 7'), f.sync()],
    ])
    expect(textRows(seen)).toEqual([['7']])
  })
})

describe('a cancel request', () => {
  const SQL = 'SELECT * FROM many a, many b'
  const ENDLESS = {
    extended: [f.parse({ sql: SQL }), f.bind({}), f.describe('P'), f.execute(), f.sync()],
    simple: [f.query(SQL)],
  }
  const WAYS = ['extended', 'simple'] as const
  const CANCELED = { S: 'ERROR', C: '57014', M: 'canceling statement due to user request' }
  const errors = (messages: readonly BackendMessage[]) =>
    ofKind(messages, 'ErrorResponse').map(({ fields: { S, C, M } }) => ({ S, C, M }))

  it.each(WAYS)(
    'that the server ignores, as it waits for the next window, ends the statement (%s)',
    async (way) => {
      const { client, bridge } = await windowed()
      client.send(...ENDLESS[way])
      await client.until('RowDescription')
      bridge.traffic[0]?.canceled()
      expect(errors(await client.until('ReadyForQuery'))).toEqual([CANCELED])
      expect(textRows(await play(client, [[1, f.query('SELECT 1')]]))).toEqual([['1']])
    },
  )

  it.each(WAYS)('that the server obeys ends it once (%s)', async (way) => {
    const { client, bridge } = await windowed()
    client.send(...ENDLESS[way])
    await client.until('RowDescription')
    await server.postgres.query(
      `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%many a, many b%' AND pid <> pg_backend_pid()`,
    )
    bridge.traffic[0]?.canceled()
    expect(errors(await client.until('ReadyForQuery'))).toEqual([CANCELED])
    expect(textRows(await play(client, [[1, ...extended('SELECT 1'), f.sync()]]))).toEqual([['1']])
  })

  it('that ended a statement before it leaves the one that is awaited alone', async () => {
    const { client, bridge } = await windowed()
    const sleep = 'SELECT pg_sleep(20)'
    client.send(f.parse({ sql: sleep }), f.bind({}), f.execute('', 1), f.sync(), ...extended(ALL), f.sync())
    const ask = (what: string) =>
      server.postgres.query(
        `SELECT ${what} FROM pg_stat_activity WHERE query = '${sleep}' AND wait_event = 'PgSleep'`,
      )
    while ((await ask('pid')).length === 0) await delay(5)
    bridge.traffic[0]?.canceled()
    await ask('pg_cancel_backend(pid)')
    expect(errors(await client.until('ReadyForQuery'))).toEqual([CANCELED])
    const seen = await client.until('ReadyForQuery')
    expect(ofKind(seen, 'CommandComplete').map(({ tag }) => tag)).toEqual(['SELECT 5000'])
  })

  it('between statements ends nothing', async () => {
    const { client, bridge } = await windowed()
    await play(client, [[1, ...extended('SELECT 1'), f.sync()]])
    bridge.traffic[0]?.canceled()
    const seen = await play(client, [[1, ...extended(ALL), f.sync()]])
    expect(ofKind(seen, 'CommandComplete').map(({ tag }) => tag)).toEqual(['SELECT 5000'])
  })
})

it('a session that has to end in the middle of a row says why once the row is through', async () => {
  const { client, bridge } = await server.client()
  client.send(f.query(`SELECT repeat('x', 30000000) UNION ALL SELECT repeat('y', 30000000)`))
  await client.expect('RowDescription')
  while (Buffer.concat(bridge.traffic[0]?.toClient ?? []).length < 1_000_000) await delay(1)
  bridge.traffic[0]?.terminate({ code: 'limit-exceeded', message: 'enough' })
  const { messages } = await client.untilEnd()
  expect(messages.map(({ kind }) => kind)).toEqual(['DataRow', 'ErrorResponse'])
  expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({ S: 'FATAL', M: 'chaperone: enough' })
})

it('a client that leaves in the middle of a result ends its server’s session', async () => {
  const { client, bridge } = await windowed()
  client.send(f.parse({ sql: 'SELECT * FROM many a, many b' }), f.bind({}), f.execute(), f.sync())
  await client.expect('DataRow').catch(() => undefined)
  client.end()
  await client.untilEnd()
  expect(bridge.traffic[0]?.closed).toBe('the client left')
})
