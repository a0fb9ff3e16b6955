// The databases that the evasion corpus is played in: none shows what another run did.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabases, type Databases } from '../../evasion/databases.ts'
import { type Postgres, startPostgres } from '../../support/postgres.ts'
import { createDatabase, READER, WRITER } from '../../support/stack/database.ts'

let postgres: Postgres
let databases: Databases

beforeAll(async () => {
  const users = [{ name: WRITER }, { name: READER }]
  postgres = await startPostgres({ hba: 'trust', users, settings: { autovacuum: 'off' } })
  await createDatabase(postgres)
  const names = Array.from({ length: 20 }, (_, n) => `run_${n}`)
  databases = await createDatabases(postgres, 'app', WRITER, names.values())
})
afterAll(async () => {
  await databases?.close()
  await postgres?.stop()
})

const GIVEN = ['create sequence s', 'create table t (a int)']

test('what only read leaves its database to the next run, under a new name when asked', async () => {
  const first = await databases.ready(GIVEN)
  await postgres.query('select * from customers, t', undefined, first.name)
  const second = await databases.ready(GIVEN)
  expect(second.name).toBe(first.name)
  await second.rename()
  expect((await databases.ready(GIVEN)).name).toBe(second.name)
  expect(second.name).not.toBe('run_0')
  expect(await second.rows()).toEqual(await first.rows())
})

test.each([
  'insert into t values (1)',
  'begin; insert into t values (1); rollback',
  `select nextval('s')`,
  `select setval('s', 7)`,
  'create temp table mine (a int)',
  'select lo_creat(-1)',
  'analyze customers',
  'select * from customers for update',
])('a database is not used again after %s', async (sql) => {
  const { name } = await databases.ready(GIVEN)
  await postgres.query(sql, undefined, name)
  expect((await databases.ready(GIVEN)).name).not.toBe(name)
})

test('a database that holds what one case was given is not another’s', async () => {
  const { name } = await databases.ready(GIVEN)
  const without = await databases.ready([])
  expect(without.name).not.toBe(name)
  await expect(postgres.query('table t', undefined, without.name)).rejects.toThrow('does not exist')
})

test('the rows are those that are there', async () => {
  const database = await databases.ready([])
  const before = await database.rows()
  await postgres.query('delete from orders where id = 13', undefined, database.name)
  expect(await database.rows()).not.toEqual(before)
  expect(await (await databases.ready([])).rows()).toEqual(before)
})
