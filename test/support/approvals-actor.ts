// One of several processes that do whatever comes to their mind to the same requests, and say before and after what it was.
// Arguments: URL of Redis, prefix, seed. Requests come as one line of JSON on standard input; it ends when it is killed.
import { createInterface } from 'node:readline'
import { createRedisApprovals } from '../../src/approvals/redis.ts'
import type { ApprovalSubject, Grant } from '../../src/core/approval.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { reviewer } from './approvals-values.ts'

export interface ActorRequest {
  readonly id: string
  readonly subject: ApprovalSubject
  /** what everybody who approves it grants */
  readonly window?: Grant
}

/** One line of an actor's output. */
export interface ActorLine {
  readonly step: number
  readonly id: string
  readonly action: 'approve' | 'deny' | 'withdraw' | 'park' | 'consume' | 'settled'
  /** absent before it */
  readonly result?: string
}

const REVIEWERS = ['ann', 'ben', 'cleo']
const ACTIONS: readonly ActorLine['action'][] = [
  ...['approve', 'approve', 'approve', 'approve', 'consume', 'consume', 'consume', 'consume'],
  ...['deny', 'withdraw', 'park', 'settled'],
] as ActorLine['action'][]

/** Mulberry32: a seed is told when something fails. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const [url = '', prefix = '', seed = '0'] = process.argv.slice(2)
const approvals = createRedisApprovals({ url, prefix }, { log: createLog({ level: 'error' }) })
const next = random(Number(seed))
const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(next() * from.length)]
const say = (line: ActorLine) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function act({ id, subject, window }: ActorRequest, action: ActorLine['action']): Promise<string> {
  switch (action) {
    case 'approve':
    case 'deny': {
      const granted = action === 'approve' ? window : undefined
      const result = await approvals.vote(id, reviewer(pick(REVIEWERS) ?? ''), action, undefined, granted)
      return result.kind === 'counted' ? result.request.state : result.refusal
    }
    case 'withdraw':
      return String(await approvals.withdraw(id, 'an actor'))
    case 'park':
      return String(await approvals.park(id))
    case 'consume': {
      const used = await approvals.consume(id, subject)
      if (used === undefined) return 'no'
      const people = new Set(
        used.votes.filter(({ verdict }) => verdict === 'approve').map(({ reviewer: who }) => who),
      )
      return `used with ${people.size} of ${used.quorum}`
    }
    case 'settled':
      return (await approvals.settled(id, AbortSignal.timeout(50)).catch(() => ({ state: 'waits' }))).state
  }
}

async function play(requests: readonly ActorRequest[]): Promise<void> {
  for (let step = 0; ; step++) {
    const request = pick(requests)
    const action = pick(ACTIONS)
    if (request === undefined || action === undefined) return
    say({ step, id: request.id, action })
    const result = await act(request, action).catch(() => 'unavailable')
    say({ step, id: request.id, action, result })
  }
}

createInterface({ input: process.stdin }).once(
  'line',
  (line) => void play(JSON.parse(line) as ActorRequest[]),
)
