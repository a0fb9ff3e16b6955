// A transaction that still sees the catalog of its beginning, while its statements run on that of today.
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

const SEEN_AFTER = 15_500

it('what was made after a repeatable read began is hidden in it, since it cannot be told what it shows', async () => {
  const client = await stack.connect(await stack.tokens.person(['analysts']))
  try {
    await client.query('begin isolation level repeatable read')
    await client.query('select 1')
    await stack.superuser(
      'create view late as select ssn as s from customers; grant select on late to app_ro',
    )
    await new Promise((resolve) => setTimeout(resolve, SEEN_AFTER))
    const { rows } = await client.query(`select upper(s) as s from late limit 1`)
    expect(rows).toEqual([{ s: '***' }])
    // Nothing is known of its type, and arrays that do not fit together would tell of theirs.
    await expect(client.query(`select s || '' as s from late limit 1`)).rejects.toThrow('may be masked')
  } finally {
    await client.end()
  }
}, 60_000)

it('what was made after a snapshot that a transaction takes over is hidden in it, and in no other', async () => {
  const token = await stack.tokens.person(['analysts'])
  const old = new pg.Client({
    host: stack.postgres.host,
    port: stack.postgres.port,
    user: stack.postgres.superuser,
    password: stack.postgres.password,
    database: 'app',
  })
  const [client, other] = [await stack.connect(token), await stack.connect(token)]
  try {
    await old.connect()
    await old.query('begin isolation level repeatable read')
    const { rows } = await old.query<{ id: string }>('select pg_export_snapshot() as id')
    await stack.superuser(
      'create view later as select ssn as s from customers; grant select on later to app_ro',
    )
    await client.query('begin isolation level repeatable read')
    await client.query(`set transaction snapshot '${rows[0]?.id}'`)
    const shown = 'select upper(s) as s from later limit 1'
    expect((await client.query(shown)).rows).toEqual([{ s: '***' }])
    expect((await other.query(shown)).rows).toEqual([{ s: '***' }])
    await client.query('commit')
    expect((await client.query('select upper(status) as s from orders limit 1')).rows).toEqual([
      { s: 'PAID' },
    ])
  } finally {
    await Promise.all([old.end(), client.end(), other.end()])
  }
})
