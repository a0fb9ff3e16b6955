// Kills the services at random moments while sessions write and read: whatever the server ran has to be on record.
import { randomInt } from 'node:crypto'
import type { Placement } from '../../support/stack/services.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { HELD, MARKS, type Mark, play, WAYS } from './load.ts'
import { type Records, takeRecords } from './records.ts'

export interface KillReport {
  readonly kills: number
  /** marks that clients sent, that the server acknowledged, and that are in the table */
  readonly sent: number
  readonly acknowledged: number
  readonly stored: number
  /** acknowledged, by what was played */
  readonly ways: Readonly<Record<string, number>>
  /** in the table or acknowledged, but in no recording, or in no audit event; acknowledged, but not in the table */
  readonly missing: readonly string[]
  readonly tampered: readonly string[]
}

/** From the first acknowledged statement to SIGKILL, in milliseconds at most. */
const KILLED_WITHIN = 400
/** One kill in so many comes while the sessions log in. */
const EARLY = 10

interface Round {
  readonly marks: readonly Mark[]
  readonly stored: ReadonlySet<string>
  readonly records: Records
}

async function round(stack: Stack, token: string, number: number): Promise<Round> {
  const reviewing = new AbortController()
  const reviews = approveAll(stack, reviewing.signal)
  let playing: Promise<Mark[]>[] = []
  const started = new Promise<void>((resolve) => {
    playing = WAYS.flatMap((way) =>
      [0, 1].map((copy) => play(stack, token, way, `k${number}-${copy}`, resolve)),
    )
  })
  if (number % EARLY !== EARLY - 1) await started
  await new Promise((resolve) => setTimeout(resolve, randomInt(KILLED_WITHIN)))
  await stack.services.kill('SIGKILL')
  const marks = (await Promise.all(playing)).flat()
  reviewing.abort()
  await reviews
  await serverDone(stack)
  const stored = await stack.superuser(`SELECT name FROM ${MARKS} UNION ALL SELECT name FROM ${HELD}`)
  await stack.superuser(`TRUNCATE ${MARKS}, ${HELD}`)
  const records = await takeRecords(stack.folder)
  return { marks, stored: new Set(stored.map(({ name }) => String(name))), records }
}

/** What waits is approved at once, as long as there are services. */
async function approveAll({ reviews }: Stack, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    const waiting = await reviews.list().catch(() => [])
    await Promise.all(waiting.map(({ id }) => reviews.approve(id).catch(() => undefined)))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The server may still run what it got before the kill. */
async function serverDone(stack: Stack): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const found = await stack.superuser(`SELECT FROM pg_stat_activity WHERE usename = 'app_rw'`)
    if (found.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('sessions at the server outlived their processor')
}

/** Parameters are in the recording only: the audit log has the text that was judged. */
function missingOf({ marks, stored, records }: Round): string[] {
  const ran = new Set([
    ...stored,
    ...marks.filter(({ acknowledged }) => acknowledged).map(({ name }) => name),
  ])
  return [...ran].flatMap((name) => {
    const inText = !/-(extended|pipeline)-/.test(name)
    const isStored = stored.has(name) || /-select-/.test(name)
    return [
      ...(records.recorded.has(name) ? [] : [`${name} is in no recording`]),
      ...(!inText || records.audited.includes(`'${name}'`) ? [] : [`${name} is in no audit event`]),
      ...(isStored ? [] : [`${name} was acknowledged but is not stored`]),
    ]
  })
}

export async function killAtRandom(
  kills: number,
  services: Exclude<Placement, 'in-process'>,
  progress: (done: number) => void = () => undefined,
): Promise<KillReport> {
  const stack = await startStack({
    services,
    policies: {
      'held-marks': {
        decision: 'hold',
        resources: '*',
        effects: ['insert'],
        relations: [`public.${HELD}`],
        approvers: ['approvers'],
      },
    },
  })
  try {
    await stack.superuser(
      [MARKS, HELD]
        .map((name) => `CREATE TABLE ${name} (name text PRIMARY KEY); ALTER TABLE ${name} OWNER TO app_rw`)
        .join('; '),
    )
    const token = await stack.tokens.person(['engineers'])
    let [sent, acknowledged, stored] = [0, 0, 0]
    const ways = Object.fromEntries(WAYS.map((way) => [way, 0]))
    const missing: string[] = []
    const tampered: string[] = []
    for (let number = 0; number < kills; number++) {
      if (number > 0) await stack.restartServices()
      const one = await round(stack, token, number)
      sent += one.marks.length
      for (const { name, acknowledged: done } of one.marks) {
        const way = name.split('-')[2] ?? ''
        if (!done) continue
        acknowledged += 1
        ways[way] = (ways[way] ?? 0) + 1
      }
      stored += one.stored.size
      missing.push(...missingOf(one))
      tampered.push(...one.records.tampered)
      progress(number + 1)
    }
    return { kills, sent, acknowledged, stored, ways, missing, tampered }
  } finally {
    await stack.stop()
  }
}
