// The services killed, frozen and stopped, while sessions hold, read and write. What a dead processor leaves must not run.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending, errorsOf } from './ending.ts'
import { eventually, pause } from './footprint.ts'

/** Milliseconds that sessions may go on after SIGTERM. */
const GRACE = 3000
/** Envoy asks every 10 seconds whether the processor lives, and waits 5 for the answer (E6). */
const NOTICED_WITHIN = 20_000

let stack: Stack
let engineer: string
beforeEach(async () => {
  stack = await startStack({
    services: 'child',
    config: { processor: { address: 'unix:processor.sock', stop_grace: `${GRACE}ms` } },
  })
  engineer = await stack.tokens.person(['engineers'])
})
afterEach(() => stack?.stop())

interface Sessions {
  /** waits for an approval of `total = 999` */
  readonly holding: PgWireClient
  /** in the middle of a long result, which it does not read on */
  readonly reading: PgWireClient
  /** has changed a row and not committed */
  readonly writing: PgWireClient
  readonly idle: PgWireClient
}

async function sessions(): Promise<Sessions> {
  const [holding, reading, writing, idle] = await Promise.all([
    stack.wire(engineer),
    stack.wire(engineer),
    stack.wire(engineer),
    stack.wire(engineer),
  ])
  holding.send(query('update orders set total = 999 where id = 12'))
  await stack.reviews.next()
  reading.send(query(`select repeat('x', 1000) from generate_series(1, 1200000)`))
  await reading.expect('RowDescription')
  reading.pause()
  writing.send(query('begin'), query(`update customers set notes = 'half' where id = 1`))
  await writing.until('ReadyForQuery')
  await writing.until('ReadyForQuery')
  return { holding, reading, writing, idle }
}

const backends = async () => {
  const [row] = await stack.superuser(
    `select count(*)::int as n from pg_stat_activity where usename in ('app_rw', 'app_ro')`,
  )
  return Number(row?.['n'])
}

async function nothingRan(): Promise<void> {
  expect(await stack.superuser('select total from orders where id = 12')).toEqual([{ total: '250.00' }])
  expect(await stack.superuser('select notes from customers where id = 1')).toEqual([
    { notes: 'prefers mail' },
  ])
}

const active = async () => {
  const stats = await stack.envoyStats(/^cluster\.chaperone\.app\..*upstream_cx_active$/)
  return Object.values(stats).reduce((sum, value) => sum + value, 0)
}

async function allEnd(all: Sessions): Promise<void> {
  all.reading.resume()
  for (const client of Object.values(all) as PgWireClient[]) {
    const end = await ending(client, NOTICED_WITHIN)
    expect(end.completed).toBe(false)
  }
  await eventually('no backend is left', async () => (await backends()) === 0)
  await eventually('no connection is left', async () => (await active()) === 0)
}

describe('a processor that', () => {
  it('is killed ends every session, and what was held or not committed does not run', async () => {
    const all = await sessions()
    await stack.services.kill('SIGKILL')
    await allEnd(all)
    await nothingRan()
    await expect(stack.wire(engineer), 'nobody gets in without it').rejects.toThrow()
    await stack.restartServices()
    const again = await stack.wire(engineer)
    again.send(query('select 1'))
    expect(await errorsOf(again)).toEqual([])
    again.destroy()
  })

  it('is frozen is noticed by keepalive, ends every session, and runs nothing when it thaws', async () => {
    const all = await sessions()
    process.kill(stack.services.pid, 'SIGSTOP')
    try {
      all.idle.send(query('delete from orders where id = 13'))
      await allEnd(all)
    } finally {
      process.kill(stack.services.pid, 'SIGCONT')
    }
    await pause(1000)
    await nothingRan()
    expect(await stack.superuser('select 1 from orders where id = 13')).toHaveLength(1)
    await eventually('its hold is withdrawn', async () => (await stack.reviews.list()).length === 0)
    const again = await stack.wire(engineer)
    again.destroy()
  })

  it('is told to stop lets sessions go on for the grace period, then ends each with 57P01', async () => {
    const all = await sessions()
    const stopped = stack.services.stop()
    await pause(GRACE / 3)
    all.idle.send(query('select 1'))
    expect(await errorsOf(all.idle), 'within the grace period').toEqual([])
    await expect(stack.wire(engineer), 'a new session').rejects.toThrow()
    await pause(GRACE)
    all.reading.resume()
    for (const client of [all.idle, all.writing, all.holding]) {
      expect((await ending(client)).errors.at(-1)).toBe('57P01')
    }
    expect(await ending(all.reading)).toMatchObject({ completed: false })
    await stopped
    await eventually('no backend is left', async () => (await backends()) === 0)
    await nothingRan()
  })
})
