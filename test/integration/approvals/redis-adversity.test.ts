// The Redis store where Redis is full, evicts, takes no writes, hangs for a moment, or holds what a neighbour has put there:
// nothing runs that was not approved, and nothing twice.
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApprovalFilter, Approvals } from '../../../src/approvals/contract.ts'
import type { RequestHead } from '../../../src/approvals/head.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { createApprovalChanges } from '../../../src/console/changes.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

const KEYS = '{chaperone}:approvals'
const never = () => new AbortController().signal

let redis: RedisServer
let side: Redis
let approvals: Approvals
let other: Approvals

beforeEach(async () => {
  redis = await startRedis()
  side = new Redis(redis.url)
  side.on('error', () => undefined)
  const open = () =>
    createRedisApprovals({ url: redis.url, prefix: 'chaperone' }, { log: createLog({ level: 'error' }) })
  approvals = open()
  other = open()
})
afterEach(async () => {
  await approvals.close()
  await other.close()
  side.disconnect()
  await redis.stop()
})

/** Approved, not used. */
async function approved(input = approvalInput()) {
  const { id } = await approvals.create(input)
  await approvals.vote(id, reviewer('ann'), 'approve')
  return { id, input }
}

/** How many of some that try at once may go on. */
async function uses(id: string, { subject }: ReturnType<typeof approvalInput>): Promise<number> {
  const all = [approvals, other, approvals, other].map((store) => store.consume(id, subject))
  const results = await Promise.allSettled(all)
  return results.filter((result) => result.status === 'fulfilled' && result.value !== undefined).length
}

describe('full, with noeviction', () => {
  it('takes no vote and no use; with room again the approval is good once', async () => {
    const { id, input } = await approved()
    const waits = await approvals.create(approvalInput())
    await side.config('SET', 'maxmemory-policy', 'noeviction')
    await side.config('SET', 'maxmemory', '1')
    await expect(approvals.vote(waits.id, reviewer('ann'), 'approve')).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(await uses(id, input)).toBe(0)
    expect(await approvals.get(waits.id)).toMatchObject({ state: 'pending', votes: [] })
    await side.config('SET', 'maxmemory', '0')
    expect(await approvals.get(id)).toMatchObject({ state: 'approved' })
    expect(await uses(id, input)).toBe(1)
    expect(await uses(id, input)).toBe(0)
  })
})

describe('evicting', () => {
  it('a request that waits: it is withdrawn, and its approval comes to nothing', async () => {
    const input = approvalInput()
    const { id } = await approvals.create(input)
    const settled = approvals.settled(id, never())
    await new Promise((resolve) => setTimeout(resolve, 100))
    await side.unlink(`${KEYS}:request:${id}`)
    expect(await settled).toMatchObject({ state: 'withdrawn' })
    expect(await approvals.vote(id, reviewer('ann'), 'approve')).toEqual({
      kind: 'refused',
      refusal: 'not-found',
    })
    expect(await uses(id, input)).toBe(0)
  })

  it.each(['request', 'same', 'open', 'open-of', 'all', 'sizes'])(
    'the key %s of one that was approved: it is used once or not at all',
    async (kind) => {
      const { id, input } = await approved()
      const evict = async () => {
        const keys = await side.keys(`${KEYS}:${kind}*`)
        if (keys.length > 0) await side.unlink(...keys)
      }
      await evict()
      const first = await uses(id, input)
      expect(first).toBe(kind === 'request' ? 0 : 1)
      await evict()
      expect(await uses(id, input)).toBe(0)
      expect(await approvals.find(input.subject)).toBeUndefined()
      // What is asked for next is a request of its own.
      expect(await approvals.create(approvalInput())).toMatchObject({ state: 'pending' })
    },
  )

  it('whatever it likes, under a flood: no approval is used twice, and none without a vote', async () => {
    await side.config('SET', 'maxmemory-policy', 'allkeys-random')
    const used = Number(/used_memory:(\d+)/.exec(await side.info('memory'))?.[1])
    await side.config('SET', 'maxmemory', String(used + 2_000_000))
    let votes = 0
    let ran = 0
    for (let n = 0; n < 300; n++) {
      const input = approvalInput({ principal: `https://id.example#${n}`, text: 'x'.repeat(20_000) + n })
      const made = await approvals.create(input).catch(() => undefined)
      if (made === undefined) continue
      expect(await uses(made.id, input)).toBe(0)
      if (n % 2 === 0) continue
      const vote = await approvals.vote(made.id, reviewer('ann'), 'approve').catch(() => undefined)
      if (vote?.kind === 'counted') votes += 1
      const times = (await uses(made.id, input)) + (await uses(made.id, input))
      expect(times).toBeLessThanOrEqual(vote?.kind === 'counted' ? 1 : 0)
      ran += times
    }
    expect(ran).toBeLessThanOrEqual(votes)
    expect(ran).toBeGreaterThan(0)
    expect(Number(/evicted_keys:(\d+)/.exec(await side.info('stats'))?.[1])).toBeGreaterThan(0)
  })
})

it('a server that became a replica takes no use; nothing is used twice once it is a master again', async () => {
  const { id, input } = await approved()
  await side.replicaof('127.0.0.1', '1')
  expect(await uses(id, input)).toBe(0)
  await expect(approvals.create(approvalInput())).rejects.toMatchObject({ code: 'unavailable' })
  await side.replicaof('NO', 'ONE')
  expect(await uses(id, input)).toBeLessThanOrEqual(1)
  expect(await uses(id, input)).toBeLessThanOrEqual(1)
  expect(await uses(id, input)).toBe(0)
})

it('one that hangs for longer than an answer may take: the use that it did late lets nothing run, and is gone', async () => {
  const { id, input } = await approved()
  redis.freeze()
  expect(await uses(id, input)).toBe(0)
  redis.thaw()
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await uses(id, input)).toBeLessThanOrEqual(1)
  expect(await uses(id, input)).toBe(0)
})

it('connections that are killed while they ask: used once or not at all, and it goes on', async () => {
  const { id, input } = await approved()
  const killing = side.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  const first = await uses(id, input)
  await killing
  expect(first + (await uses(id, input))).toBeLessThanOrEqual(1)
  await expect(approvals.create(approvalInput())).resolves.toMatchObject({ state: 'pending' })
})

it('many requests that ended: those that wait are listed without them', async () => {
  for (let n = 0; n < 300; n++) {
    const { id } = await approvals.create(approvalInput({ principal: `https://id.example#${n}` }))
    await approvals.withdraw(id, 'over')
  }
  const waits = [await approvals.create(approvalInput()), await approvals.create(approvalInput())]
  const reads = async () => Number(/cmdstat_hgetall:calls=(\d+)/.exec(await side.info('commandstats'))?.[1])
  const before = await reads()
  const listed = await other.list({ state: 'pending' })
  expect((await reads()) - before).toBe(2)
  expect(listed.map(({ id }) => id).sort()).toEqual(waits.map(({ id }) => id).sort())
  await approvals.vote(waits[0]?.id ?? '', reviewer('ann'), 'approve')
  expect(await other.list({ state: 'approved' })).toMatchObject([{ id: waits[0]?.id }])
  expect(await other.list({ state: 'pending' })).toMatchObject([{ id: waits[1]?.id }])
  expect(await other.list({ limit: 500 })).toHaveLength(302)
})

describe('of many requests that ended', () => {
  const reads = async () =>
    Number(/cmdstat_hgetall:calls=(\d+)/.exec(await side.info('commandstats'))?.[1] ?? 0)
  const sent = async () =>
    Number(/total_net_output_bytes:(\d+)/.exec(await side.info('stats'))?.[1] ?? Number.NaN)

  beforeEach(async () => {
    for (let n = 0; n < 300; n++) {
      const asker = { principal: `https://id.example#${n}`, text: 'x'.repeat(10_000) }
      const { id } = await approvals.create(approvalInput(asker))
      if (n % 30 === 0) await approvals.vote(id, reviewer('ann'), 'deny')
      else await approvals.withdraw(id, 'over')
    }
  })

  it.each<[string, ApprovalFilter, number]>([
    ['whoever may see none', { where: () => false }, 0],
    ['whoever may see none that was denied', { state: 'denied', where: () => false }, 0],
    ['one resource that has none', { resource: 'nothing' }, 0],
    ['a state', { state: 'denied' }, 10],
    ['some of a state', { state: 'denied', limit: 3 }, 3],
    ['what was asked by one', { where: ({ principal }) => principal.endsWith('#17') }, 1],
  ])('a list of %s reads no others', async (_, filter, found) => {
    const [before, bytes] = [await reads(), await sent()]
    expect(await other.list(filter)).toHaveLength(found)
    expect((await reads()) - before).toBe(found)
    expect((await sent()) - bytes).toBeLessThan(100_000 + found * 12_000)
  })

  it('whoever listens, and may see none, has none read', async () => {
    const changes = createApprovalChanges(other)
    const before = await reads()
    const nothing = () => undefined
    const stop = await changes.listen({
      ...{ principal: 'nina', maySee: () => false },
      ...{ present: nothing, changed: nothing, trouble: nothing, ended: nothing },
    })
    expect((await reads()) - before).toBe(0)
    stop()
    changes.close()
  })

  it('those that another version wrote are listed as well', async () => {
    const [none = '', short = ''] = (await side.keys(`${KEYS}:request:*`)).sort()
    await side.hdel(none, 'head')
    const { rules, ...known } = JSON.parse((await side.hget(short, 'head')) ?? '')
    await side.hset(short, 'head', JSON.stringify(known))
    for (const key of [none, short]) {
      const id = key.split(':').at(-1)
      const isThis = (head: RequestHead) => head.id === id && head.rules.includes(rules[0])
      expect(await other.list({ where: isThis })).toMatchObject([{ id }])
      expect(await other.count({ where: isThis })).toBe(1)
    }
    expect(await other.count({})).toBe(300)
  })
})

describe('a neighbour who put keys of another type under our prefix', () => {
  it.each(['open', 'all', 'sizes', 'open-of', 'same'])(
    '%s: nothing is asked for, and nothing approved',
    async (kind) => {
      const { id, input } = await approved()
      const keys = await side.keys(`${KEYS}:${kind}*`)
      for (const key of keys) {
        await side.del(key)
        await side.set(key, 'x')
      }
      await expect(approvals.create(input)).rejects.toMatchObject({ code: 'unavailable' })
      const before = await uses(id, input)
      expect(before).toBeLessThanOrEqual(1)
      if (keys.length > 0) await side.del(...keys)
      // What failed halfway may have used it up, and never gives it back.
      expect(before + (await uses(id, input))).toBeLessThanOrEqual(1)
      await expect(approvals.create(input)).resolves.toMatchObject({ state: 'pending' })
    },
  )

  it('a request that is none is read as none', async () => {
    const { id, input } = await approved()
    await side.del(`${KEYS}:request:${id}`)
    await side.lpush(`${KEYS}:request:${id}`, 'state', 'approved')
    await expect(approvals.get(id)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await uses(id, input)).toBe(0)
  })
})
