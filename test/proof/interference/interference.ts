// Plays programs in two worlds that differ in masked values alone: whatever the client receives otherwise in one than in the
// other says something of those values.
import type { BackendMessage } from '../../support/pgwire/backend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'
import { random } from '../fuzz/mutate.ts'
import { type Known, readCatalog } from './catalog.ts'
import { type Allowed, answersTo, createAllowed, difference, messagesOf, type Style } from './compare.ts'
import { createStatements } from './statements.ts'
import { createWorlds, MASKED_COLUMNS, NAMES, nameOf, RELATIONS, type Sort, type World } from './worlds.ts'

/** A resource for each strategy; `straight` goes past Envoy and Chaperone. */
export const WAYS = ['redact', 'null', 'fixed', 'hash', 'tokenize', 'partial'] as const
export type Way = (typeof WAYS)[number] | 'straight'

export interface Played {
  programs: number
  statements: number
  /** statements that gave no error, and refusals */
  succeeded: number
  refused: number
  /** programs that two worlds answer otherwise, each time that they are played */
  readonly differ: string[]
  /** those that did so once, and not again */
  readonly unsteady: string[]
  /** sessions that ended, and answers that did not come */
  readonly ended: string[]
}

export interface Until {
  readonly ms?: number
  readonly programs?: number
}

export interface Place {
  readonly known: Known
  /** Random programs, from a seed on. */
  play(way: Way, seed: number, until: Until): Promise<Played>
  /** These programs. */
  playThese(way: Way, programs: Iterable<readonly string[]>, until?: Until): Promise<Played>
  stop(): Promise<void>
}

const KEYED: ReadonlySet<Way> = new Set(['hash', 'tokenize', 'partial'])
const sortOf = (way: Way): Sort => (KEYED.has(way) ? 'distinct' : 'free')
/** Programs of one session: what it remembers of names grows. */
const OF_SESSION = 25
/** Times that two worlds have to differ anew. */
const AGAIN = 2
const SPREAD = 0x9e37_79b1
const REFUSED = /^chaperone: /

const mask = (strategy: (typeof WAYS)[number]) => ({
  resources: [strategy],
  columns: MASKED_COLUMNS,
  strategy,
  ...(strategy === 'fixed' ? { value: '77' } : {}),
  ...(strategy === 'hash' || strategy === 'tokenize' ? { key: 'mask-key' } : {}),
})

export async function startPlace(seed: number): Promise<Place> {
  const own = { logins: [{ user: 'app_rw' }], databases: NAMES }
  const stack = await startStack({
    postgres: {
      hba: 'trust',
      settings: { autovacuum: 'off', jit: 'off', max_parallel_workers_per_gather: '0' },
    },
    resource: own,
    resources: Object.fromEntries(WAYS.map((way) => [way, own])),
    config: {
      policies: { everything: { decision: 'allow', resources: '*', groups: ['curious'], effects: '*' } },
      masks: Object.fromEntries(WAYS.map((way) => [way, mask(way)])),
    },
  })
  try {
    const worlds = await createWorlds(stack.postgres, 'app_rw', seed)
    const known = await readCatalog(stack.postgres, nameOf('free', 'one'))
    const token = await stack.tokens.person(['curious'])
    const connect = (way: Way, world: World) => open(stack, token, way, world)
    const playThese: Place['playThese'] = async (way, programs, until = {}) => {
      const pair = new Pair(way, connect, () => worlds.renew(sortOf(way)), worlds.newest)
      try {
        return await playAll(pair, way, programs, until)
      } finally {
        pair.close()
      }
    }
    return {
      known,
      playThese,
      play: (way, from, until) => playThese(way, randomPrograms(known, from), until),
      stop: () => stack.stop(),
    }
  } catch (error) {
    await stack.stop()
    throw error
  }
}

function* randomPrograms(known: Known, from: number): Generator<readonly string[]> {
  for (let seed = from; ; seed += 1)
    yield [`-- seed ${seed}`, ...createStatements(known, random(Math.imul(seed + 1, SPREAD))).program()]
}

async function open(stack: Stack, token: string, way: Way, world: World): Promise<PgWireClient> {
  const database = nameOf(sortOf(way), world)
  if (way !== 'straight') return stack.wire(token, { resource: way, database })
  const client = await connectPgWire({ port: stack.postgres.port })
  await client.login({ user: 'app_rw', database })
  return client
}

/** A session in each world. */
class Pair {
  readonly allowed: Allowed = createAllowed()
  /** the highest OID that both worlds were made with */
  readonly newest: number
  readonly #way: Way
  readonly #connect: (way: Way, world: World) => Promise<PgWireClient>
  readonly #renew: () => Promise<void>
  #clients: readonly [PgWireClient, PgWireClient] | undefined
  #left = 0

  constructor(
    way: Way,
    connect: (way: Way, world: World) => Promise<PgWireClient>,
    renew: () => Promise<void>,
    newest: number,
  ) {
    this.newest = newest
    this.#way = way
    this.#connect = connect
    this.#renew = renew
  }

  /** @returns undefined when a session ended */
  async answers(sent: readonly Uint8Array[]): Promise<readonly (readonly BackendMessage[])[] | undefined> {
    const clients = await this.#open()
    try {
      const all = await Promise.all(clients.map((client) => answersTo(client, sent)))
      const both = all.filter((one) => one !== undefined)
      if (both.length === 2) return both
    } catch {
      // it did not answer
    }
    this.close()
    return undefined
  }

  /** Both worlds, as they were made. */
  async renew(): Promise<void> {
    this.close()
    await this.#renew()
  }

  close(): void {
    for (const client of this.#clients ?? []) client.destroy()
    this.#clients = undefined
  }

  async #open(): Promise<readonly [PgWireClient, PgWireClient]> {
    if (this.#left === 0) this.close()
    if (this.#clients === undefined) {
      this.#clients = [await this.#connect(this.#way, 'one'), await this.#connect(this.#way, 'two')]
      this.#left = OF_SESSION
    }
    this.#left -= 1
    return this.#clients
  }
}

async function playAll(
  pair: Pair,
  way: Way,
  programs: Iterable<readonly string[]>,
  until: Until,
): Promise<Played> {
  const { ms = Number.POSITIVE_INFINITY, programs: most = Number.POSITIVE_INFINITY } = until
  const played: Played = {
    ...{ programs: 0, statements: 0, succeeded: 0, refused: 0 },
    ...{ differ: [], unsteady: [], ended: [] },
  }
  if (KEYED.has(way)) await learn(pair)
  const end = performance.now() + ms
  for (const program of programs) {
    await playOne(pair, program, played.programs % 3 === 2 ? 'extended' : 'simple', played)
    played.programs += 1
    if (performance.now() >= end || played.programs >= most) break
  }
  return played
}

/** What these masks show in place of each value, in both worlds. */
async function learn(pair: Pair): Promise<void> {
  for (const [name, columns] of RELATIONS) {
    const program = [`select ${columns.map((column) => column.name).join(', ')} from ${name} order by id`]
    if (!columns.some((column) => column.name === 'id')) continue
    for (const style of ['simple', 'extended'] as const) {
      const [one = [], two = []] = (await pair.answers(messagesOf(program, style))) ?? []
      for (const [n, message] of one.entries()) {
        const other = two[n]
        if (message.kind !== 'DataRow' || other?.kind !== 'DataRow') continue
        for (const [at, value] of message.values.entries()) {
          const second = other.values[at]
          if (value && second && columns[at]?.masked) pair.allowed.add(value, second)
        }
      }
    }
  }
}

async function playOne(pair: Pair, program: readonly string[], style: Style, played: Played): Promise<void> {
  const statements = program.filter((sql) => !sql.startsWith('--'))
  const sent = messagesOf(statements, style)
  const told = `${program.join('; ')} (${style})`
  const first = await pair.answers(sent)
  if (first === undefined) {
    played.ended.push(told)
    return
  }
  const [one = [], two = []] = first
  played.statements += statements.length
  // BEGIN and what comes after a program succeed too: five, where the transaction was open
  played.succeeded += one.filter(({ kind }) => kind === 'CommandComplete').length - 5
  played.refused += one.filter(
    (message) => message.kind === 'ErrorResponse' && REFUSED.test(message.fields.M ?? ''),
  ).length
  const differs = difference(one, two, pair.allowed, pair.newest)
  if (differs === undefined) return
  const again: string[] = []
  for (let n = 0; n < AGAIN; n += 1) {
    // What programs before it left behind, such as free room in a page, says no more than how long values are.
    await pair.renew()
    const [left = [], right = []] = (await pair.answers(sent)) ?? []
    const more = difference(left, right, pair.allowed, pair.newest)
    if (more !== undefined) again.push(more)
  }
  const list = again.length === AGAIN ? played.differ : played.unsteady
  list.push(`${told}\n   ${again.at(-1) ?? differs}`)
}
