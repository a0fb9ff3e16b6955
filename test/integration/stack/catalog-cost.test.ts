// A server compiles (JIT) whatever its planner expects to cost more than `jit_above_cost`; of queries of many parts, as the
// catalog's questions are, that takes a second or more, and each answer is believed for 15 seconds.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CODE_QUERY, RELATIONS_QUERY } from '../../../src/protocols/postgres/catalog/query.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'

/** PostgreSQL's default. */
const COMPILES_ABOVE = 100_000
const TABLES = 400

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres({ hba: 'trust' })
  await postgres.query(`
    DO $$ BEGIN
      CREATE TABLE t0 (id int PRIMARY KEY);
      FOR n IN 1..${TABLES} LOOP
        EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, name text, up int REFERENCES t%s ON DELETE CASCADE)', n, n / 2);
      END LOOP;
    END $$`)
  await postgres.query('ANALYZE')
})
afterAll(() => postgres.stop())

it.each([
  ['relations', RELATIONS_QUERY, [['t1', 't200'], []]],
  ['code', CODE_QUERY, [['now', 'name', 'id'], ['=', '<'], [], []]],
])('in a database of hundreds of tables the question for %s is not compiled', async (_, query, values) => {
  const [plan] = await postgres.query(`EXPLAIN ${query}`, values)
  const cost = Number(/\.\.([\d.]+) rows/.exec(String(plan?.['QUERY PLAN']))?.[1])
  expect(cost).toBeLessThan(COMPILES_ABOVE / 2)
})
