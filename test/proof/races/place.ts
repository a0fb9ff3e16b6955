// The stack of the races: two workers, and a Redis that keeps what it answered over its own death.
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { type Servers, startDurable } from '../../support/redis-sets.ts'
import type { Placement } from '../../support/stack/services.ts'
import { workerPids } from '../../support/stack/workers.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const WORKERS = 2
/** Statements of equal shape that one approval may be for, at most. */
export const USES = 3
/** A request of the table `ran_soon` lives so long, in milliseconds. */
export const SOON = 700
/** Longest wait for the services, or for Envoy, to have got over a fault, in milliseconds. */
const OVER_WITHIN = 60_000

export interface Place {
  readonly stack: Stack
  readonly redis: Servers['servers'][number]
  /** Votes; where there is no answer to it, a person tries again. */
  approve(id: string, body?: object): Promise<void>
  deny(id: string): Promise<void>
  /** Kills one worker, of those there are at random, with SIGKILL. */
  killWorker(): void
  /** Another policy comes into force in all processes, at once. */
  changePolicy(): void
  /** Resolves when sessions can be had again and nothing is left of a fault. */
  quiet(): Promise<void>
  stop(): Promise<void>
}

const hold = (table: string, more: object = {}) => ({
  decision: 'hold' as const,
  resources: '*' as const,
  groups: ['engineers'],
  effects: ['insert' as const],
  relations: [`public.${table}`],
  approvers: ['approvers'],
  ...more,
})

export async function startPlace(services: Exclude<Placement, 'in-process'>): Promise<Place> {
  const redis = await startDurable()
  const [server] = redis.servers
  if (server === undefined) throw new Error('no Redis')
  let stack: Stack
  try {
    stack = await startStack({
      services,
      concurrency: WORKERS,
      policies: {
        'held-runs': hold('ran'),
        'held-soon': hold('ran_soon', { expires_after: `${SOON}ms` }),
        'held-parked': hold('ran_parked', { wait: '0s' }),
        'held-window': hold('ran_window', { wait: '0s', window: { for: '1m', uses: USES } }),
      },
      config: {
        processor: { address: 'unix:processor.sock', stop_grace: '0s', workers: WORKERS },
        store: { kind: 'redis', url: `redis://127.0.0.1:${server.port}` },
      },
    })
  } catch (error) {
    await redis.stop()
    throw error
  }
  for (const table of ['ran', 'ran_soon', 'ran_parked', 'ran_window']) {
    await stack.superuser(`CREATE TABLE ${table} (name text); ALTER TABLE ${table} OWNER TO app_rw`)
  }
  const token = await stack.tokens.person(['analysts'], { subject: 'watcher' })
  const denier = await stack.tokens.person(['approvers'], { subject: 'dora' })
  const { reviews } = stack
  const approver = await stack.tokens.person(['approvers'], { subject: 'rita' })
  const vote = (path: string, body: object = {}) =>
    fetch(`${stack.admin}/api/v1/approvals/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${approver}` },
      body: JSON.stringify(body),
    })
  let policy = 0
  return {
    stack,
    redis: server,
    approve: (id, body) => untilAnswered(() => vote(`${id}/approve`, body)),
    deny: (id) => untilAnswered(() => reviews.deny(id, undefined, denier)),
    killWorker() {
      const pids = workerPids(stack.services.pid).filter(serves)
      const pid = pids[Math.floor(Math.random() * pids.length)]
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
    },
    changePolicy() {
      policy += 1
      const text = readFileSync(stack.configFile, 'utf8')
      writeFileSync(
        stack.configFile,
        text.replace(/description: (nothing is dropped here|policy \d+)/, `description: policy ${policy}`),
      )
      process.kill(stack.services.pid, 'SIGHUP')
    },
    quiet: () => untilQuiet(stack, token),
    async stop() {
      await stack.stop()
      await redis.stop()
    },
  }
}

async function untilAnswered(vote: () => Promise<Response>): Promise<void> {
  for (const deadline = Date.now() + OVER_WITHIN; Date.now() < deadline; await pause(50)) {
    const status = await vote().then(
      (response) => response.status,
      () => 500,
    )
    if (status < 500) return
  }
  throw new Error('a vote was never answered')
}

/** A worker that has opened its audit log has begun. */
function serves(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) =>
      readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/audit-'),
    )
  } catch {
    return false
  }
}

async function untilQuiet(stack: Stack, token: string): Promise<void> {
  for (const deadline = Date.now() + OVER_WITHIN; ; await pause(50)) {
    if (Date.now() > deadline) throw new Error('the services did not come back')
    if (!(await fetch(`${stack.admin}/readyz`)).ok) continue
    // Envoy looks for each worker once a second.
    const healthy = await stack.envoyStats(/^cluster\.chaperone\.membership_healthy$/)
    if (healthy['cluster.chaperone.membership_healthy'] !== WORKERS) continue
    const client = await stack.wire(token).catch(() => undefined)
    client?.destroy()
    if (client !== undefined) return
  }
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
