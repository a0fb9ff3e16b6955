// Sessions that write, copy and read marks as fast as they can until their connection ends, and know which the server
// acknowledged.
import { bind, copyData, copyDone, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import type { Stack } from '../../support/stack.ts'

export const MARKS = 'marks'
/** What is written to it is held, until a reviewer lets it go on. */
export const HELD = 'held_marks'

export interface Mark {
  readonly name: string
  acknowledged: boolean
}

export const WAYS = ['simple', 'extended', 'pipeline', 'transaction', 'copy', 'select', 'held'] as const
type Way = (typeof WAYS)[number]

/** Statements that a pipeline sends before it reads. */
const PIPELINED = 8

const insert = (name: string, table = MARKS) => `INSERT INTO ${table} VALUES ('${name}')`
const extended = (name: string) => [
  parse({ sql: `INSERT INTO ${MARKS} VALUES ($1)` }),
  bind({ values: [name] }),
  execute(''),
]

class Failed extends Error {}

async function succeeded(client: PgWireClient): Promise<void> {
  for (const message of await client.until('ReadyForQuery')) {
    if (message.kind === 'ErrorResponse') throw new Failed(`a mark was refused: ${message.fields.M}`)
  }
}

type Round = (client: PgWireClient, names: readonly string[]) => Promise<void>

async function simple(client: PgWireClient, sql: string): Promise<void> {
  client.send(query(sql))
  await succeeded(client)
}

async function segment(client: PgWireClient, names: readonly string[]): Promise<void> {
  client.send(...names.flatMap(extended), sync())
  await succeeded(client)
}

const ROUNDS: Readonly<Record<Way, Round>> = {
  simple: (client, [name = '']) => simple(client, insert(name)),
  extended: segment,
  pipeline: segment,
  transaction: (client, names) =>
    simple(client, `BEGIN; ${names.map((name) => insert(name)).join('; ')}; COMMIT`),
  async copy(client, names) {
    // Rows that are copied are in no record.
    client.send(query(`COPY ${MARKS} FROM STDIN /* ${names.map((name) => `'${name}'`).join(', ')} */`))
    await client.until('CopyInResponse')
    client.send(copyData(`${names.join('\n')}\n`), copyDone())
    await succeeded(client)
  },
  select: (client, [name = '']) => simple(client, `SELECT '${name}', count(*) FROM ${MARKS} WHERE name = ''`),
  held: (client, [name = '']) => simple(client, insert(name, HELD)),
}
const SEVERAL: ReadonlySet<Way> = new Set(['pipeline', 'transaction', 'copy'])

/** Plays rounds until the connection ends; every mark that was sent is in the list, acknowledged or not. */
export async function play(
  stack: Stack,
  token: string,
  way: Way,
  prefix: string,
  onAcknowledged: () => void,
): Promise<Mark[]> {
  const marks: Mark[] = []
  let client: PgWireClient
  try {
    client = await stack.wire(token)
  } catch {
    return marks
  }
  const count = SEVERAL.has(way) ? PIPELINED : 1
  try {
    for (let number = 0; ; number++) {
      const sent = Array.from({ length: count }, (_, part) => ({
        name: `${prefix}-${way}-${number}-${part}`,
        acknowledged: false,
      }))
      marks.push(...sent)
      const names = sent.map(({ name }) => name)
      await ROUNDS[way](client, names)
      for (const mark of sent) mark.acknowledged = true
      onAcknowledged()
    }
  } catch (error) {
    // the process was killed: what was not answered by now is not acknowledged
    if (error instanceof Failed) throw error
  } finally {
    client.destroy()
  }
  return marks
}
