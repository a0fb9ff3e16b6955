// A transaction that was prepared changes the catalog when it is committed, by whichever session: what was asked of the catalog
// meanwhile counts no longer.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    postgres: { settings: { max_prepared_transactions: '2' } },
    policies: {
      migrations: { decision: 'allow', resources: '*', groups: ['admins'], effects: ['backend-signal'] },
    },
  })
})
afterAll(() => stack?.stop())

const SSN = /\d{3}-\d{2}-\d{4}/
const READ = 'select s from public.v'

it('a view that COMMIT PREPARED makes another one is masked from then on', async () => {
  const migrating = await stack.connect(await stack.tokens.person(['admins', 'pii'], { subject: 'm' }))
  const reading = await stack.connect(await stack.tokens.person(['admins'], { subject: 'r' }))
  try {
    await migrating.query('create view public.v as select id, status as s from public.orders')
    await migrating.query('begin')
    await migrating.query('create or replace view public.v as select id, ssn as s from public.customers')
    await migrating.query(`prepare transaction 'x'`)
    // Its names are asked for as long as the view is the other one, and then it waits for the lock.
    const waiting = reading.query(READ)
    await expect.poll(() => stack.postgres.query(`select from pg_locks where not granted`)).toHaveLength(1)
    await migrating.query(`commit prepared 'x'`)
    await waiting
    expect(JSON.stringify((await migrating.query(READ)).rows)).toMatch(SSN)
    expect(JSON.stringify((await reading.query(READ)).rows)).not.toMatch(SSN)
  } finally {
    await migrating.end()
    await reading.end()
  }
})
