// A lockdown over two workers behind the real Envoy: it comes into force in each, also in one that is busy, or starts meanwhile.
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { replaceFile } from '../../support/changed-policy.ts'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'
import { workerPid, workerPids } from '../../support/stack/workers.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { ending, errorsOf } from '../failures/ending.ts'
import { eventually, pause } from '../failures/footprint.ts'

const WORKERS = [1, 2] as const
/** with the primary */
const PROCESSES = WORKERS.length + 1
const LOCKDOWN = '\nlockdown: { reason: INC-42 }\n'
const slow = (mark: number) => `select count(*) from customers, generate_series(1, ${mark})`

let redis: RedisServer
let stack: Stack
let engineer: string
let original: string
const clients: PgWireClient[] = []

beforeAll(async () => {
  redis = await startRedis()
  stack = await startStack({
    services: 'child',
    config: {
      masks: {},
      processor: { address: 'unix:processor.sock', stop_grace: '0s', workers: WORKERS.length },
      store: { kind: 'redis', url: redis.url },
    },
  })
  original = readFileSync(stack.configFile, 'utf8')
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(async () => {
  await stack?.stop()
  await redis?.stop()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await reload(original, 0)
  await eventually('all are ready', ready)
})

const ready = async () => (await fetch(`${stack.admin}/readyz`)).status === 200
/** processes in which it is in force */
const locked = async () =>
  Number(/chaperone_lockdown\{resource="app"\} (\d+)/.exec(await stack.metrics())?.[1] ?? 0)

function put(text: string): void {
  replaceFile(stack.configFile, text)
  process.kill(stack.services.pid, 'SIGHUP')
}
async function reload(text: string, wanted: number = PROCESSES): Promise<void> {
  put(text)
  await eventually(`in force in ${wanted}`, async () => (await locked()) === wanted)
}

const auditOf = (worker: number) => readFileSync(`${stack.folder}/audit-${worker}.jsonl`, 'utf8')
const loginsOf = (worker: number) =>
  auditOf(worker)
    .split('\n')
    .filter((line) => line.includes('"type":"login"') && line.includes('"admitted"')).length
const pidOf = (worker: number) => workerPid(stack.services.pid, `${stack.folder}/audit-${worker}.jsonl`)

/** Envoy gives its connections to the workers in turn. */
async function connectTo(worker: number): Promise<PgWireClient> {
  for (let n = 0; n < 20; n++) {
    const before = loginsOf(worker)
    const client = await stack.wire(engineer)
    clients.push(client)
    if (loginsOf(worker) > before) return client
  }
  throw new Error(`no connection came to worker ${worker}`)
}
const connectToEach = async () => {
  const connected = []
  for (const worker of WORKERS) connected.push(await connectTo(worker))
  return connected
}

async function one(client: PgWireClient): Promise<(string | undefined)[]> {
  client.send(query('select 1'))
  return errorsOf(client)
}
const runs = async (mark: number) =>
  (
    await stack.superuser(
      `select from pg_stat_activity where state = 'active' and query like '%${mark}%' and query not like '%pg_stat_activity%'`,
    )
  ).length

/** Enough logins to come to every worker: what each was told. */
async function logins(): Promise<string[]> {
  const tried = Array.from({ length: 6 }, async () => {
    try {
      clients.push(await stack.wire(engineer))
      return 'admitted'
    } catch (error) {
      return /lockdown of app: INC-42/.test(String(error)) ? 'refused' : String(error)
    }
  })
  return [...new Set(await Promise.all(tried))]
}

describe('a lockdown that is put into the file', () => {
  it('is in force in every worker: sessions stay and are refused, what runs ends, logins are refused', async () => {
    const idle = await connectToEach()
    const busy = await connectToEach()
    for (const client of busy) client.send(query(slow(3_000_000_001)))
    await eventually('both run', async () => (await runs(3_000_000_001)) === busy.length)
    await reload(original + LOCKDOWN)
    for (const client of busy) {
      const { errors, texts } = await ending(client)
      expect([errors, texts]).toEqual([['57P01'], [expect.stringContaining('INC-42')]])
    }
    await eventually('none runs', async () => (await runs(3_000_000_001)) === 0)
    for (const client of idle) expect(await one(client)).toEqual(['42501'])
    expect(await logins()).toEqual(['refused'])
    await reload(original, 0)
    for (const client of idle) expect(await one(client)).toEqual([])
    for (const worker of WORKERS) {
      for (const change of ['began', 'ended'])
        expect(auditOf(worker)).toMatch(new RegExp(`"type":"lockdown".*"change":"${change}"`))
    }
  })

  it('withdraws what each of them holds', async () => {
    const holders = await connectToEach()
    for (const [index, client] of holders.entries())
      client.send(query(`update orders set total = ${index} where id = 12`))
    await eventually('both are held', async () => (await stack.reviews.list()).length === holders.length)
    const ids = (await stack.reviews.list()).map(({ id }) => id)
    await reload(original + LOCKDOWN)
    for (const client of holders) expect(await errorsOf(client)).toEqual(['42501'])
    for (const id of ids) {
      expect(await stack.reviews.get(id)).toMatchObject({ state: 'withdrawn' })
      expect((await stack.reviews.approve(id)).status).not.toBe(200)
    }
  })

  it('lets in nobody who logs in at that moment: whatever begins once it is in force is refused', async () => {
    let inForce = Number.POSITIVE_INFINITY
    let over = false
    const late: string[] = []
    const visitor = async () => {
      while (!over) {
        const began = performance.now()
        const client = await stack.wire(engineer).catch(() => undefined)
        if (client === undefined) continue
        clients.push(client)
        const asked = performance.now()
        const errors = await one(client).catch(() => ['closed'])
        if (began > inForce || (asked > inForce && errors.length === 0)) late.push(`${errors}`)
        client.destroy()
      }
    }
    const visitors = Array.from({ length: 8 }, visitor)
    await pause(500)
    await reload(original + LOCKDOWN)
    inForce = performance.now()
    await pause(1500)
    over = true
    await Promise.all(visitors)
    expect(late).toEqual([])
  })
})

describe('a worker', () => {
  it('that was busy while it was put there takes it up as soon as it goes on: what ran there ends', async () => {
    const runner = await connectTo(2)
    runner.send(query(slow(3_000_000_002)))
    await eventually('it runs', async () => (await runs(3_000_000_002)) === 1)
    const pid = pidOf(2)
    const before = auditOf(1).split('"change":"began"').length
    process.kill(pid, 'SIGSTOP')
    try {
      put(original + LOCKDOWN)
      // Not by metrics, which wait for it: Envoy ends its connections after five seconds.
      await eventually('in force in the other', () => auditOf(1).split('"change":"began"').length > before)
      await pause(500)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await eventually('in force there', async () => (await locked()) === PROCESSES)
    await ending(runner)
    await eventually('it does not run', async () => (await runs(3_000_000_002)) === 0)
    expect(await logins()).toEqual(['refused'])
  })

  it('that starts while the file is bad has the lockdown of a file of before', async () => {
    await reload(`${original}${LOCKDOWN}foo: 1\n`)
    // What is not good cannot end it.
    put(`${original}\nfoo: [\n`)
    process.kill(pidOf(1), 'SIGKILL')
    await eventually('it is away', async () => !(await ready()))
    await eventually('it is back', ready)
    await eventually('in force there', async () => (await locked()) === PROCESSES)
    expect(await logins()).toEqual(['refused'])
  })

  it('that was about to start has it as well, though the file has it no more once it looks', async () => {
    const before = workerPids(stack.services.pid)
    process.kill(pidOf(1), 'SIGKILL')
    await eventually('it starts', () => workerPids(stack.services.pid).some((pid) => !before.includes(pid)))
    put(`${original}${LOCKDOWN}foo: 1\n`)
    await eventually('in force in the others', async () => (await locked()) >= PROCESSES - 1)
    put(`${original}\nfoo: 1\n`)
    await eventually('it is back', ready)
    await eventually('in force there', async () => (await locked()) === PROCESSES)
    expect(await logins()).toEqual(['refused'])
  })

  it('that starts once it has ended has none', async () => {
    await reload(original + LOCKDOWN)
    await reload(original, 0)
    process.kill(pidOf(1), 'SIGKILL')
    await eventually('it is away', async () => !(await ready()))
    await eventually('it is back', ready)
    await eventually(
      'Envoy has found it',
      async () => (await connectTo(1).catch(() => undefined)) !== undefined,
    )
    expect(await logins()).toEqual(['admitted'])
  })
})
