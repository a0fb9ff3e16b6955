// The stream of requests over Redis: what another process does is told, also after Redis was away; and it outlives idle limits.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { type AdminUnderTest, startTestAdmin } from '../../support/admin.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { type EventReader, readEvents } from '../../support/event-stream.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

describe('the stream of requests over Redis', () => {
  let redis: RedisServer
  let here: Approvals
  let elsewhere: Approvals
  let under: AdminUnderTest
  let reader: EventReader
  let tests = 0

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    const log = createLog({ level: 'error' }, { write: () => undefined })
    const prefix = `events-${++tests}`
    const store = () => createRedisApprovals({ url: redis.url, prefix }, { log })
    here = store()
    elsewhere = store()
    under = await startTestAdmin({ approvals: here })
    reader = await readEvents(`${under.admin.url}/api/v1/approvals/events`, 'ann')
    await reader.until(1)
  })
  afterEach(async () => {
    reader.leave()
    await under.stop()
    await elsewhere.close()
  })

  it('tells what another process asks for, votes on and takes back, oldest first', async () => {
    const first = await elsewhere.create(approvalInput({}, { quorum: 2 }))
    const second = await elsewhere.create(approvalInput({ text: 'DELETE FROM accounts' }))
    await reader.until(3)
    await elsewhere.vote(first.id, reviewer('bob'), 'approve')
    await elsewhere.withdraw(second.id, 'left')
    await reader.until(5)
    const told = reader.events().map(({ event, id }) => `${event} ${id}`)
    expect(told.slice(1, 3)).toEqual([
      `requested ${first.id}.pending.0.0`,
      `requested ${second.id}.pending.0.0`,
    ])
    expect(told.slice(3).sort()).toEqual(
      [`voted ${first.id}.pending.1.0`, `changed ${second.id}.withdrawn.0.0`].sort(),
    )
  })

  it('says that Redis is away, and that it is back without what it had', async () => {
    const { id } = await elsewhere.create(approvalInput())
    await reader.until(2)
    await redis.kill()
    await reader.until(3)
    await redis.restart()
    await reader.until(5)
    expect(reader.events().slice(2)).toMatchObject([
      { event: 'trouble' },
      { event: 'ready' },
      { event: 'changed', data: { id, state: 'withdrawn' } },
    ])
  })

  it('outlives the idle limit of the admin port while nothing happens', async () => {
    const first = await Promise.race([
      reader.closed.then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 33_000, 'open')),
    ])
    expect(first).toBe('open')
    expect(reader.text().match(/^: $/gm)).toHaveLength(2)
    const { id } = await elsewhere.create(approvalInput())
    expect(await reader.until(2)).toMatchObject([{}, { data: { id } }])
  })
})
