// Two workers behind one real Envoy: a connection's sidestreams, its cancel request and its limits may meet any of them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { cancelRequest, query } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { workerPid, workerPids } from '../../support/stack/workers.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending, errorsOf } from '../failures/ending.ts'
import { eventually } from '../failures/footprint.ts'

const WORKERS = 2
const HELD = `update orders set total = 999 where id = 12`
/** Minutes of work that no function is called for. */
const LONG = `select count(*) from ${Array.from('abcdefghijklmnop', (name) => `orders ${name}`).join(', ')}`

let redis: RedisServer
let stack: Stack
let engineer: string
const clients: pg.Client[] = []

beforeAll(async () => {
  redis = await startRedis()
  stack = await startStack({
    services: 'child',
    resource: { limits: { sessions_per_principal: 12 } },
    resources: { fast: { process: 'requests-only', recording: 'commands' } },
    policies: {
      few: {
        decision: 'allow',
        resources: ['app'],
        groups: ['interns'],
        effects: ['read'],
        relations: ['public.customers'],
        limits: { hour: { rows: 5 } },
      },
      interns: { decision: 'allow', resources: '*', groups: ['interns'], effects: ['session'] },
    },
    config: {
      masks: {},
      processor: { address: 'unix:processor.sock', stop_grace: '0s', workers: WORKERS },
      store: { kind: 'redis', url: redis.url },
    },
  })
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(async () => {
  await stack?.stop()
  await redis?.stop()
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)))
})

async function open(token: string, resource = 'app'): Promise<pg.Client> {
  const client = await stack.connect(token, { resource })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

/** What each worker audited. */
function audited(type: string): Record<string, unknown>[][] {
  return Array.from({ length: WORKERS }, (_, index) =>
    readFileSync(`${stack.folder}/audit-${index + 1}.jsonl`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((event) => event['type'] === type),
  )
}

async function metric(pattern: RegExp): Promise<number> {
  const lines = (await stack.metrics()).split('\n').filter((line) => pattern.test(line))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
const sessions = () => metric(/^chaperone_sessions\{/)
const ready = async () => (await fetch(`${stack.admin}/readyz`)).status

describe.each(['app', 'fast'])('sessions of the resource %s', (resource) => {
  it('are on all workers, and each works', async () => {
    await eventually('sessions of before are over', async () => (await sessions()) === 0)
    const before = audited('login').map((events) => events.length)
    for (let n = 0; n < 10; n++) {
      const client = await open(engineer, resource)
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    }
    for (const [index, events] of audited('login').entries()) {
      expect(events.length - (before[index] ?? 0)).toBeGreaterThan(0)
    }
    expect(await sessions()).toBe(10)
  })
})

describe('a cancel request', () => {
  it('ends what waits for approval, or runs at the target, whichever worker it comes to', async () => {
    for (let n = 0; n < 8; n++) {
      const { client, key } = await loggedIn()
      const held = n % 2 === 0
      client.send(query(held ? HELD : LONG))
      if (held) await stack.reviews.next()
      else await eventually('the query runs', async () => (await running()) === 1)
      const canceler = await connectPgWire({ port: stack.port })
      canceler.send(cancelRequest(key.pid, key.key))
      expect(await errorsOf(client)).toEqual(['57014'])
      client.destroy()
      canceler.destroy()
      expect(await stack.reviews.list()).toEqual([])
    }
  })

  it('with a wrong key cancels nothing, at no worker', async () => {
    const { client, key } = await loggedIn()
    client.send(query(HELD))
    const { id } = await stack.reviews.next()
    for (let n = 0; n < 4; n++) {
      const canceler = await connectPgWire({ port: stack.port })
      canceler.send(cancelRequest(key.pid, Buffer.alloc(key.key.length, n)))
      await expect(canceler.next()).rejects.toThrow()
      canceler.destroy()
    }
    expect((await stack.reviews.get(id)).state).toBe('pending')
    client.destroy()
    await eventually('it is withdrawn', async () => (await stack.reviews.get(id)).state === 'withdrawn')
  })

  async function loggedIn(): Promise<{ client: PgWireClient; key: { pid: number; key: Uint8Array } }> {
    const client = await stack.wireTls()
    const messages = await client.login({ user: 'anybody', database: 'app' }, { password: engineer })
    for (const message of messages) if (message.kind === 'BackendKeyData') return { client, key: message }
    throw new Error('the login gave no key')
  }

  const running = async () =>
    (await stack.superuser(`select from pg_stat_activity where state = 'active' and query = $1`, [LONG]))
      .length
})

describe('limits', () => {
  it('on sessions count those of all workers, and a place is free once its session is over', async () => {
    await eventually('sessions of before are over', async () => (await sessions()) === 0)
    for (let n = 0; n < 12; n++) await open(engineer)
    await expect(open(engineer)).rejects.toThrow('has 12 sessions on app already')
    await clients.pop()?.end()
    const opens = () =>
      open(engineer).then(
        () => true,
        () => false,
      )
    await eventually('a place is free', opens)
  })

  it('of an hour count what all workers let through', async () => {
    const intern = await stack.tokens.person(['interns'], { subject: 'ivy' })
    const rows: unknown[] = []
    for (let n = 0; n < 8; n++) {
      const client = await open(intern)
      const result = await client.query('select id from customers limit 2').catch(() => undefined)
      rows.push(...(result?.rows ?? []))
      // the workers tell each other within 20 ms
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    const workers = audited('decision').map((events) =>
      events.some(({ actor }) => JSON.stringify(actor).includes('ivy')),
    )
    expect(workers, 'all workers were asked').toEqual([true, true])
    expect(rows).toHaveLength(4)
  })
})

describe('a worker that is killed', () => {
  it('takes its own sessions along and no others; what it held can be approved for who comes back, and runs once', async () => {
    const others = []
    for (let n = 0; n < 10; n++) others.push(await open(engineer))
    const holder = await stack.wire(engineer)
    holder.send(query(HELD))
    const { id } = await stack.reviews.next()
    let number = 0
    await eventually('the hold is audited', () => {
      number = 1 + audited('approval').findIndex((events) => events.some(({ request }) => request === id))
      return number > 0
    })
    const before = await metric(/^chaperone_decisions_total/)
    process.kill(pidOf(number), 'SIGKILL')
    await expect(errorsOf(holder)).rejects.toThrow()
    const states = await Promise.all(
      others.map((client) =>
        client.query('select 1').then(
          () => 'goes on',
          () => 'ended',
        ),
      ),
    )
    expect(states).toContain('goes on')
    expect(states).toContain('ended')
    // Until the primary has noticed, it says that all are ready.
    const all = () => workerPids(stack.services.pid).length === WORKERS
    await eventually('all workers serve again', async () => all() && (await ready()) === 200)
    expect((await stack.reviews.get(id)).state).toBe('pending')
    expect((await stack.reviews.approve(id)).status).toBe(200)
    const total = async () => (await stack.superuser('select total from orders where id = 12'))[0]?.['total']
    expect(await total(), 'nobody waits for it').toBe('250.00')
    expect(await metric(/^chaperone_decisions_total/), 'counts do not fall').toBeGreaterThanOrEqual(before)
    const retry = clients.find((_, index) => states[index] === 'goes on') ?? (await open(engineer))
    expect((await retry.query(HELD)).rowCount).toBe(1)
    expect(await total()).toBe('999.00')
    expect((await stack.reviews.get(id)).state).toBe('consumed')
    const again = retry.query(HELD).catch((error: { code?: string }) => error.code)
    const anew = await stack.reviews.next()
    expect(anew.id).not.toBe(id)
    await stack.reviews.deny(anew.id)
    expect(await again).toBe('42501')
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)))
    await eventually('its places are free', async () => (await sessions()) === 0)
    for (let n = 0; n < 12; n++) await open(engineer)
  })

  it('is told by /readyz until another serves in its place', async () => {
    process.kill(pidOf(1), 'SIGKILL')
    await eventually('it is not ready', async () => (await ready()) === 503)
    await eventually('it is ready', async () => (await ready()) === 200)
  })

  it('is told by /readyz as well while one hangs', async () => {
    const pid = pidOf(2)
    process.kill(pid, 'SIGSTOP')
    try {
      await eventually('it is not ready', async () => (await ready()) === 503)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await eventually('it is ready', async () => (await ready()) === 200)
  })

  const pidOf = (worker: number) => workerPid(stack.services.pid, `${stack.folder}/audit-${worker}.jsonl`)
})

describe('the services', () => {
  it('take a changed policy up in all processes on SIGHUP, and a worker that starts later has it at once', async () => {
    const text = readFileSync(stack.configFile, 'utf8')
    writeFileSync(stack.configFile, text.replace('nothing is dropped here', 'nothing goes away here'))
    process.kill(stack.services.pid, 'SIGHUP')
    const versions = async () => (await stack.metrics()).match(/^chaperone_policy_info.*$/gm)
    const one = [expect.stringMatching(` ${WORKERS + 1}$`)]
    await eventually('all have it', async () => {
      const [line, ...more] = (await versions()) ?? []
      return more.length === 0 && line?.endsWith(` ${WORKERS + 1}`) === true
    })
    const taken = /^chaperone_policy_reloads_total\{outcome="taken"\}/
    await eventually('all count it', async () => (await metric(taken)) === WORKERS + 1)
    for (const pid of workerPids(stack.services.pid)) process.kill(pid, 'SIGKILL')
    await eventually('none is ready', async () => (await ready()) === 503)
    await eventually('all are ready', async () => (await ready()) === 200)
    expect(await versions()).toEqual(one)
  })

  it('whose primary is killed end with it, and come back whole', async () => {
    const pids = workerPids(stack.services.pid)
    expect(pids).toHaveLength(WORKERS)
    await stack.services.kill('SIGKILL')
    await eventually('no worker is left', () => pids.every((pid) => !existsSync(`/proc/${pid}`)))
    await stack.restartServices()
    expect(await ready()).toBe(200)
  })

  it('stop with all their workers, and leave recordings that hold', async () => {
    const pids = workerPids(stack.services.pid)
    expect(pids).toHaveLength(WORKERS)
    let client: PgWireClient | undefined
    // Envoy looks for workers once a second
    await eventually('Envoy has found them', async () => {
      client = await stack.wire(engineer).catch(() => undefined)
      return client !== undefined
    })
    if (client === undefined) throw new Error('nobody gets in')
    const stopped = stack.services.stop()
    await expect(ending(client)).resolves.toMatchObject({ errors: ['57P01'] })
    await stopped
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
    for (const { path } of await stack.recordings()) {
      expect(await verifyRecording(path)).not.toMatchObject({ state: 'tampered' })
    }
  })
})
