// psycopg 3 through the whole stack, in text and binary: cursors, COPY, pipelines, server-side cursors.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PsycopgScript, runPsycopg } from '../../support/psycopg.ts'
import { startWays, type Way, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
}, 240_000)
afterAll(() => ways?.stop())

async function play(way: Way, script: PsycopgScript, input: unknown): Promise<unknown> {
  await ways.stack.superuser(`truncate notes cascade; insert into notes values (1, 'one'), (2, null)`)
  return runPsycopg(script, `${way.conninfo} password='${way.password}'`, input)
}

async function sameAsDirect(script: PsycopgScript, input: unknown): Promise<unknown> {
  const expected = await play(ways.direct, script, input)
  expect(await play(ways.masked, script, input)).toEqual(expected)
  expect(await play(ways.unmasked, script, input)).toEqual(expected)
  return expected
}

async function sameInWindows(script: PsycopgScript, input: unknown): Promise<unknown> {
  const expected = await sameAsDirect(script, input)
  expect(await play(ways.windowed, script, input)).toEqual(expected)
  return expected
}

/** Columns whose every value Python and JSON can hold. */
const COLUMNS = 'id, i2, i8, n, b, t, v, c, y, ti, iv, j, jb, ia, ta, u, ip, r, m, o, bits'

describe('psycopg sees the same as straight at the server', () => {
  it.each([{}, { binary: true }, { prepare: true, repeat: 3 }, { binary: true, prepare: true, repeat: 3 }])(
    'all types, with %o',
    async (how) => {
      const sql = `select ${COLUMNS} from samples where id >= %s order by id`
      const some = 'select id, d, ts, tz, f4, f8 from samples where id = %s'
      const seen = await sameAsDirect('cursors', [
        { sql, params: [1], ...how },
        { sql: some, params: [1], ...how },
      ])
      expect(seen).toMatchObject({ results: [{ status: 'SELECT 3' }, { status: 'SELECT 1' }] })
    },
  )

  it('transactions, savepoints, errors and their state', async () => {
    const steps = [
      'begin',
      `insert into notes values (3, 'three')`,
      'savepoint s',
      `insert into notes values (1, 'again')`,
      'select 1',
      'rollback to s',
      'commit',
      'select * from notes order by id',
      'select nothing',
      'begin',
      'select 1/0',
      'rollback',
    ].flatMap((sql) => [{ sql }])
    const seen = await sameAsDirect('cursors', steps)
    expect(JSON.stringify(seen)).toMatch(/23505[\s\S]*25P02[\s\S]*42703[\s\S]*22012/)
    await sameAsDirect(
      'cursors',
      steps.map((step) => ({ ...step, binary: true })),
    )
  })

  it('COPY in and out, in text, CSV and binary', async () => {
    const rows = [
      [10, 'ten\twith tab'],
      [11, null],
      [12, 'back\\slash'],
    ]
    const seen = await sameAsDirect('copy_rows', [
      { sql: 'copy notes (id, body) from stdin', rows },
      { sql: 'copy notes to stdout' },
      { sql: 'copy (select body from notes order by id) to stdout (format csv)' },
      { sql: 'copy notes from stdin', rows: [[1, 'a duplicate']] },
      { sql: 'copy notes from stdin', rows: [['not a number', 'x']] },
      { sql: 'copy nowhere from stdin', rows },
      { sql: 'copy numbers to stdout' },
    ])
    expect(seen).toMatchObject({
      results: [
        { sent: 3 },
        {},
        {},
        { error: { sqlstate: '23505' } },
        {},
        { error: { sqlstate: '42P01' } },
        {},
      ],
    })
  })

  it.each([{ fetch: 100 }, { fetch: 7, binary: true }, { stream: true }, { stream: true, binary: true }])(
    'server-side cursors and streams, with %o',
    async (how) => {
      const seen = await sameInWindows('server_cursors', {
        sql: 'select id, body from numbers where id <= %s order by id',
        params: [500],
        ...how,
      })
      expect((seen as { rows: unknown[] }).rows).toHaveLength(500)
    },
  )

  it('pipelines: results in order, an error skips to the next sync', async () => {
    const many = Array.from({ length: 120 }, (_, n) => ({
      sql: 'select %s::int, body from notes where id = 1',
      params: [n],
    }))
    await sameInWindows('pipeline', many)
    await sameInWindows(
      'pipeline',
      many.map((step) => ({ ...step, binary: true })),
    )
    const seen = await sameInWindows('pipeline', [
      { sql: `insert into notes values (20, 'a')` },
      { sql: 'select 1/0' },
      { sql: `insert into notes values (21, 'b')`, sync: true },
      { sql: 'select count(*) from notes' },
    ])
    expect(seen).toMatchObject({ results: [{}, {}, {}, { rows: [[2]] }] })
  })
})

describe('psycopg on more than one connection', () => {
  it('cancels a statement, hears notifications, and connects again', async () => {
    const seen = await play(ways.direct, 'connections', {})
    expect(seen).toMatchObject({
      canceled: { error: { sqlstate: '57014' } },
      after: [[1]],
      heard: [['news', 'hello']],
      rounds: [0, 0, 0, 0, 0],
      large: [5000, 16_000_000],
    })
    expect(await play(ways.unmasked, 'connections', {})).toEqual(seen)
    expect(await play(ways.masked, 'connections', {})).toEqual({ ...(seen as object), heard: [['news', '']] })
  })
})

describe('psycopg under masks and refusals', () => {
  it.each([{}, { binary: true }, { binary: true, prepare: true, repeat: 6 }])(
    'masks hold with %o',
    async (how) => {
      const steps = [{ sql: 'select ssn, name from customers where id = %s', params: [1], ...how }]
      expect(await play(ways.masked, 'cursors', steps)).toMatchObject({
        results: [{ rows: [['***', 'Ada Lovelace']] }],
      })
      expect(await play(ways.unmasked, 'cursors', steps)).toMatchObject({
        results: [{ rows: [['078-05-1120', 'Ada Lovelace']] }],
      })
    },
  )

  it.each([{ fetch: 2 }, { fetch: 2, binary: true }, { stream: true, binary: true }])(
    'masks hold in server-side cursors with %o',
    async (how) => {
      const task = { sql: 'select ssn from customers order by id', ...how }
      expect(await play(ways.masked, 'server_cursors', task)).toMatchObject({
        rows: [['***'], ['***'], ['***'], [null]],
      })
    },
  )

  it('a refused statement in a pipeline fails like the server’s own error, and nothing of its segment stays', async () => {
    const steps = [
      { sql: `insert into notes values (30, 'a')` },
      { sql: 'truncate notes' },
      { sql: `insert into notes values (31, 'b')`, sync: true },
      { sql: 'select count(*) from notes' },
    ]
    for (const way of [ways.masked, ways.unmasked]) {
      const seen = await play(way, 'pipeline', steps)
      expect(seen).toMatchObject({ results: [{}, {}, {}, { rows: [[2]] }] })
      expect(JSON.stringify((seen as { errors: unknown }).errors)).toMatch(/42501.*no-drop/)
    }
  })
})
