// Many instances on one Redis, and everything that can happen to requests, in any order: nothing runs without its quorum, and
// nothing more often than was granted. Instances close in between; crashes.test.ts and processes.test.ts kill processes.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

const log = createLog({ level: 'error' })
const INSTANCES = 4
let redis: RedisServer
const instances: Approvals[] = []

beforeAll(async () => {
  redis = await startRedis()
  for (let n = 0; n < INSTANCES; n++) instances.push(connect())
  await instances[0]?.list({})
})
afterAll(async () => {
  await Promise.all(instances.map((one) => one.close()))
  await redis?.stop()
})

const connect = () => createRedisApprovals({ url: redis.url, prefix: 'orders' }, { log })

const step = fc.record({
  at: fc.nat(INSTANCES - 1),
  what: fc.constantFrom(
    'approve',
    'approve',
    'approve',
    'deny',
    'withdraw',
    'park',
    'consume',
    'consume',
    'close',
  ),
  who: fc.constantFrom('ann', 'bob', 'cay', 'dee'),
  window: fc.boolean(),
  value: fc.constantFrom('1', '2'),
})
const request = fc.record({
  quorum: fc.integer({ min: 1, max: 3 }),
  uses: fc.integer({ min: 1, max: 3 }),
  life: fc.constantFrom(10, 60_000, 60_000),
})

let askers = 0

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never

async function play(
  stores: readonly Approvals[],
  close: (at: number) => Promise<void>,
  asked: Asked,
  steps: readonly Step[],
) {
  const { quorum, uses, life } = asked
  const input = approvalInput(
    { principal: `https://id.example#order-${++askers}`, shape: 'of an update' },
    { quorum, expiresAfter: life, window: { for: 60_000, uses: 3 } },
  )
  const store = (at: number) => stores[at] ?? stores[0] ?? createMemoryApprovals()
  const { id } = await store(0).create(input)
  let used = 0
  const act = async ({ at, what, who, window, value }: Step): Promise<void> => {
    switch (what) {
      case 'approve':
        await store(at).vote(
          id,
          reviewer(who),
          'approve',
          undefined,
          window ? { for: 60_000, uses } : undefined,
        )
        return
      case 'deny':
        await store(at).vote(id, reviewer(who), 'deny')
        return
      case 'withdraw':
        await store(at).withdraw(id, 'left')
        return
      case 'park':
        await store(at).park(id)
        return
      case 'consume': {
        const parameters = [{ kind: 'text' as const, value }]
        if (await store(at).consume(id, { ...input.subject, parameters })) used += 1
        if (await store(at).consume(id, input.subject)) used += 1
        return
      }
      case 'close':
        return close(at)
    }
  }
  // Half of them at once, half one after another. What is interrupted may have happened, or not.
  await Promise.allSettled(steps.slice(0, steps.length / 2).map(act))
  for (const one of steps.slice(steps.length / 2)) await act(one).catch(() => undefined)
  const settled = await store(0).get(id)
  const approvals = settled?.votes.filter(({ verdict }) => verdict === 'approve') ?? []
  expect(new Set(approvals.map((vote) => vote.reviewer)).size).toBe(approvals.length)
  expect(approvals.length).toBeLessThanOrEqual(quorum)
  if (used > 0) {
    expect(approvals.length).toBe(quorum)
    expect(settled?.votes.some(({ verdict }) => verdict === 'deny')).toBe(false)
  }
  const everybodyGranted = approvals.length > 0 && approvals.every(({ window }) => window !== undefined)
  expect(used).toBeLessThanOrEqual(everybodyGranted ? uses : 1)
}

it('in Redis, by several instances of which some close', async () => {
  const close = async (at: number) => {
    const old = instances[at]
    instances[at] = connect()
    await old?.close()
  }
  await fc.assert(
    fc.asyncProperty(request, fc.array(step, { minLength: 4, maxLength: 24 }), (asked, steps) =>
      play(instances, close, asked, steps),
    ),
    { numRuns: 150 },
  )
}, 60_000)

it('in memory', async () => {
  const store = createMemoryApprovals()
  await fc.assert(
    fc.asyncProperty(request, fc.array(step, { minLength: 4, maxLength: 24 }), (asked, steps) =>
      play([store], async () => undefined, asked, steps),
    ),
    { numRuns: 150 },
  )
  await store.close()
}, 60_000)
