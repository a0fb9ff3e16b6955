// Where in the protocol a session is when something fails, what its client does next, and what must then be stored.
import {
  bind,
  copyData,
  copyDone,
  execute,
  flush,
  parse,
  password,
  query,
  sync,
} from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import type { Place } from './place.ts'

export const PHASES = ['login', 'idle', 'transaction', 'pipeline', 'result', 'COPY', 'hold'] as const
export type Phase = (typeof PHASES)[number]

export interface Session {
  readonly phase: Phase
  readonly client: PgWireClient
  /** what the client does once the fault is there; it then waits for one ReadyForQuery */
  act(): void
  /** did what it asks for happen? */
  ran(place: Place): Promise<boolean>
}

/** Rows of the long result; at 100 bytes each, more than any buffer on the way holds. */
const ROWS = 120_000

const marked =
  (name: string) =>
  async ({ stack }: Place) =>
    (await stack.superuser('SELECT FROM marks WHERE name = $1', [name])).length > 0

const never = async () => false

export async function enter(place: Place, phase: Phase, mark: string): Promise<Session> {
  if (phase === 'login') {
    const { client, password: token } = await place.knock()
    return { phase, client, act: () => client.send(password(token)), ran: never }
  }
  return enterSession(place, phase, mark)
}

async function enterSession(place: Place, phase: Exclude<Phase, 'login'>, mark: string): Promise<Session> {
  const client = await place.connect()
  const insert = query(`INSERT INTO marks VALUES ('${mark}')`)
  switch (phase) {
    case 'idle':
      return { phase, client, act: () => client.send(insert), ran: marked(mark) }
    case 'transaction':
      client.send(query('BEGIN'), insert)
      await client.until('ReadyForQuery')
      await client.until('ReadyForQuery')
      return { phase, client, act: () => client.send(query('COMMIT')), ran: marked(mark) }
    case 'pipeline':
      client.send(
        parse({ sql: 'INSERT INTO marks VALUES ($1)' }),
        bind({ values: [mark] }),
        execute(),
        flush(),
      )
      await client.until('CommandComplete')
      return { phase, client, act: () => client.send(sync()), ran: marked(mark) }
    case 'result':
      client.send(query(`SELECT repeat('x', 100) FROM generate_series(1, ${ROWS})`))
      await client.expect('RowDescription')
      client.pause()
      return { phase, client, act: () => client.resume(), ran: never }
    case 'COPY':
      client.send(query('COPY marks FROM STDIN'))
      await client.until('CopyInResponse')
      client.send(copyData(`${mark}\n`))
      return { phase, client, act: () => client.send(copyDone()), ran: marked(mark) }
    case 'hold':
      client.send(query(`UPDATE orders SET total = 999 WHERE id = 12`))
      await client.until('NoticeResponse')
      return {
        phase,
        client,
        act: () => undefined,
        ran: async ({ stack }) => (await stack.superuser('SELECT FROM orders WHERE total = 999')).length > 0,
      }
  }
}
