// Ctrl-C: psql sends a CancelRequest on a connection of its own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTerminal } from '../../support/stack/terminal.ts'
import { startWays, type Way, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
})
afterAll(() => ways?.stop())

const terminal = ({ conninfo, password }: Way) => openTerminal({ conninfo, password, arguments: '-A -t' })

const WITHIN = 10_000

async function sleeps(): Promise<void> {
  for (const deadline = Date.now() + WITHIN; Date.now() < deadline; ) {
    const [row] = await ways.stack.superuser(
      `select count(*)::int as n from pg_stat_activity where state = 'active' and wait_event = 'PgSleep'`,
    )
    if (row?.['n'] === 1) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the query does not run')
}

describe.each(['direct', 'masked', 'unmasked', 'windowed'] as const)('Ctrl-C in psql, %s', (who) => {
  it('stops a running query, fails its transaction, and the session goes on', async () => {
    const psql = terminal(ways[who])
    psql.type('begin;')
    psql.type('select pg_sleep(30);')
    await sleeps()
    psql.interrupt()
    await psql.until(/ERROR: {2}canceling statement due to user request/)
    psql.type('select 1;')
    await psql.until(/current transaction is aborted/)
    psql.type('rollback;')
    psql.type(`select 'still ' || 'here';`)
    await psql.until(/still here/)
    expect(await psql.ended()).toBe(0)
  })
})

describe('Ctrl-C during a hold', () => {
  it.each(['masked', 'unmasked'] as const)(
    'withdraws the request, nothing runs, and the session goes on, %s',
    async (who) => {
      const psql = terminal(ways[who])
      psql.type('\\set VERBOSITY verbose')
      psql.type('update orders set total = 1 where id = 13;')
      const request = await ways.stack.reviews.next()
      psql.interrupt()
      await psql.until(/ERROR: {2}57014: chaperone: the request was withdrawn/)
      expect((await ways.stack.reviews.list('withdrawn')).map(({ id }) => id)).toContain(request.id)
      expect((await ways.stack.reviews.approve(request.id)).ok).toBe(false)
      psql.type(`select 'still ' || 'here';`)
      await psql.until(/still here/)
      expect(await psql.ended()).toBe(0)
      expect(await ways.stack.superuser('select total from orders where id = 13')).toEqual([
        { total: '5.75' },
      ])
    },
  )
})
