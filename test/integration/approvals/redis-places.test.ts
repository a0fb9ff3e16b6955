// Redis as teams run it: an ACL user over TLS with a client certificate, Sentinels with a failover, a cluster that loses a node.
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import type { RedisConnection } from '../../../src/approvals/redis-connect.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { holdToContract } from '../../support/approvals-contract.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { createAuthority } from '../../support/keys.ts'
import { type Servers, startCluster, startSecured, startSentinels } from '../../support/redis-sets.ts'
import { temporaryDirectory } from '../../support/tmp.ts'
import { eventually } from '../failures/footprint.ts'

const HOST = '127.0.0.1'
const PASSWORD = 'correct-horse-battery'
const password = new Secret(PASSWORD)
const never = () => new AbortController().signal

let lines: string[] = []
const log = createLog({ level: 'debug' }, { write: (line: string) => lines.push(line) })
const opened: Approvals[] = []

function open(connection: RedisConnection): Approvals {
  const approvals = createRedisApprovals({ ...connection, prefix: 'chaperone' }, { log })
  opened.push(approvals)
  return approvals
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((approvals) => approvals.close()))
  lines = []
})

/** One request from asking to using, by two processes. */
async function through(holder: Approvals, voter: Approvals): Promise<void> {
  const input = approvalInput()
  const { id } = await holder.create(input)
  const settled = holder.settled(id, never())
  await voter.vote(id, reviewer('ann'), 'approve')
  expect(await settled).toMatchObject({ state: 'approved' })
  expect(await holder.consume(id, input.subject)).toMatchObject({ state: 'consumed' })
  expect(await voter.consume(id, input.subject)).toBeUndefined()
}

describe('an ACL user, over TLS with a client certificate', () => {
  const directory = temporaryDirectory('redis-tls')
  const authority = createAuthority(directory.path)
  const user = { name: 'chaperone', password: PASSWORD }
  let redis: Awaited<ReturnType<typeof startSecured>>
  beforeAll(async () => {
    redis = await startSecured(authority, user)
  })
  afterAll(async () => {
    await redis?.stop()
    directory.remove()
  })

  const connection = (tls: NonNullable<RedisConnection['tls']> = {}): RedisConnection => ({
    url: `rediss://localhost:${redis.servers[0]?.port}`,
    username: user.name,
    password,
    tls: {
      ca: readFileSync(authority.certificate),
      certificate: readFileSync(redis.client.certificate),
      key: readFileSync(redis.client.key),
      ...tls,
    },
  })

  holdToContract('Redis with the least rights that docs/redis.md gives', async () => {
    const own: Approvals[] = []
    redis.servers[0]?.cli('FLUSHALL')
    return {
      instance: async () => {
        const approvals = createRedisApprovals({ ...connection(), prefix: 'chaperone' }, { log })
        own.push(approvals)
        return approvals
      },
      stop: async () => {
        await Promise.all(own.map((approvals) => approvals.close()))
      },
    }
  })

  it('without the certificate, the authority, the name, the user or the prefix that it needs there is no store, and no password in the log', async () => {
    const wrong: readonly [string, RedisConnection, string][] = [
      [
        'no client certificate',
        { ...connection(), tls: { ca: readFileSync(authority.certificate) } },
        'chaperone',
      ],
      ['another authority', connection({ ca: Buffer.from('') }), 'chaperone'],
      ['another name', connection({ serverName: 'redis.example' }), 'chaperone'],
      ['another user', { ...connection(), username: 'somebody' }, 'chaperone'],
      ['another prefix', connection(), 'other'],
    ]
    // Each takes the two seconds that a connection may take.
    const outcomes = await Promise.all(
      wrong.map(async ([what, place, prefix]) => {
        const approvals = createRedisApprovals({ ...place, prefix }, { log })
        opened.push(approvals)
        return [what, await approvals.create(approvalInput()).catch((error: { code: string }) => error.code)]
      }),
    )
    expect(outcomes).toEqual(wrong.map(([what]) => [what, 'unavailable']))
    expect(lines.join()).not.toContain(PASSWORD)
  })

  it('killed and started again: a hold goes on waiting, and new ones work', async () => {
    const [holder, voter] = [open(connection()), open(connection())]
    await through(holder, voter)
    await redis.servers[0]?.kill()
    await expect(holder.create(approvalInput())).rejects.toMatchObject({ code: 'unavailable' })
    await redis.servers[0]?.start()
    await expect.poll(() => holder.ready() && voter.ready(), { timeout: 10_000 }).toBe(true)
    await through(holder, voter)
  })
})

describe('Sentinels', () => {
  let redis: Servers
  beforeAll(async () => {
    redis = await startSentinels('approvals', PASSWORD)
    const [master] = redis.servers
    await eventually(
      'the replica has all',
      () => master?.cli('INFO', 'replication').includes('state=online') === true,
    )
  })
  afterAll(() => redis?.stop())

  const connection = (replicas = 1): RedisConnection => ({
    sentinels: {
      master: 'approvals',
      addresses: redis.servers.slice(2).map(({ port }) => ({ host: HOST, port })),
    },
    password,
    replicas,
  })

  it('name the master; when it dies, a hold goes on waiting and is approved at the one that takes its place', async () => {
    const [holder, voter] = [open(connection()), open(connection(0))]
    await through(holder, voter)
    const input = approvalInput()
    const used = await holder.create(input)
    await voter.vote(used.id, reviewer('ann'), 'approve')
    await holder.consume(used.id, input.subject)
    const waiting = await holder.create(approvalInput())
    const settled = holder.settled(waiting.id, never())
    await new Promise((resolve) => setTimeout(resolve, 300))
    await redis.servers[0]?.kill()
    const vote = () =>
      voter.vote(waiting.id, reviewer('ben'), 'approve').catch((error) => ({ kind: String(error.cause) }))
    // Sentinels that did not agree at once try again after twice their failover-timeout.
    await expect.poll(vote, { timeout: 80_000, interval: 250 }).toMatchObject({ kind: 'counted' })
    expect(await settled).toMatchObject({ id: waiting.id, state: 'approved' })
    // what was used before the failover is used after it
    const state = () =>
      voter.get(used.id).then(
        (request) => request?.state,
        (error) => String(error.cause),
      )
    // Whoever hears late of the failover connects again.
    await expect.poll(state, { timeout: 20_000 }).toBe('consumed')
    const left = () =>
      voter.consume(used.id, input.subject).then(
        (request) => request ?? 'nothing',
        (error) => String(error.cause),
      )
    await expect.poll(left, { timeout: 20_000 }).toBe('nothing')
  })

  it('with no replica that takes it, an approval is not used: a failover could bring it back', async () => {
    const [careful, careless] = [open(connection(1)), open(connection(0))]
    const input = approvalInput()
    const { id } = await careful.create(input)
    await careless.vote(id, reviewer('ann'), 'approve')
    await expect(careful.consume(id, input.subject)).rejects.toMatchObject({ code: 'unavailable' })
    // it is gone nevertheless: nobody can say that it was not used. Clients that hear of the failover late connect again
    const left = () =>
      careless.consume(id, input.subject).then(
        (request) => request ?? 'nothing',
        (error) => String(error.cause),
      )
    await expect.poll(left, { timeout: 20_000 }).toBe('nothing')
  })
})

describe('a cluster', () => {
  let redis: Servers
  beforeAll(async () => {
    redis = await startCluster(PASSWORD)
    for (const one of redis.servers) {
      await eventually('it knows all slots', () => one.cli('CLUSTER', 'INFO').includes('cluster_state:ok'))
    }
  })
  afterAll(() => redis?.stop())

  const connection = (): RedisConnection => ({
    cluster: redis.servers.map(({ port }) => ({ host: HOST, port })),
    password,
  })

  holdToContract('a Redis Cluster of three', async () => {
    const own: Approvals[] = []
    for (const one of redis.servers) one.cli('FLUSHALL')
    return {
      instance: async () => {
        const approvals = createRedisApprovals({ ...connection(), prefix: 'chaperone' }, { log })
        own.push(approvals)
        return approvals
      },
      stop: async () => {
        await Promise.all(own.map((approvals) => approvals.close()))
      },
    }
  })

  it('whose node with our slot is killed: not ready, nothing is answered; back with its data, a hold goes on', async () => {
    const [holder, voter] = [open(connection()), open(connection())]
    await through(holder, voter)
    const { id } = await holder.create(approvalInput())
    const settled = holder.settled(id, never())
    const owner = redis.servers.find((one) => one.cli('KEYS', '{chaperone}:*') !== '')
    await owner?.kill()
    await expect(voter.vote(id, reviewer('ann'), 'approve')).rejects.toMatchObject({ code: 'unavailable' })
    await expect.poll(() => holder.ready(), { timeout: 10_000 }).toBe(false)
    await owner?.start()
    const vote = () => voter.vote(id, reviewer('ben'), 'approve').catch(() => undefined)
    await expect.poll(vote, { timeout: 20_000, interval: 250 }).toMatchObject({ kind: 'counted' })
    expect(await settled).toMatchObject({ id, state: 'approved', votes: [{ reviewerName: 'ben' }] })
  })
})
