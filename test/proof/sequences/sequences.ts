// Plays random sequences of names, portals, prepared statements, cursors and transactions against the stack, and looks for
// what must never be: a masked value in an answer, or a trace of a statement that a rule denies.
import { textOf } from '../../evasion/play.ts'
import type { BackendMessage } from '../../support/pgwire/backend.ts'
import { query, sync } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { random } from '../fuzz/mutate.ts'
import { messagesOf } from './messages.ts'

/** `straight` goes past Envoy and Chaperone: there the same sequences must show what they are made to show. */
export type Way = 'straight' | 'app' | 'windowed'

export interface Played {
  sessions: number
  messages: number
  /** masked values that came out whole, with the seed of their session */
  readonly leaks: string[]
  /** sessions in which something ran that is denied */
  readonly ran: string[]
  /** answers that did not come */
  readonly hangs: string[]
  /** refusals by a rule, and rows that were masked: without them a run proves nothing */
  refused: number
  masked: number
  /** sessions that ended before their last message, for another reason than the server's own trouble with such sequences */
  readonly ended: string[]
  /** those of the latter */
  fatal: number
}

export interface Place {
  /** Plays sessions with seeds from `seed` on, until the time is over or so many were played. */
  play(way: Way, seed: number, until: { readonly ms?: number; readonly sessions?: number }): Promise<Played>
  stop(): Promise<void>
}

/** As they are stored: no mask of the stack leaves one whole. */
const MASKED = /078-05-1120|219-09-9999|457-55-5462|4111111111111111|5500005555555559|340000000000009/
const REFUSED = /\|42501\|chaperone: rule/g
/** PostgreSQL 18 itself ends a session after some: "unexpected state STARTED", the same straight and through Chaperone. */
const SERVERS_OWN = /FATAL\|XX000\|/
const WRITES = 6
const WITHIN = 20_000
/** So many sessions, spread over all seeds, begin far from each other: xorshift alone starts alike for seeds alike. */
const SPREAD = 0x9e37_79b1

/** What a sequence counts does not go back with its transaction, so a trace stays whatever the session does next. */
const VICTIM = `
  create table victim (id int);
  insert into victim select generate_series(1, 10);
  create sequence traces;
  create function trace() returns trigger security definer language plpgsql as
    'begin perform nextval($$public.traces$$); return null; end';
  create trigger emptied before truncate on victim for each statement execute function trace();
  create trigger removed before delete on victim for each statement execute function trace();
  create function purge() returns bigint security definer language sql as 'select nextval($$public.traces$$)';
  alter table victim owner to app_rw`

const rule = { resources: '*' as const, groups: ['curious'] }

export async function startPlace(): Promise<Place> {
  const stack = await startStack({
    postgres: { hba: 'trust' },
    resource: { logins: [{ user: 'app_rw' }] },
    resources: { windowed: { logins: [{ user: 'app_rw' }], window: '64B' } },
    config: {
      policies: {
        everything: { ...rule, decision: 'allow', effects: '*' },
        'no-removal': { ...rule, decision: 'deny', effects: ['truncate', 'delete'] },
        'no-purge': { ...rule, decision: 'deny', effects: ['call'], objects: ['public.purge'] },
      },
    },
  })
  try {
    await stack.superuser(VICTIM)
    const token = await stack.tokens.person(['curious'])
    return {
      play: (way, seed, until) =>
        playAll(stack, { open: () => connect(stack, token, way), straight: way === 'straight' }, seed, until),
      stop: () => stack.stop(),
    }
  } catch (error) {
    await stack.stop()
    throw error
  }
}

async function connect(stack: Stack, token: string, way: Way): Promise<PgWireClient> {
  if (way !== 'straight') return stack.wire(token, { resource: way })
  const client = await connectPgWire({ port: stack.postgres.port })
  await client.login({ user: 'app_rw', database: 'app' })
  return client
}

async function playAll(
  stack: Stack,
  { open, straight }: { readonly open: () => Promise<PgWireClient>; readonly straight: boolean },
  seed: number,
  { ms = Number.POSITIVE_INFINITY, sessions = Number.POSITIVE_INFINITY }: Parameters<Place['play']>[2],
): Promise<Played> {
  const all: Played = {
    ...{ sessions: 0, messages: 0, refused: 0, masked: 0, fatal: 0 },
    ...{ leaks: [], ran: [], hangs: [], ended: [] },
  }
  let before = await traces(stack)
  for (const end = performance.now() + ms; performance.now() < end && all.sessions < sessions; ) {
    const own = seed + all.sessions
    const client = await open()
    try {
      await playOne(client, own, straight, all)
    } finally {
      client.destroy()
    }
    const after = await traces(stack)
    if (after !== before) all.ran.push(`seed ${own}: ${after} traces, ${before} before`)
    before = after
    all.sessions += 1
  }
  return all
}

async function traces(stack: Stack): Promise<unknown> {
  const [row] = await stack.superuser(
    'select case when is_called then last_value else 0 end as n from traces',
  )
  return row?.['n']
}

async function playOne(client: PgWireClient, seed: number, straight: boolean, all: Played): Promise<void> {
  const next = random(Math.imul(seed + 1, SPREAD))
  for (let write = 0; write < WRITES; write += 1) {
    const mark = `END${write}`
    // Twice: a Query that meets an open implicit transaction may do no more than end it.
    const sent = [
      ...messagesOf(next, straight),
      sync(),
      query('rollback'),
      query('rollback'),
      query(`select '${mark}'`),
    ]
    client.send(...sent)
    all.messages += sent.length
    const { seen, how } = await until(client, mark)
    const leaked = MASKED.exec(seen)
    if (leaked) all.leaks.push(`seed ${seed}, write ${write}: ${leaked[0]}`)
    all.refused += [...seen.matchAll(REFUSED)].length
    all.masked += [...seen.matchAll(/\*\*\*/g)].length
    if (how === 'silent') all.hangs.push(`seed ${seed}, write ${write}, after: ${seen.slice(-300)}`)
    if (how === 'ended') {
      if (SERVERS_OWN.test(seen)) all.fatal += 1
      else all.ended.push(`seed ${seed}, write ${write}, after: ${seen.slice(-300)}`)
    }
    if (how !== 'answered') return
  }
}

interface Answers {
  readonly seen: string
  readonly how: 'answered' | 'ended' | 'silent'
}

async function until(client: PgWireClient, mark: string): Promise<Answers> {
  const seen: string[] = []
  for (let marked = false; ; ) {
    const message: BackendMessage | Error = await client.next(WITHIN).catch((error: Error) => error)
    if (message instanceof Error)
      return { seen: seen.join('\n'), how: /timeout/.test(message.message) ? 'silent' : 'ended' }
    const text = textOf(message)
    seen.push(text)
    marked ||= message.kind === 'DataRow' && text === mark
    if (marked && message.kind === 'ReadyForQuery') return { seen: seen.join('\n'), how: 'answered' }
  }
}
