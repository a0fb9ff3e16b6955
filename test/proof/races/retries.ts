// Approvals that outlive their clients: several sessions of one principal come back with the same statement, or with others
// of the window's shape, at the moment in which it is approved.
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Place, pause, USES } from './place.ts'

export interface RetryRace {
  readonly name: string
  readonly table: 'ran_parked' | 'ran_window'
  /** how often the one approval may be used */
  readonly uses: number
  readonly crash: boolean
}

export const RETRY_RACES: readonly RetryRace[] = [false, true].flatMap((crash) => {
  const and = crash ? ', and a worker crash' : ''
  return [
    { name: `six that come back with it${and}`, table: 'ran_parked' as const, uses: 1, crash },
    {
      name: `six of its shape, for a window of ${USES}${and}`,
      table: 'ran_window' as const,
      uses: USES,
      crash,
    },
  ]
})

export interface Round {
  readonly ran: number
  /** what is not good about it */
  readonly wrong: readonly string[]
}

const SESSIONS = 6
/** Milliseconds within which the approval, the crash and the sessions' beginnings come. */
const CLOSE = 60
/** How long each session goes on coming back after the approval, in milliseconds. */
const GOES_ON = 700
let rounds = 0

export async function playRetries(place: Place, race: RetryRace): Promise<Round> {
  const { stack } = place
  rounds += 1
  const prefix = `retry-${rounds}-`
  // A window that is left of another round is another person's.
  const token = await stack.tokens.person(['engineers'], { subject: `asker-${rounds}` })
  const text = (n: number) =>
    `INSERT INTO ${race.table} VALUES ('${prefix}${race.table === 'ran_parked' ? 'same' : n}')`
  const clients = await Promise.all(Array.from({ length: SESSIONS }, () => stack.wire(token)))
  const parked = await send(clients[0], text(0))
  const { id } = await stack.reviews.next()
  const deadline = performance.now() + CLOSE + GOES_ON
  const sessions = clients.map(async (client, n) => {
    await pause(Math.random() * CLOSE)
    return comeBack(client, text(n), deadline)
  })
  await pause(Math.random() * CLOSE)
  const window = race.table === 'ran_window' ? { window: { for: '1m', uses: USES } } : {}
  const approved = place.approve(id, window)
  if (race.crash) place.killWorker()
  await approved
  const told = await Promise.all(sessions)
  for (const client of clients) client.destroy()
  await place.quiet()
  // Those that were too many asked anew.
  for (const { id: left } of await stack.reviews.list()) await place.deny(left)
  const rows = (await stack.superuser(`SELECT FROM ${race.table} WHERE name LIKE $1`, [`${prefix}%`])).length
  const known = told.filter((outcome) => outcome === 'done').length
  return {
    ran: rows,
    wrong: [
      ...(parked === 'done' ? ['it ran before it was approved'] : []),
      ...(rows > race.uses ? [`ran ${rows} times for ${race.uses}`] : []),
      ...(known > rows ? [`${known} clients were told that it ran, and ${rows} did`] : []),
      ...(!race.crash && rows < race.uses
        ? [`ran ${rows} times for ${race.uses}: told ${told.join(', ')}`]
        : []),
    ],
  }
}

async function comeBack(client: PgWireClient, text: string, deadline: number): Promise<string> {
  let told = 'nothing'
  while (performance.now() < deadline) {
    told = await send(client, text)
    if (told === 'done' || told === 'gone') return told
    await pause(10 + Math.random() * 20)
  }
  return told
}

/** `done`, a SQLSTATE, or `gone` */
async function send(client: PgWireClient | undefined, text: string): Promise<string> {
  if (client === undefined) return 'gone'
  client.send(query(text))
  try {
    const messages = await client.until('ReadyForQuery')
    const errors = messages.flatMap((one) => (one.kind === 'ErrorResponse' ? [one.fields.C ?? ''] : []))
    return errors[0] ?? 'done'
  } catch {
    return 'gone'
  }
}
