// What the Redis store does when Redis is killed, restarted, frozen, emptied or tampered with: it never approves what was not.

import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { MAX_KEPT_BYTES } from '../../../src/approvals/limits.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { connectRedis } from '../../../src/approvals/redis-connect.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

const PASSWORD = 'correct-horse-battery'
const never = () => new AbortController().signal
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A way to the port on which a connection ends when it sends the word: at once, but the first to do so a moment later. */
async function cutAt(port: number, word: string) {
  let times = 0
  const server = createServer((client) => {
    const redis = createConnection(port, '127.0.0.1')
    const end = () => [client, redis].forEach((socket) => void socket.destroy())
    client.on('data', (bytes) => {
      if (!bytes.includes(word)) return void redis.write(bytes)
      times++
      if (times > 1) return end()
      redis.write(bytes)
      setTimeout(end, 100)
    })
    redis.pipe(client)
    for (const socket of [client, redis]) socket.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `redis://127.0.0.1:${address.port}`, times: () => times, close: () => server.close() }
}

describe('the Redis store, when Redis fails', () => {
  let redis: RedisServer
  let lines: string[]
  let opened: Approvals[]
  let side: Redis

  const instance = (password = PASSWORD, url = redis.url) => {
    const log = createLog({ level: 'debug' }, { write: (line: string) => lines.push(line) })
    const approvals = createRedisApprovals(
      { url, prefix: 'chaperone', password: new Secret(password) },
      { log },
    )
    opened.push(approvals)
    return approvals
  }

  beforeEach(async () => {
    redis = await startRedis({ password: PASSWORD })
    lines = []
    opened = []
    side = new Redis(redis.url, { password: PASSWORD, lazyConnect: true, retryStrategy: null })
    side.on('error', () => undefined)
  })
  afterEach(async () => {
    await Promise.all(opened.map((approvals) => approvals.close()))
    side.disconnect()
    await redis.stop()
  })

  it('lost during a wait: the wait goes on until the request’s own expiry, and ends as expired', async () => {
    const approvals = instance()
    const { id } = await approvals.create(approvalInput({}, { expiresAfter: 2500 }))
    const start = performance.now()
    const settled = approvals.settled(id, never())
    await pause(50)
    await redis.kill()
    expect(await settled).toMatchObject({ id, state: 'expired' })
    expect(performance.now() - start).toBeGreaterThan(2400)
    expect(approvals.ready()).toBe(false)
  })

  it('lost between asking and waiting: the wait outlasts a restart, and refuses within seconds when there is none', async () => {
    const approvals = instance()
    const { id } = await approvals.create(approvalInput())
    await redis.kill()
    const start = performance.now()
    await expect(approvals.settled(id, never())).rejects.toMatchObject({ code: 'unavailable' })
    expect(performance.now() - start).toBeGreaterThan(4000)
    expect(performance.now() - start).toBeLessThan(12_000)
  })

  it('lost and back without its data during a wait: the request is withdrawn, with the reason', async () => {
    const approvals = instance()
    const input = approvalInput()
    const { id } = await approvals.create(input)
    const settled = approvals.settled(id, never())
    await pause(50)
    await redis.kill()
    await pause(300)
    await redis.restart()
    expect(await settled).toMatchObject({
      id,
      state: 'withdrawn',
      withdrawal: expect.stringContaining('lost'),
    })
    expect(await approvals.consume(id, input.subject)).toBeUndefined()
    await expect(approvals.create(input)).resolves.toMatchObject({ state: 'pending' })
  })

  it('cut off for a while, data kept: the vote that was cast meanwhile still arrives', async () => {
    const [holder, voter] = [instance(), instance()]
    const { id } = await holder.create(approvalInput())
    const settled = holder.settled(id, never())
    await side.connect()
    await side.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await side.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    // The voter's own connection was cut too: a person tries again.
    await expect.poll(() => voter.vote(id, reviewer('ann'), 'approve').catch(() => undefined)).toBeDefined()
    expect(await settled).toMatchObject({ state: 'approved' })
  })

  it('that loses the message: polling notices within two seconds', async () => {
    const approvals = instance()
    const { id } = await approvals.create(approvalInput())
    const settled = approvals.settled(id, never())
    await pause(100)
    await side.connect()
    await side.hset(`{chaperone}:approvals:request:${id}`, 'state', 'denied')
    const start = performance.now()
    expect(await settled).toMatchObject({ state: 'denied' })
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it('cut off whenever it subscribes again: the loss is nobody’s rejection, and a vote still arrives', async () => {
    const cut = await cutAt(redis.port, 'subscribe')
    try {
      const [holder, voter] = [instance(PASSWORD, cut.url), instance()]
      const { id } = await holder.create(approvalInput())
      const settled = holder.settled(id, never())
      await expect.poll(cut.times, { timeout: 10_000 }).toBeGreaterThan(3)
      await voter.vote(id, reviewer('ann'), 'approve')
      expect(await settled).toMatchObject({ state: 'approved' })
    } finally {
      cut.close()
    }
  })

  it('given up by its client, as in a failover that is told of while the master is asked for: connected again', async () => {
    const log = createLog({ level: 'debug' }, { write: (line: string) => lines.push(line) })
    const { redis: client, close } = connectRedis({ url: redis.url, password: new Secret(PASSWORD) }, log)
    await expect.poll(() => client.status).toBe('ready')
    client.disconnect()
    await expect.poll(() => client.status, { interval: 1 }).toBe('end')
    await expect.poll(() => client.status).toBe('ready')
    close()
    await expect.poll(() => client.status, { interval: 1 }).toBe('end')
    await pause(300)
    expect(client.status).toBe('end')
  })

  it('an abort during the outage ends the wait at once', async () => {
    const approvals = instance()
    const { id } = await approvals.create(approvalInput())
    const abort = new AbortController()
    const settled = approvals.settled(id, abort.signal)
    const rejected = expect(settled).rejects.toThrow('client left')
    await pause(50)
    await redis.kill()
    await pause(50)
    abort.abort(new Error('client left'))
    await rejected
  })

  it('every other call is refused within seconds while it is away, and none of them happens later', async () => {
    const approvals = instance()
    const input = approvalInput({}, { quorum: 2 })
    const { id } = await approvals.create(input)
    await redis.kill()
    const calls = [
      approvals.create(input),
      approvals.get(id),
      approvals.list({}),
      approvals.find(input.subject),
      approvals.vote(id, reviewer('ann'), 'approve'),
      approvals.withdraw(id, 'x'),
      approvals.consume(id, input.subject),
      approvals.settled(id, never()),
    ]
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    }
    await redis.restart()
    await pause(1500)
    expect(await approvals.list({})).toEqual([])
  })

  it('that hangs without closing is refused as well', async () => {
    const approvals = instance()
    const input = approvalInput()
    const { id } = await approvals.create(input)
    await approvals.vote(id, reviewer('ann'), 'approve')
    redis.freeze()
    try {
      const start = performance.now()
      await expect(approvals.consume(id, input.subject)).rejects.toMatchObject({ code: 'unavailable' })
      expect(performance.now() - start).toBeLessThan(5000)
    } finally {
      redis.thaw()
    }
  })

  it('refuses with a wrong password, and tells no password to the log', async () => {
    const approvals = instance('wrong-horse-battery')
    await expect(approvals.create(approvalInput())).rejects.toMatchObject({ code: 'unavailable' })
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join()).not.toMatch(/horse-battery/)
  })

  it('reports an outage once, not once an attempt', async () => {
    const approvals = instance()
    await approvals.create(approvalInput())
    await redis.kill()
    await pause(1500)
    expect(lines.filter((line) => line.includes('cannot be reached')).length).toBeLessThanOrEqual(2)
  })

  it('forgets its scripts: they are sent again', async () => {
    const approvals = instance()
    await approvals.create(approvalInput())
    await side.connect()
    await side.script('FLUSH')
    await expect(approvals.create(approvalInput())).resolves.toMatchObject({ state: 'pending' })
  })

  it.each<[string, readonly string[]]>([
    ['an unknown state', ['state', 'APPROVED']],
    ['a body that is not JSON', ['body', '{']],
    ['a body without approvers', ['body', '{"id":"x"}']],
    ['votes that are not votes', ['votes', '{"verdict":"approve"}']],
  ])('holds %s: reading it is an error, and it approves nothing', async (_what, [field = '', value = '']) => {
    const approvals = instance()
    const input = approvalInput()
    const { id } = await approvals.create(input)
    await side.connect()
    await side.hset(`{chaperone}:approvals:request:${id}`, field, value)
    await expect(approvals.get(id)).rejects.toMatchObject({ code: 'corrupt' })
    await expect(approvals.settled(id, never())).rejects.toMatchObject({ code: 'corrupt' })
    await expect(approvals.consume(id, input.subject)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('keeps nothing for ever: every key has an end, but for the indexes, which are trimmed', async () => {
    const approvals = instance()
    for (let n = 0; n < 3; n++) {
      const { id } = await approvals.create(approvalInput())
      if (n > 0) await approvals.vote(id, reviewer('ann'), n === 1 ? 'approve' : 'deny')
    }
    await side.connect()
    const keys = await side.keys('*')
    expect(keys.length).toBeGreaterThan(4)
    for (const key of keys) {
      expect(key).toMatch(/^\{chaperone\}:approvals:/)
      if (!/:(all|open|sizes)$/.test(key)) expect(await side.pttl(key)).toBeGreaterThan(0)
    }
  })

  it('one approval and six instances: consumed exactly once, in every one of twenty rounds', async () => {
    const instances = Array.from({ length: 6 }, () => instance())
    const [first] = instances
    if (first === undefined) throw new Error('no instance')
    for (let round = 0; round < 20; round++) {
      const input = approvalInput()
      const { id } = await first.create(input)
      const waits = instances.map(async (approvals) => {
        const { state } = await approvals.settled(id, never())
        return state === 'approved' || state === 'consumed' ? approvals.consume(id, input.subject) : undefined
      })
      await instances[round % 6]?.vote(id, reviewer('ann'), 'approve')
      const used = (await Promise.all(waits)).filter((request) => request !== undefined)
      expect(used).toHaveLength(1)
    }
  })

  it('a thousand requests settled and many more asked: the oldest settled are dropped, open ones stay', async () => {
    const approvals = instance()
    const open = await approvals.create(approvalInput())
    const other = approvalInput({ principal: 'https://id.example#busy' })
    const settled: string[] = []
    for (let batch = 0; batch < 41; batch++) {
      const made = await Promise.all(Array.from({ length: 50 }, () => approvals.create(other)))
      await Promise.all(made.map(({ id }) => approvals.withdraw(id, 'x')))
      settled.push(...made.map(({ id }) => id))
    }
    await side.connect()
    expect(await side.zcard('{chaperone}:approvals:all')).toBe(2000)
    expect(await side.zcard('{chaperone}:approvals:open')).toBe(1)
    const kept = await Promise.all(settled.slice(0, 50).map((id) => approvals.get(id)))
    expect(kept.filter((request) => request === undefined).length).toBeGreaterThan(40)
    expect(await approvals.get(open.id)).toMatchObject({ state: 'pending' })
  })
  it('large requests: settled ones are dropped for room, and when all are open, the next is refused', async () => {
    const approvals = instance()
    const text = 'x'.repeat(500 * 1024)
    const from = (n: number) => approvalInput({ principal: `p${n}`, text })
    const settled = []
    for (let n = 0; n < 20; n++) {
      const request = await approvals.create(from(0))
      await approvals.withdraw(request.id, 'x')
      settled.push(request)
    }
    const fit = Math.floor(MAX_KEPT_BYTES / (text.length + 600))
    for (let n = 0; n < fit; n++) await approvals.create(from(1 + (n % 9)))
    await expect(approvals.create(from(10))).rejects.toMatchObject({ code: 'full' })
    expect(await approvals.get(settled[0]?.id ?? '')).toBeUndefined()
    await side.connect()
    const sizes = await side.hgetall('{chaperone}:approvals:sizes')
    const { total, ...each } = sizes
    expect(Number(total)).toBeLessThanOrEqual(MAX_KEPT_BYTES)
    expect(Object.values(each).reduce((sum, bytes) => sum + Number(bytes), 0)).toBe(Number(total))
  })
})
