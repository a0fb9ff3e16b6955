// Each fault against a session in each phase: what the client saw, what ran, and whether the stack is whole afterwards.
import { query } from '../../support/pgwire/frontend.ts'
import type { Fault } from './faults.ts'
import { enter, PHASES, type Phase, type Session } from './phases.ts'
import type { Place } from './place.ts'

export interface Cell {
  readonly phase: Phase
  /** in few words: `goes on`, `waits, goes on`, `closed`, `FATAL 57P01`, `42501, goes on`, … */
  readonly seen: string
  readonly ran: boolean
  /** what must never be: told as a sentence */
  readonly wrong?: string
}

export interface Row {
  readonly fault: string
  readonly cells: readonly Cell[]
}

/** After a fault is over, a session has gone on or ended by then. In milliseconds. */
const SETTLES = 40_000

type Ended =
  | { readonly how: 'ready'; readonly errors: readonly string[] }
  | { readonly how: 'closed'; readonly errors: readonly string[] }

interface Watched {
  readonly session: Session
  readonly end: Promise<Ended | 'hangs'>
  /** during the fault */
  early?: Ended
}

async function watch({ client }: Session): Promise<Ended> {
  const errors: string[] = []
  try {
    for (;;) {
      const message = await client.next()
      if (message.kind === 'ErrorResponse') errors.push(message.fields.C ?? '')
      if (message.kind === 'ReadyForQuery') return { how: 'ready', errors }
    }
  } catch (error) {
    if (String(error).includes('timeout while')) throw error
    return { how: 'closed', errors }
  }
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

export async function strike(place: Place, fault: Fault, round: number): Promise<Row> {
  const sessions = await Promise.all(PHASES.map((phase) => enter(place, phase, `mark-${round}-${phase}`)))
  const struck = fault.strike(place)
  // Toxiproxy changes a link only while whoever it sends to takes what comes: a client that reads nothing would block it.
  for (const { phase, act } of sessions) if (phase === 'result') act()
  await struck
  const watched: Watched[] = sessions.map((session) => ({
    session,
    end: Promise.race([watch(session), pause(fault.lasts + SETTLES).then(() => 'hangs' as const)]),
  }))
  for (const one of watched) {
    void one.end.then((end) => {
      if (!healed && end !== 'hangs') one.early = end
    })
  }
  let healed = false
  for (const { phase, act } of sessions) if (phase !== 'result') act()
  // a hold waits for its reviewer, whatever else happens
  const others = watched.filter(({ session }) => session.phase !== 'hold')
  await Promise.race([Promise.all(others.map(({ end }) => end)), pause(fault.lasts)])
  healed = true
  await fault.heal(place)
  const cells = await Promise.all(watched.map((one) => settle(place, one)))
  for (const { client } of sessions) client.destroy()
  await recovers(place, fault)
  return { fault: fault.name, cells }
}

async function settle(place: Place, one: Watched): Promise<Cell> {
  const { session, early } = one
  const { phase } = session
  if (phase === 'hold') return held(place, one)
  const end = await one.end
  if (end === 'hangs') return { phase, seen: 'hangs', ran: false, wrong: 'it hangs' }
  const ran = await session.ran(place)
  const acknowledged = end.how === 'ready' && end.errors.length === 0
  const wrong =
    acknowledged && !ran && STORES.has(phase) ? 'it was acknowledged and is not stored' : undefined
  return { phase, seen: words(end, early === undefined), ran, ...(wrong === undefined ? {} : { wrong }) }
}

const STORES: ReadonlySet<Phase> = new Set(['idle', 'transaction', 'pipeline', 'COPY'])

/** Nobody has approved: it must not have run. A session that still waits then goes on when somebody does. */
async function held(place: Place, { session, early, end }: Watched): Promise<Cell> {
  const { phase } = session
  if (await session.ran(place)) return { phase, seen: 'ran', ran: true, wrong: 'it ran without an approval' }
  if (early !== undefined) return { phase, seen: words(early, false), ran: false }
  const pending = await place.stack.reviews.list().catch(() => [])
  for (const { id } of pending) await place.stack.reviews.deny(id)
  const ended = await end
  if (ended === 'hangs') return { phase, seen: 'hangs', ran: false, wrong: 'it hangs' }
  const ran = await session.ran(place)
  const seen = pending.length > 0 && ended.how === 'ready' ? 'waits on' : words(ended, true)
  return { phase, seen, ran, ...(ran ? { wrong: 'it ran although it was denied' } : {}) }
}

function words({ how, errors }: Ended, late: boolean): string {
  const last = errors.at(-1)
  const what =
    how === 'ready'
      ? last === undefined
        ? 'goes on'
        : `${last}, goes on`
      : last === undefined
        ? 'closed'
        : `FATAL ${last}`
  return late ? `waits, ${what}` : what
}

/** Once the fault is over, a new client is served, and nothing is left of the old ones. @throws when it is not so */
async function recovers(place: Place, fault: Fault): Promise<void> {
  let last: unknown
  for (const deadline = Date.now() + SETTLES; Date.now() < deadline; await pause(200)) {
    try {
      const client = await place.connect()
      client.send(query('SELECT 1'))
      await client.until('ReadyForQuery')
      client.destroy()
      return
    } catch (error) {
      last = error
    }
  }
  throw new Error(`after “${fault.name}” nobody gets in: ${String(last)}`)
}

/** The table of docs/reliability.md. */
export function table(rows: readonly Row[]): string {
  const cell = ({ seen, ran, wrong }: Cell) =>
    wrong === undefined ? `${seen}${ran ? ' ●' : ''}` : `**${seen}: ${wrong}**`
  return [
    `| | ${PHASES.join(' | ')} |`,
    `| --- |${PHASES.map(() => ' --- |').join('')}`,
    ...rows.map(({ fault, cells }) => `| ${fault} | ${cells.map(cell).join(' | ')} |`),
  ].join('\n')
}
