// Many statements held at once over two workers, decided in random order by three reviewers through the API: each runs
// exactly when it is approved, and how long that takes.
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { startRedis } from '../../support/redis.ts'
import type { Placement } from '../../support/stack/services.ts'
import { type Stack, startStack } from '../../support/stack.ts'

export interface HoldsReport {
  readonly held: number
  readonly approved: number
  readonly denied: number
  /** holds of each worker */
  readonly workers: readonly number[]
  /** what did not go as it was decided, one line each */
  readonly wrong: readonly string[]
  /** milliseconds from the reviewer’s sending an approval to the statement in the server, and from its answer */
  readonly sinceSent: readonly number[]
  readonly sinceAnswered: readonly number[]
}

const WORKERS = 2
/** The API lists no more at once. */
export const MOST = 500
const REVIEWERS = 3
/** A principal may have a hundred open requests. */
const PER_PRINCIPAL = 50
/** One in so many is denied. */
const DENIED = 5
/** Logins at once: each needs a token checked and the server's SCRAM. */
const AT_ONCE = 8
/** Longest wait for one statement, in milliseconds, once all are decided. */
const PATIENCE = 60_000

interface Held {
  readonly name: string
  readonly client: PgWireClient
  /** the SQLSTATE that the client got, `ran` when there was none */
  readonly outcome: Promise<string>
}

interface Decided {
  readonly verdict: 'approve' | 'deny'
  readonly status: number
  /** milliseconds since the epoch, with fractions */
  readonly sent: number
  readonly answered: number
}

/** In step with the server's clock, which is this machine's. */
const now = () => performance.timeOrigin + performance.now()

export async function holdMany(
  count: number,
  services: Exclude<Placement, 'in-process'>,
): Promise<HoldsReport> {
  const redis = await startRedis()
  let stack: Stack | undefined
  try {
    stack = await startStack({
      services,
      concurrency: WORKERS,
      postgres: { settings: { max_connections: String(count + 20) } },
      policies: {
        'held-runs': {
          decision: 'hold',
          resources: '*',
          groups: ['engineers'],
          effects: ['insert'],
          relations: ['public.ran'],
          approvers: ['approvers'],
        },
      },
      config: {
        processor: { address: 'unix:processor.sock', stop_grace: '0s', workers: WORKERS },
        store: { kind: 'redis', url: redis.url },
      },
    })
    await stack.superuser('CREATE TABLE ran (name text, at timestamptz); ALTER TABLE ran OWNER TO app_rw')
    return await run(stack, count)
  } finally {
    await stack?.stop()
    await redis.stop()
  }
}

async function run(stack: Stack, count: number): Promise<HoldsReport> {
  const held = await holdAll(stack, count)
  const ids = await waiting(stack, count)
  const wrong: string[] = []
  if ((await stack.superuser('SELECT FROM ran')).length > 0) wrong.push('something ran before any approval')
  const decided = await decideAll(stack, ids)
  const outcomes = new Map<string, string>()
  for (const { name, outcome } of held) outcomes.set(name, await outcome)
  const rows = await stack.superuser(
    'SELECT name, extract(epoch FROM at) * 1000 AS at, count(*) OVER (PARTITION BY name) AS times FROM ran',
  )
  for (const { client } of held) client.destroy()
  const ran = new Map(
    rows.map(({ name, at, times }) => [String(name), { at: Number(at), times: Number(times) }]),
  )
  for (const [name, decision] of decided)
    wrong.push(...faults(name, decision, outcomes.get(name), ran.get(name)))
  for (const name of ran.keys()) if (!decided.has(name)) wrong.push(`${name} ran and was never decided`)
  const approved = [...decided].filter(([, { verdict }]) => verdict === 'approve')
  const since = (from: 'sent' | 'answered') =>
    approved.flatMap(([name, decision]) => {
      const found = ran.get(name)
      return found === undefined ? [] : [found.at - decision[from]]
    })
  return {
    held: held.length,
    approved: approved.length,
    denied: decided.size - approved.length,
    workers: holdsByWorker(stack),
    wrong,
    sinceSent: since('sent'),
    sinceAnswered: since('answered'),
  }
}

function faults(
  name: string,
  { verdict, status, sent }: Decided,
  outcome: string | undefined,
  ran: { readonly at: number; readonly times: number } | undefined,
): string[] {
  const approved = verdict === 'approve'
  return [
    ...(status === 200 ? [] : [`${name}: the vote was answered with ${status}`]),
    ...(outcome === (approved ? 'ran' : '42501')
      ? []
      : [`${name}: ${verdict}, and its client got ${outcome}`]),
    ...(approved && ran === undefined ? [`${name} was approved and did not run`] : []),
    ...(!approved && ran !== undefined ? [`${name} was denied and ran`] : []),
    ...(ran !== undefined && ran.times !== 1 ? [`${name} ran ${ran.times} times`] : []),
    // clocks of one machine: a millisecond for the rounding of either
    ...(approved && ran !== undefined && ran.at < sent - 1 ? [`${name} ran before it was approved`] : []),
  ]
}

async function holdAll(stack: Stack, count: number): Promise<Held[]> {
  const tokens = await Promise.all(
    Array.from({ length: Math.ceil(count / PER_PRINCIPAL) }, (_, n) =>
      stack.tokens.person(['engineers'], { subject: `asker-${n}` }),
    ),
  )
  const held: Held[] = []
  const names = Array.from({ length: count }, (_, n) => `held-${n}`)
  await atOnce(AT_ONCE, names, async (name) => {
    const token = tokens[Number(name.slice('held-'.length)) % tokens.length] ?? ''
    const client = await stack.wire(token)
    client.send(query(`INSERT INTO ran VALUES ('${name}', clock_timestamp())`))
    const outcome = client.until('ReadyForQuery', PATIENCE + count * 200).then(
      (messages) =>
        messages.flatMap((one) => (one.kind === 'ErrorResponse' ? [one.fields.C ?? ''] : []))[0] ?? 'ran',
      (error: Error) => `no answer (${error.message})`,
    )
    held.push({ name, client, outcome })
  })
  return held
}

/** Waits until all are held. @returns their requests, by what they would run */
async function waiting(stack: Stack, count: number): Promise<ReadonlyMap<string, string>> {
  const reviewer = await stack.tokens.person(['approvers'], { subject: 'reviewer-0' })
  for (const deadline = Date.now() + PATIENCE; ; ) {
    const response = await fetch(`${stack.admin}/api/v1/approvals?state=pending&limit=${MOST}`, {
      headers: { authorization: `Bearer ${reviewer}` },
    })
    const { approvals } = (await response.json()) as { approvals: { id: string; text: string }[] }
    const found = new Map(approvals.map(({ id, text }) => [/'(held-\d+)'/.exec(text)?.[1] ?? text, id]))
    if (found.size === count && approvals.length === count) return found
    if (Date.now() > deadline) throw new Error(`${found.size} of ${count} statements are held`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Each reviewer takes the next request of a shuffled list as soon as the last vote was answered. */
async function decideAll(stack: Stack, ids: ReadonlyMap<string, string>): Promise<Map<string, Decided>> {
  const left = [...ids]
  for (let n = left.length - 1; n > 0; n--) {
    const other = randomInt(n + 1)
    const [a, b] = [left[n], left[other]]
    if (a && b) [left[n], left[other]] = [b, a]
  }
  const decided = new Map<string, Decided>()
  const reviewers = Array.from({ length: REVIEWERS }, async (_, n) => {
    const token = await stack.tokens.person(['approvers'], { subject: `reviewer-${n}` })
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [name, id] = next
      const verdict = randomInt(DENIED) === 0 ? 'deny' : 'approve'
      const sent = now()
      const { status } = await (verdict === 'approve'
        ? stack.reviews.approve(id, token)
        : stack.reviews.deny(id, undefined, token))
      decided.set(name, { verdict, status, sent, answered: now() })
    }
  })
  await Promise.all(reviewers)
  return decided
}

function holdsByWorker(stack: Stack): number[] {
  return Array.from({ length: WORKERS }, (_, index) => {
    const log = readFileSync(`${stack.folder}/audit-${index + 1}.jsonl`, 'utf8')
    return log
      .split('\n')
      .filter((line) => line.includes('"type":"decision"') && line.includes('"outcome":"hold"')).length
  })
}

async function atOnce<T>(most: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const lines = Array.from({ length: most }, async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next)
  })
  await Promise.all(lines)
}
