import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { runPsycopg } from '../../support/psycopg.ts'

let server: Postgres
let conninfo: string

beforeAll(async () => {
  server = await startPostgres()
  conninfo = `host=${server.host} port=${server.port} user=postgres dbname=postgres password=${server.password}`
  await server.query(`create table t (id int primary key, note text);
    insert into t select n, 'note ' || n from generate_series(1, 250) n`)
})
afterAll(async () => {
  await server?.stop()
})

it('text and binary cursors give the same values, prepared or not', async () => {
  const sql = 'select id, note from t where id < %s order by id'
  const steps = [
    { sql, params: [3] },
    { sql, params: [3], binary: true },
    { sql, params: [3], prepare: true, repeat: 3 },
  ]
  const answer = await runPsycopg('cursors', conninfo, steps)
  const rows = [
    [1, 'note 1'],
    [2, 'note 2'],
  ]
  expect(answer).toMatchObject({ results: [{ rows }, { rows }, { rows, status: 'SELECT 2' }] })
})

it('an error is a result, with its fields and the state of the transaction', async () => {
  const steps = [{ sql: 'begin' }, { sql: 'select 1/0' }, { sql: 'rollback' }, { sql: 'select 1' }]
  expect(await runPsycopg('cursors', conninfo, steps)).toMatchObject({
    results: [
      { transaction: 'INTRANS' },
      { error: { sqlstate: '22012', message: 'division by zero' }, transaction: 'INERROR' },
      { transaction: 'IDLE' },
      { rows: [[1]] },
    ],
  })
})

it('notices are seen', async () => {
  const steps = [{ sql: "do $$begin raise notice 'hm'; end$$" }]
  expect(await runPsycopg('cursors', conninfo, steps)).toMatchObject({ notices: [{ message: 'hm' }] })
})

it.each([{ fetch: 100 }, { fetch: 100, binary: true }, { stream: true }, { stream: true, binary: true }])(
  'a long result comes whole through %o',
  async (how) => {
    const answer = await runPsycopg('server_cursors', conninfo, {
      sql: 'select id from t order by id',
      ...how,
    })
    expect(answer).toMatchObject({ rows: Array.from({ length: 250 }, (_, n) => [n + 1]) })
  },
)

it('COPY goes in and out, and fails as a result', async () => {
  const steps = [
    {
      sql: 'copy t from stdin',
      rows: [
        [1001, 'tab\there'],
        [1002, null],
      ],
    },
    { sql: 'copy (select * from t where id > 1000 order by id) to stdout' },
    { sql: 'copy nothing to stdout' },
  ]
  expect(await runPsycopg('copy_rows', conninfo, steps)).toMatchObject({
    results: [{ sent: 2 }, { data: '1001\ttab\\there\n1002\t\\N\n' }, { error: { sqlstate: '42P01' } }],
  })
})

it('a pipeline fails from an error to the next sync', async () => {
  const steps = [
    { sql: 'select %s::int', params: [1], sync: true },
    { sql: 'select 1/%s::int', params: [0] },
    { sql: 'select 2', sync: true },
    { sql: 'select 3' },
  ]
  expect(await runPsycopg('pipeline', conninfo, steps)).toMatchObject({
    results: [{ rows: [[1]] }, { status: null }, { status: null }, { rows: [[3]] }],
    // whether psycopg tells of the skipped statement as well depends on when it reads
    errors: expect.arrayContaining([expect.objectContaining({ sqlstate: '22012' })]),
  })
})

it('a login that fails is a result that says why', async () => {
  const answer = await runPsycopg('cursors', `${conninfo}x`)
  expect(answer).toMatchObject({
    error: { message: expect.stringContaining('password authentication failed') },
  })
})
