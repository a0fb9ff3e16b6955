// One batch: statements held at once, approvals and their rivals at random moments, and what became of each statement.

import type { ApprovalRequest } from '../../../src/core/approval.ts'
import { query } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Place, pause } from './place.ts'
import type { Race } from './races.ts'

export interface HeldStatement {
  readonly name: string
  /** absent where it was refused, and no request came of it */
  readonly id: string | undefined
  readonly client: PgWireClient
  readonly key: { readonly pid: number; readonly key: Uint8Array }
  /** `done`, a SQLSTATE, or `gone` when the connection ended without either */
  readonly told: Promise<string>
}

/** What is good about how a statement ended, and what is not. */
export const OUTCOMES = [
  'ran, and its client knows',
  'ran, its client was gone',
  'did not run, and its client knows',
  'did not run, its client was gone',
  'approval used, did not run',
  'refused before it was held',
] as const
export const VIOLATIONS = ['ran unapproved', 'ran twice', 'lost', 'its client was told wrong'] as const
export type Outcome = (typeof OUTCOMES)[number] | (typeof VIOLATIONS)[number]

export interface Ending {
  readonly name: string
  readonly outcome: Outcome
  /** for whoever looks into it */
  readonly details: string
}

const HELD_WITHIN = 20_000
/** What a client is told when the store does not answer in time: nothing can be asked for, and nothing runs. */
const STORE_AWAY = 'XX000'
/** After the last event, in milliseconds: the polling of a store that lost a message, and a restart. */
const SETTLED_WITHIN = 20_000
let batches = 0

export async function playBatch(place: Place, race: Race, size: number, token: string): Promise<Ending[]> {
  batches += 1
  const names = Array.from({ length: size }, (_, n) => `batch-${batches}-${n}`)
  const clients = await Promise.all(names.map((name) => open(place, name, token)))
  const began = performance.now()
  for (const { client, name } of clients) client.send(query(`INSERT INTO ${race.table} VALUES ('${name}')`))
  const told = clients.map(({ client }) => answerOf(client))
  const refused = new Set<string>()
  clients.forEach(({ name }, n) => void told[n]?.then((code) => code === STORE_AWAY && refused.add(name)))
  const ids = await heldIds(place, names, refused).catch(async (error: Error) => {
    const so = await Promise.all(told.map((one) => Promise.race([one, pause(1).then(() => 'waits')])))
    throw new Error(
      `${error.message}; their clients were told: ${so.join(', ')}\n${place.stack.services.log()}`,
    )
  })
  const early = new Set(refused)
  const held = clients.map((one, n) => ({
    ...one,
    id: ids.get(one.name),
    told: told[n] ?? Promise.resolve('gone'),
  }))
  await play(place, race, held, began)
  await place.quiet()
  return Promise.all(held.map((one) => endingOf(place, race, one, early.has(one.name))))
}

async function open({ stack }: Place, name: string, token: string) {
  const client = await stack.wireTls()
  const messages = await client.login({ user: 'anybody', database: 'app' }, { password: token })
  for (const key of messages) if (key.kind === 'BackendKeyData') return { client, name, key }
  throw new Error('the login gave no key')
}

async function answerOf(client: PgWireClient): Promise<string> {
  let told = 'gone'
  try {
    for (;;) {
      const message = await client.next(SETTLED_WITHIN)
      if (message.kind === 'ErrorResponse') told = message.fields.C ?? ''
      if (message.kind === 'CommandComplete') told = 'done'
      if (message.kind === 'ReadyForQuery') return told
    }
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('timeout')) return 'nothing'
    return told
  }
}

/** By the names in their texts, of those that are held; the others are refused. */
async function heldIds(
  { stack }: Place,
  names: readonly string[],
  refused: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  for (const deadline = Date.now() + HELD_WITHIN; ; await pause(10)) {
    // A store that is away for those who ask is away for those who look.
    const pending = await stack.reviews.list().catch(() => [])
    const found = new Map(pending.map(({ text, id }) => [/'(batch-\d+-\d+)'/.exec(text)?.[1] ?? '', id]))
    if (names.every((name) => found.has(name) || refused.has(name))) return found
    if (Date.now() > deadline) throw new Error(`${found.size} of ${names.length} statements are held`)
  }
}

async function play(place: Place, race: Race, held: readonly HeldStatement[], began: number): Promise<void> {
  const { from = 0, within, each, all } = race
  // Expiry counts from when they were sent; everything else from now on.
  const start = from > 0 ? began : performance.now()
  const moment = (least: number) =>
    pause(Math.max(0, start + least + Math.random() * (within - least) - performance.now()))
  const approve = async ({ id }: HeldStatement) => {
    await moment(from)
    if (id !== undefined) await place.approve(id)
  }
  const rival = async (one: HeldStatement) => {
    await moment(0)
    await each?.(place, one)
  }
  await Promise.all([
    ...held.map(approve),
    ...(each === undefined ? [] : held.map(rival)),
    ...(all === undefined ? [] : [moment(0).then(() => all(place))]),
  ])
}

async function endingOf(
  place: Place,
  { table, rival }: Race,
  held: HeldStatement,
  early: boolean,
): Promise<Ending> {
  const { stack } = place
  const told = await held.told
  held.client.destroy()
  const request = held.id === undefined ? undefined : await settled(place, held.id)
  const rows = (await stack.superuser(`SELECT FROM ${table} WHERE name = $1`, [held.name])).length
  const approved = request?.votes.some(({ verdict }) => verdict === 'approve') === true
  const state = request?.state ?? 'never made'
  const details = `told ${told}, ${rows} rows, request ${state}, ${approved ? 'approved' : 'not approved'}`
  if (early && rows === 0) return { name: held.name, outcome: 'refused before it was held', details }
  const outcome = outcomeOf(told, rows, state, approved)
  // Without a rival nothing keeps an approved statement from running.
  const lost = rival === 'none' && !outcome.startsWith('ran')
  return { name: held.name, outcome: lost ? 'lost' : outcome, details }
}

/** What is pending for ever (its worker died) is as settled as it will be. */
async function settled({ stack }: Place, id: string): Promise<ApprovalRequest> {
  for (const deadline = Date.now() + 2000; ; await pause(50)) {
    const request = await stack.reviews.get(id)
    const open = request.state === 'pending' || request.state === 'approved'
    if (!open || Date.now() > deadline) return request
  }
}

function outcomeOf(told: string, rows: number, state: string, approved: boolean): Outcome {
  if (rows > 1) return 'ran twice'
  if (rows === 1) {
    if (state !== 'consumed' || !approved) return 'ran unapproved'
    if (told === 'done') return 'ran, and its client knows'
    return told === 'gone' ? 'ran, its client was gone' : 'its client was told wrong'
  }
  if (told === 'done' || told === 'nothing') return 'its client was told wrong'
  if (state === 'consumed') return 'approval used, did not run'
  return told === 'gone' ? 'did not run, its client was gone' : 'did not run, and its client knows'
}
