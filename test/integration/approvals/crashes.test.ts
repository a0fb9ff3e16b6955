// A process that is killed at each step that it takes on requests for approval: before the step reached Redis, and after Redis took
// it and nobody heard the answer. Whoever goes on uses what was approved as often as it was granted, and no more; uses are
// counted in what Redis wrote down.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApprovalInput, Approvals } from '../../../src/approvals/contract.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { type ApprovalStep, takeStep } from '../../support/approvals-step.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'
import { atExit } from '../../support/cleanup.ts'
import { usesOf } from '../../support/redis-log.ts'
import { type Servers, startDurable } from '../../support/redis-sets.ts'
import { type RedisSteps, startRedisSteps } from '../../support/redis-steps.ts'

const PROCESS = fileURLToPath(new URL('../../support/approvals-step-process.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PREFIX = 'crashes'
const REVIEWERS = ['ann', 'ben', 'cleo']
const HOUR = 3_600_000
/** Processes at once. */
const AT_ONCE = 4

const log = createLog({ level: 'error' })
let redis: Servers
let one: Approvals
let two: Approvals

beforeAll(async () => {
  redis = await startDurable()
  one = createRedisApprovals({ url: urlOf(redis.servers[0]?.port), prefix: PREFIX }, { log })
  two = createRedisApprovals({ url: urlOf(redis.servers[0]?.port), prefix: PREFIX }, { log })
})
afterAll(async () => {
  await Promise.all([one?.close(), two?.close()])
  await redis?.stop()
})

const urlOf = (port = 0) => `redis://127.0.0.1:${port}`

/** What one process does before, and what another is killed in. */
interface Crash {
  readonly before: readonly Partial<ApprovalStep>[]
  readonly last: Partial<ApprovalStep>
  readonly parked?: true
  /** executions that reviewers grant; one when absent */
  readonly uses?: number
  /** when it is done, nothing may run any more */
  readonly ends?: true
  /** where their number is a matter of time: those that there always are */
  readonly scripts?: number
}

const window = { for: HOUR, uses: 2 }
const create = { action: 'create' } as const
const approve = (who: string) => ({ action: 'approve', who }) as const
const grant = (who: string) => ({ action: 'approve', who, window }) as const
const consume = { action: 'consume' } as const
const APPROVED = [create, approve('ann'), approve('ben')]
const GRANTED = [create, grant('ann'), grant('ben')]

const CRASHES: Readonly<Record<string, Crash>> = {
  asking: { before: [], last: create },
  'asking to come back': { before: [], last: create, parked: true },
  'looking for what was asked before': { before: APPROVED, last: { action: 'find' } },
  waiting: { before: [create], last: { action: 'settled' }, scripts: 1 },
  'telling the client to come back': { before: [create], last: { action: 'park' } },
  'the first of two approvals': { before: [create], last: approve('ann') },
  'the approval that decides': { before: [create, approve('ann')], last: approve('ben') },
  'the approval that opens a window': { before: [create, grant('ann')], last: grant('ben'), uses: 2 },
  denying: { before: [create, approve('ann')], last: { action: 'deny', who: 'ben' }, ends: true },
  'withdrawing what is asked': { before: [create], last: { action: 'withdraw' }, ends: true },
  'withdrawing what is approved': { before: APPROVED, last: { action: 'withdraw' }, ends: true },
  'withdrawing the rest of a window': {
    before: [...GRANTED, consume],
    last: { action: 'withdraw' },
    uses: 2,
    ends: true,
  },
  'using an approval': { before: APPROVED, last: consume },
  'coming back for an approval': { before: APPROVED, last: consume, parked: true },
  'using a window': { before: GRANTED, last: consume, uses: 2 },
  'using the last of a window': { before: [...GRANTED, consume], last: consume, uses: 2 },
}

let askers = 0

function ask({ parked, uses }: Crash): ApprovalInput {
  const asker = { principal: `https://id.example#crash-${++askers}`, shape: 'of an update' }
  const terms = { quorum: 2, ...(uses === undefined ? {} : { window: { for: HOUR, uses: 3 } }) }
  const input = approvalInput(asker, terms)
  return parked === undefined ? input : { ...input, parked }
}

interface Begun {
  readonly step: ApprovalStep
  /** as it is when the last step is not done */
  readonly mark: string
}

async function begin(crash: Crash): Promise<Begun> {
  const input = ask(crash)
  const step = (given: Partial<ApprovalStep>, id: string): ApprovalStep => ({
    ...create,
    id,
    input,
    ...given,
  })
  for (const given of crash.before)
    await takeStep(one, step(given, (await one.find(input.subject))?.id ?? ''))
  const request = await one.find(input.subject)
  return { step: step(crash.last, request?.id ?? ''), mark: markOf(request) }
}

/** Everything of a request that a step may change. */
const markOf = (request: ApprovalRequest | undefined) =>
  JSON.stringify([request?.state, request?.votes.length, request?.parked, request?.granted?.used])

const now = async ({ id, input }: ApprovalStep) => (id === '' ? one.find(input.subject) : one.get(id))

function startProcess({ port }: RedisSteps): {
  readonly child: ChildProcess
  take(step: ApprovalStep): void
} {
  const child = spawn(process.execPath, ['--import', 'tsx', PROCESS, urlOf(port), PREFIX], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.once(
    'exit',
    atExit(() => child.kill('SIGKILL')),
  )
  return { child, take: (step) => void child.stdin.write(`${JSON.stringify(step)}\n`) }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** @returns how many scripts the last step takes, and what it makes of the request. The last of them is what changes it */
async function whole(crash: Crash): Promise<{ readonly scripts: number; readonly mark: string }> {
  const steps = await startRedisSteps(redis.servers[0]?.port ?? 0)
  const { child, take } = startProcess(steps)
  try {
    // Redis knows a script once it was sent whole: from then on each takes one command.
    await takeStep(one, (await begin(crash)).step)
    const { step } = await begin(crash)
    take(step)
    await once(child.stdout ?? child, 'data')
    return { scripts: steps.seen(), mark: markOf(await now(step)) }
  } finally {
    await killed(child)
    steps.close()
  }
}

/** Kills a process when it sends the nth script of its step. @returns what Redis then has */
async function crashAt(crash: Crash, nth: number, heard: boolean): Promise<Begun & { readonly is: string }> {
  const steps = await startRedisSteps(redis.servers[0]?.port ?? 0)
  const { child, take } = startProcess(steps)
  try {
    const begun = await begin(crash)
    steps.stopAt(nth)
    take(begun.step)
    await steps.stopped()
    await killed(child)
    if (heard) await steps.letPass()
    return { ...begun, is: markOf(await now(begun.step)) }
  } finally {
    await killed(child)
    steps.close()
  }
}

/** Others go on: who may approve does, and the statement is sent until nothing lets it run. @returns how often it ran */
async function goOn({ uses }: Crash, { id, input }: ApprovalStep): Promise<number> {
  for (const who of REVIEWERS) {
    await two.vote(id, reviewer(who), 'approve', undefined, uses === undefined ? undefined : window)
  }
  const tries = [one, two, one, two, one, two].map((store) => store.consume(id, input.subject))
  return (await Promise.all(tries)).filter((use) => use !== undefined).length
}

describe('a process that is killed', () => {
  it.each(Object.keys(CRASHES))('%s', async (what) => {
    const crash = CRASHES[what] as Crash
    const { before, last, uses = 1, ends } = crash
    const { mark, scripts: all } = await whole(crash)
    const { scripts = all } = crash
    expect(scripts).toBeGreaterThan(0)
    const used = before.filter(({ action }) => action === 'consume').length
    const play = async ([nth, heard]: readonly [number, boolean]) => {
      const at = `killed at script ${nth} of ${scripts}, which Redis ${heard ? 'did' : 'never got'}`
      const crashed = await crashAt(crash, nth, heard)
      const done = heard && nth === scripts
      expect(crashed.is, at).toBe(done ? mark : crashed.mark)
      const input = crashed.step.input
      const request = (await now(crashed.step)) ?? (await one.create(input))
      const ran = await goOn(crash, { ...crashed.step, id: request.id })
      const unheard = done && last.action === 'consume' ? 1 : 0
      const inAll = done && ends ? used : uses
      expect(ran, `${at}: runs of others`).toBe(inAll - used - unheard)
      expect(usesOf(redis.folder).get(request.id) ?? 0, `${at}: uses in Redis`).toBe(inAll)
      if (ran > 0)
        expect(new Set((await one.get(request.id))?.votes.map((vote) => vote.reviewer)).size).toBe(2)
    }
    const places = Array.from({ length: scripts }, (_, n) => n + 1).flatMap(
      (nth) =>
        [
          [nth, false],
          [nth, true],
        ] as const,
    )
    for (let n = 0; n < places.length; n += AT_ONCE) await Promise.all(places.slice(n, n + AT_ONCE).map(play))
  })
})
