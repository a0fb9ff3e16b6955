// Many processes, random steps, crashes at any moment and a Redis that is killed meanwhile: an approval is used as often as it was
// granted, also by those who died before they could say so, and only one that was given.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import type { ActorLine, ActorRequest } from '../../support/approvals-actor.ts'
import { approvalInput } from '../../support/approvals-values.ts'
import { atExit } from '../../support/cleanup.ts'
import { usesOf } from '../../support/redis-log.ts'
import { type Servers, startDurable } from '../../support/redis-sets.ts'

const ACTOR = fileURLToPath(new URL('../../support/approvals-actor.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PREFIX = 'processes'
const ACTORS = 4
const REQUESTS = 60
const ROUNDS = 3
/** A busy machine lets them do little in a round: then there are more, until so many requests were used. */
const MOST_ROUNDS = 12
const ENOUGH = 6
const QUORUM = 2
/** Every third request has a window. */
const WINDOW = { for: 3_600_000, uses: 3 }

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const log = createLog({ level: 'error' })
let redis: Servers
beforeAll(async () => {
  redis = await startDurable()
})
afterAll(() => redis?.stop())

interface Actor {
  readonly child: ChildProcess
  readonly lines: ActorLine[]
  readonly begun: Promise<unknown>
}

function startActor(url: string, seed: number, requests: readonly ActorRequest[]): Actor {
  const child = spawn(process.execPath, ['--import', 'tsx', ACTOR, url, PREFIX, String(seed)], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const takeBack = atExit(() => child.kill('SIGKILL'))
  child.once('exit', takeBack)
  const lines: ActorLine[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) lines.push(JSON.parse(line) as ActorLine)
  })
  const begun = once(child.stdout, 'data')
  child.stdin.end(`${JSON.stringify(requests)}\n`)
  return { child, lines, begun }
}

it('each approval is used as often as it was granted at most, with its quorum, and never one that was withdrawn or denied', async () => {
  const [server] = redis.servers
  const url = `redis://127.0.0.1:${server?.port}`
  const approvals = createRedisApprovals({ url, prefix: PREFIX }, { log })
  const requests = await Promise.all(
    Array.from({ length: REQUESTS }, async (_, n) => {
      const input = approvalInput(
        { principal: `https://id.example#asker-${n}`, text: `select ${n}`, shape: 'of a query' },
        { quorum: QUORUM, window: WINDOW, expiresAfter: 600_000 },
      )
      const { id } = await approvals.create(n % 2 === 0 ? input : { ...input, parked: true })
      return { id, subject: input.subject, ...(n % 3 === 0 && { window: WINDOW }) }
    }),
  )
  const seed = Date.now() % 1_000_000
  const actors: Actor[] = []
  const enough = () => usesOf(redis.folder).size >= ENOUGH
  for (let round = 0; round < ROUNDS || (round < MOST_ROUNDS && !enough()); round++) {
    const some = Array.from({ length: ACTORS }, (_, n) =>
      startActor(url, seed + round * ACTORS + n, requests),
    )
    actors.push(...some)
    await Promise.all(some.map(({ begun }) => begun))
    // In the middle of whatever each does, and Redis in the middle of all.
    await pause(Math.random() * 60)
    some[0]?.child.kill('SIGKILL')
    await pause(Math.random() * 60)
    if (round === 1) {
      await server?.kill()
      await server?.start()
      await pause(500)
    }
    const ended = some.map(({ child }) => (child.signalCode === null ? once(child, 'close') : undefined))
    for (const { child } of some) child.kill('SIGKILL')
    await Promise.all(ended)
  }
  await expect.poll(() => approvals.ready()).toBe(true)
  const results = actors.flatMap(({ lines }) => lines).filter(({ result }) => result !== undefined)
  const uses = usesOf(redis.folder)
  for (const { id, window } of requests) {
    const of = (action: ActorLine['action'], result: RegExp) =>
      results.filter((line) => line.id === id && line.action === action && result.test(line.result ?? ''))
        .length
    const used = uses.get(id) ?? 0
    const granted = window?.uses ?? 1
    const what = `request ${id} of the run with seed ${seed}`
    expect(used, what).toBeLessThanOrEqual(granted)
    expect(of('consume', /^used/), what).toBeLessThanOrEqual(used)
    expect(of('consume', /^used with [01] of/), what).toBe(0)
    const final = (await approvals.get(id))?.state
    expect(final === 'consumed', what).toBe(used === granted)
    if (of('withdraw', /^true/) > 0) expect(final, what).toBe('withdrawn')
    if (of('deny', /^denied/) > 0) expect([final, used], what).toEqual(['denied', 0])
  }
  expect(uses.size, 'some were used').toBeGreaterThanOrEqual(ENOUGH)
  await approvals.close()
})
