// What a transaction makes of the catalog is its own until it is committed: others are judged by what they will find.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { play, textOf } from '../../evasion/play.ts'
import { DATA } from '../../evasion/run.ts'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const OUT = 'copy (select n from shown) to stdout'

let stack: Stack
let token: string
beforeAll(async () => {
  stack = await startStack({
    config: {
      policies: {
        anything: { decision: 'allow', resources: '*', groups: ['engineers'], effects: '*' },
        salaries: { decision: 'deny', resources: '*', effects: ['read'], relations: ['hr.salaries'] },
      },
    },
  })
  token = await stack.tokens.person(['engineers'])
  await stack.superuser('create view shown as select ssn as n from customers')
  await stack.superuser('alter view shown owner to app_rw')
  await stack.superuser('create schema hr authorization app_rw')
  await stack.superuser('create table hr.salaries as select 4711 as amount')
  await stack.superuser('create view salaries as select * from hr.salaries')
  await stack.superuser('create view wages as select * from hr.salaries; alter view wages owner to app_rw')
  await stack.superuser('alter view salaries owner to app_rw; alter table hr.salaries owner to app_rw')
})
afterAll(() => stack?.stop())

async function answersOf(client: PgWireClient): Promise<string> {
  let seen = ''
  for (;;) {
    const message = await client.next(20_000)
    seen += `${textOf(message)}\n`
    if (message.kind === 'ReadyForQuery') return seen
  }
}

it('a session that waits for another’s transaction is not judged by what that one takes back', async () => {
  const [one, other] = [await stack.wire(token), await stack.wire(token)]
  try {
    await play(one, ['begin', 'drop view shown', 'create table shown (n text)', 'select n from shown'])
    other.send(query(OUT))
    await new Promise((resolve) => setTimeout(resolve, 300))
    await play(one, ['rollback'])
    const seen = await answersOf(other)
    expect(seen).not.toMatch(DATA)
    expect(seen).toContain('COPY may not read')
  } finally {
    one.destroy()
    other.destroy()
  }
})

it('what a text makes of a name is not known to what follows in it', async () => {
  const client = await stack.wire(token)
  try {
    const { seen } = await play(client, ['alter view wages rename to pay; select * from pay'])
    expect(seen).not.toContain('4711')
    expect(seen).toContain('rule salaries')
  } finally {
    client.destroy()
  }
})

it('what was made of a name is seen by what is sent behind it in one write', async () => {
  const client = await stack.wire(token)
  try {
    // It is known that there is none.
    expect((await play(client, ['select * from found'])).seen).toContain('does not exist')
    const { seen } = await play(client, [
      [query('alter view salaries rename to found'), query('select * from found')],
    ])
    expect(seen).not.toContain('4711')
    expect(seen).toContain('rule salaries')
  } finally {
    client.destroy()
  }
})
