// node-postgres through the whole stack: each script gives what it gives straight at the server.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWays, type Way, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
})
afterAll(() => ways?.stop())

/** Not among the driver's types. */
interface Canceller {
  cancel(client: pg.Client, query: pg.Query): void
}

type Script = (client: pg.Client) => Promise<unknown>

/** Errors as values, with the fields that a program may look at. */
async function attempt(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    const { code, message, severity, detail, hint, position, schema, table, column, constraint } =
      error as pg.DatabaseError
    return { code, message, severity, detail, hint, position, schema, table, column, constraint }
  }
}

async function play(way: Way, script: Script): Promise<unknown> {
  await ways.stack.superuser(`truncate notes cascade; insert into notes values (1, 'one'), (2, null)`)
  const client = await way.connect()
  try {
    return await script(client)
  } finally {
    await client.end()
  }
}

async function sameAsDirect(script: Script): Promise<unknown> {
  const expected = await play(ways.direct, script)
  expect(await play(ways.masked, script)).toEqual(expected)
  expect(await play(ways.unmasked, script)).toEqual(expected)
  expect(await play(ways.windowed, script)).toEqual(expected)
  return expected
}

/** Rows and what describes them, without the driver's own objects. */
const shown = ({ rows, rowCount, command, fields }: pg.QueryResult) => ({
  rows,
  rowCount,
  command,
  fields: fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier, format, columnID }) => ({
    name,
    dataTypeID,
    dataTypeSize,
    dataTypeModifier,
    format,
    columnID,
  })),
})

describe('node-postgres sees the same as straight at the server', () => {
  it.each([false, true])('all types, with binary results %s', async (binary) => {
    const seen = await sameAsDirect(async (client) => {
      const text = 'select * from samples where id >= $1 order by id'
      // values as they came: the driver's own readers of binary values do not know all of these
      const types = { getTypeParser: () => (value: unknown) => value }
      return shown(await client.query({ text, values: [1], binary, types } as pg.QueryConfig))
    })
    expect(seen).toMatchObject({ rowCount: 3 })
  })

  it('a simple query of several statements gives all results', async () => {
    const seen = await sameAsDirect(async (client) => {
      const results = await client.query(
        'select 1 as a; select null as b where false; insert into notes values (8)',
      )
      return (results as unknown as pg.QueryResult[]).map(shown)
    })
    expect(seen).toHaveLength(3)
  })

  it('parameters of many types come back as they went', async () => {
    await sameAsDirect(async (client) => {
      const text = `select $1::int as i, $2::text as t, $3::jsonb as j, $4::int[] as a, $5::bytea as b,
        $6::timestamptz as w, $7::uuid as u, $8::numeric as n, $9::text as nothing`
      const when = new Date('2026-01-02T03:04:05.678Z')
      const uuid = '00112233-4455-6677-8899-aabbccddeeff'
      const values = [42, `it's`, { k: [1] }, [1, 2], Buffer.from([0, 255]), when, uuid, '1.10', null]
      return shown(await client.query(text, values))
    })
  })

  it('named prepared statements are prepared once and run often', async () => {
    const seen = await sameAsDirect(async (client) => {
      const counts = []
      for (const id of [1, 2, 3]) {
        const statement = { name: 'by-id', text: 'select body from notes where id = $1', values: [id] }
        counts.push(shown(await client.query(statement)))
      }
      const own = await client.query('select name, statement from pg_prepared_statements')
      return [counts, own.rows]
    })
    expect(seen).toMatchObject([[{}, {}, {}], [{ name: 'by-id' }]])
  })

  it('transactions and savepoints', async () => {
    const seen = await sameAsDirect(async (client) => {
      const log: unknown[] = []
      for (const sql of [
        'begin isolation level repeatable read',
        `insert into notes values (3, 'three')`,
        'savepoint s',
        `insert into notes values (1, 'again')`,
        'select 1',
        'rollback to savepoint s',
        'release savepoint s',
        'commit',
        'begin',
        `insert into deferred values (1, 99)`,
        'commit',
        'select * from notes order by id',
      ]) {
        const result = await attempt(client.query(sql).then(shown))
        log.push([sql, result])
      }
      return log
    })
    expect(seen).toEqual(expect.arrayContaining([['commit', expect.objectContaining({ code: '23503' })]]))
  })

  it('errors have their SQLSTATE, position and names, simple and prepared, and the session goes on', async () => {
    await sameAsDirect(async (client) => {
      const log: unknown[] = []
      for (const sql of [
        'selct 1',
        'select nothing from notes',
        `insert into notes values (1, 'dup')`,
        `insert into notes values ('x')`,
        'select 1/0',
      ]) {
        log.push(await attempt(client.query(sql).then(shown)))
        log.push(await attempt(client.query({ text: sql, values: [], name: sql.slice(0, 20) }).then(shown)))
        log.push((await client.query('select 1 as fine')).rows)
      }
      log.push(await attempt(client.query('select $1::int', ['x']).then(shown)))
      log.push(await attempt(client.query('select body from notes where id = $1', []).then(shown)))
      return log
    })
  })

  it('a deferred constraint’s error has its detail, which masks withhold at the end of a pipeline', async () => {
    const script: Script = (client) =>
      attempt(client.query({ text: 'insert into deferred values (1, $1)', values: [99] }))
    const error = await play(ways.direct, script)
    expect(error).toMatchObject({ code: '23503', detail: expect.stringContaining('(99)') })
    expect(await play(ways.unmasked, script)).toEqual(error)
    expect(await play(ways.masked, script)).toEqual({ ...(error as object), detail: undefined })
  })

  it('queries that were sent before the first was answered come back in order', async () => {
    const seen = await sameAsDirect(async (client) => {
      const all = Array.from({ length: 200 }, (_, n) =>
        attempt(client.query(n % 7 === 3 ? 'select 1/0' : 'select $1::int as n', n % 7 === 3 ? [] : [n])),
      )
      return (await Promise.all(all)).map((result) => (result as { rows?: unknown }).rows ?? result)
    })
    expect(seen).toHaveLength(200)
  })

  it('a result of many megabytes comes whole', async () => {
    const seen = await sameAsDirect(async (client) => {
      const text = `select n, repeat(md5(n::text), 100) as data from generate_series(1, $1::int) n`
      const { rows } = await client.query<{ n: number; data: string }>(text, [5000])
      return [rows.length, rows.reduce((sum, row) => sum + row.data.length, 0), rows.at(-1)?.n]
    })
    expect(seen).toEqual([5000, 16_000_000, 5000])
  })

  it('a value of eight megabytes comes back', async () => {
    const big = 'x'.repeat(8 * 1024 * 1024)
    for (const way of [ways.masked, ways.unmasked]) {
      const client = await way.connect()
      const { rows } = await client.query('select $1::text as big', [big])
      expect(rows[0].big === big).toBe(true)
      await client.end()
    }
  })

  it('LISTEN and NOTIFY reach another session, where a rule allows them', async () => {
    for (const way of [ways.direct, ways.unmasked]) {
      const listener = await way.connect()
      const heard = new Promise((resolve) =>
        listener.once('notification', ({ channel, payload }) => resolve({ channel, payload })),
      )
      await listener.query('listen news')
      const speaker = await way.connect()
      await speaker.query(`notify news, 'hello'`)
      expect(await heard).toEqual({ channel: 'news', payload: 'hello' })
      await Promise.all([listener.end(), speaker.end()])
    }
  })

  it('a query that is cancelled fails with 57014, and the connection goes on', async () => {
    const seen = await sameAsDirect(async (client) => {
      const query = new pg.Query('select pg_sleep(20)')
      const failed = new Promise<Error>((resolve) => query.on('error', resolve))
      client.query(query)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const { host, port } = client
      const canceller = new pg.Client({ host, port }) as pg.Client & Canceller
      canceller.cancel(client, query)
      return [
        await attempt(failed.then((error) => Promise.reject(error))),
        (await client.query('select 1 as one')).rows,
      ]
    })
    expect(seen).toMatchObject([{ code: '57014' }, [{ one: 1 }]])
  })

  it('LISTEN is refused where no rule allows it, and the session goes on', async () => {
    const client = await ways.stack.connect(await ways.stack.tokens.person(['analysts']))
    await expect(client.query('listen news')).rejects.toMatchObject({ code: '42501' })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  it('settings that are harmless stay, and are the session’s alone', async () => {
    await sameAsDirect(async (client) => {
      await client.query(`set TimeZone to 'Asia/Tokyo'`)
      await client.query(`set DateStyle to 'German'`)
      return (await client.query('select tz::text, d::text from samples where id = 1')).rows
    })
    const client = await ways.masked.connect()
    expect((await client.query('show TimeZone')).rows[0]).not.toEqual({ TimeZone: 'Asia/Tokyo' })
    await client.end()
  })

  it('a client that closes and comes back finds a new session', async () => {
    for (let round = 0; round < 10; round += 1) {
      const client = await ways.masked.connect()
      expect((await client.query('select count(*)::int as n from pg_prepared_statements')).rows).toEqual([
        { n: 0 },
      ])
      await client.query({ name: 'kept', text: 'select 1' })
      await client.end()
    }
  })
})
