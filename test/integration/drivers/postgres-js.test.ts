// postgres.js (porsager) through the whole stack: pipelined, prepared by name and cached, cursors, COPY by streams.
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWays, type Way, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
})
afterAll(() => ways?.stop())

type Script = (sql: postgres.Sql) => Promise<unknown>

function client({ environment }: Way, options: postgres.Options<Record<string, never>> = {}): postgres.Sql {
  const { PGHOST: host = '', PGPORT: port, PGUSER: user = '', PGDATABASE: database = '' } = environment
  const { PGPASSWORD: password = '', PGSSLROOTCERT: ca } = environment
  const ssl = ca === undefined ? false : { ca: readFileSync(ca, 'utf8') }
  return postgres({
    host,
    port: Number(port),
    user,
    database,
    password,
    ssl,
    max: 1,
    onnotice: () => undefined,
    ...options,
  })
}

async function play(
  way: Way,
  script: Script,
  options?: postgres.Options<Record<string, never>>,
): Promise<unknown> {
  await ways.stack.superuser(`truncate notes cascade; insert into notes values (1, 'one'), (2, null)`)
  const sql = client(way, options)
  try {
    return await script(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function sameAsDirect(
  script: Script,
  options?: postgres.Options<Record<string, never>>,
): Promise<unknown> {
  const expected = await play(ways.direct, script, options)
  expect(await play(ways.masked, script, options)).toEqual(expected)
  expect(await play(ways.unmasked, script, options)).toEqual(expected)
  return expected
}

/** Errors as values, with the fields that a program may look at. */
async function attempt(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    const { code, message, severity, detail, position, constraint_name } = error as postgres.PostgresError
    return { code, message, severity, detail, position, constraint_name }
  }
}

const COLUMNS = 'id, i2, i8, n, f8, b, t, v, c, y, ti, iv, j, jb, ia, ta, u, ip, r, m, o, bits'

describe('postgres.js sees the same as straight at the server', () => {
  it.each([true, false])('types and parameters, with prepared statements %s', async (prepare) => {
    const seen = await sameAsDirect(
      async (sql) => {
        const all = []
        for (const id of [1, 2, 3])
          all.push([...(await sql`SELECT ${sql.unsafe(COLUMNS)} FROM samples WHERE id = ${id}`)])
        const when = new Date('2026-01-02T03:04:05.678Z')
        const values =
          await sql`SELECT ${42}::int AS i, ${"it's"}::text AS t, ${sql.json({ k: [1] })}::jsonb AS j,
          ${sql.array([1, 2])}::int[] AS a, ${Buffer.from([0, 255])}::bytea AS y, ${when}::timestamptz AS w, ${null}::text AS nothing`
        return [all, [...values]]
      },
      { prepare },
    )
    expect(seen).toMatchObject([[[{ id: 1 }], [{ id: 2 }], [{ id: 3 }]], [{ i: 42 }]])
  })

  it('transactions, savepoints, errors and a pipeline', async () => {
    const seen = await sameAsDirect(async (sql) => {
      const log: unknown[] = []
      await sql.begin(async (tx) => {
        await tx`INSERT INTO notes VALUES (3, 'three')`
        log.push(await attempt(tx.savepoint(async (inner) => inner`INSERT INTO notes VALUES (1, 'again')`)))
      })
      const wrong = [
        'selct 1',
        'SELECT nothing FROM notes',
        'SELECT 1/0',
        "INSERT INTO notes VALUES (1, 'dup')",
      ]
      log.push(await Promise.all(wrong.map((text) => attempt(sql.unsafe(text)))))
      const many = await Promise.all(Array.from({ length: 150 }, (_, n) => sql`SELECT ${n}::int AS n`))
      log.push(many.map(([row]) => row?.n))
      log.push([...(await sql`SELECT * FROM notes ORDER BY id`)])
      return log
    })
    expect(JSON.stringify(seen)).toMatch(/23505[\s\S]*42601[\s\S]*42703[\s\S]*22012/)
  })

  it('inserts of many rows, RETURNING, and several statements in one text', async () => {
    await sameAsDirect(async (sql) => {
      const rows = Array.from({ length: 500 }, (_, n) => ({
        id: n + 10,
        body: n % 3 === 0 ? null : `note ${n}`,
      }))
      const made = await sql`INSERT INTO notes ${sql(rows)} RETURNING id`
      const several = await sql`SELECT 1 AS a; SELECT 2 AS b`.simple()
      return [made.length, several]
    })
  })

  it('cursors, forEach and a large result', async () => {
    const seen = await sameAsDirect(async (sql) => {
      let bodies = 0
      await sql`SELECT body FROM numbers ORDER BY id`.cursor(97, (rows) => {
        bodies += rows.length
      })
      const rows = await sql<
        { data: string }[]
      >`SELECT repeat(md5(n::text), 100) AS data FROM generate_series(1, 5000) n`
      return [bodies, rows.reduce((sum, row) => sum + row.data.length, 0)]
    })
    expect(seen).toEqual([5000, 16_000_000])
  })

  it('COPY in and out by streams', async () => {
    const seen = await sameAsDirect(async (sql) => {
      await pipeline(Readable.from(['10\tten\n', '11\t\\N\n']), await sql`COPY notes FROM STDIN`.writable())
      const chunks: string[] = []
      for await (const chunk of await sql`COPY (SELECT * FROM notes ORDER BY id) TO STDOUT`.readable())
        chunks.push(String(chunk))
      return chunks.join('')
    })
    expect(seen).toContain('10\tten')
  })

  it('a cancelled query fails with 57014 and the connection goes on', async () => {
    const seen = await sameAsDirect(async (sql) => {
      // What is cancelled before the driver has a connection is never answered.
      await sql`SELECT 1`
      const sleep = sql`SELECT pg_sleep(20)`
      setTimeout(() => sleep.cancel(), 300)
      return [await attempt(sleep), [...(await sql`SELECT 1 AS one`)]]
    })
    expect(seen).toMatchObject([{ code: '57014' }, [{ one: 1 }]])
  })

  it('LISTEN and NOTIFY, where a payload is withheld from whom masks apply to', async () => {
    for (const [way, payload] of [
      [ways.direct, 'hello'],
      [ways.unmasked, 'hello'],
      [ways.masked, ''],
    ] as const) {
      const heard = await play(way, async (sql) => {
        let tell: (payload: string) => void = () => undefined
        const told = new Promise<string>((resolve) => {
          tell = resolve
        })
        await sql.listen('news', tell)
        await sql.notify('news', 'hello')
        return told
      })
      expect(heard).toBe(payload)
    }
  })

  it('connections that come and go each find a session of their own', async () => {
    for (let round = 0; round < 5; round++) {
      expect(await play(ways.masked, async (sql) => (await sql`SELECT 1 AS one`)[0])).toEqual({ one: 1 })
    }
  })
})

describe('postgres.js under masks and refusals', () => {
  it('masked columns stay masked, prepared, unprepared and by cursor', async () => {
    for (const prepare of [true, false]) {
      const script: Script = async (sql) => {
        const rows = []
        for (let round = 0; round < 3; round++)
          rows.push([...(await sql`SELECT ssn, card, name FROM customers WHERE id = ${1}`)])
        await sql`SELECT ssn FROM customers ORDER BY id`.cursor(1, (found) => {
          rows.push([...found])
        })
        return rows
      }
      const seen = JSON.stringify(await play(ways.masked, script, { prepare }))
      expect(seen).toContain('"ssn":"***","card":"***1111","name":"Ada Lovelace"')
      expect(seen).not.toMatch(/078-05-1120|219-09-9999/)
      expect(JSON.stringify(await play(ways.unmasked, script, { prepare }))).toContain('078-05-1120')
    }
  })

  it('a refused statement fails with 42501 and the same connection goes on', async () => {
    const seen = await play(ways.masked, async (sql) => [
      await attempt(sql`TRUNCATE notes`),
      await attempt(sql.begin((tx) => tx`DROP TABLE notes`)),
      [...(await sql`SELECT count(*)::int AS n FROM notes`)],
    ])
    expect(seen).toMatchObject([{ code: '42501' }, { code: '42501' }, [{ n: 2 }]])
  })
})
