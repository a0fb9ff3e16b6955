// Sessions that write marks as fast as they can until their connection ends, and know which the server acknowledged.
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import type { Stack } from '../../support/stack.ts'

export const MARKS = 'marks'

export interface Mark {
  readonly name: string
  acknowledged: boolean
}

type Way = 'simple' | 'extended' | 'pipeline' | 'transaction'
export const WAYS: readonly Way[] = ['simple', 'extended', 'pipeline', 'transaction']

/** Statements that a pipeline sends before it reads. */
const PIPELINED = 8

const insert = (name: string) => `INSERT INTO ${MARKS} VALUES ('${name}')`

/** What one round sends for these marks, and how many ReadyForQuery answer it. */
function round(way: Way, names: readonly string[]): { readonly bytes: Uint8Array; readonly answers: number } {
  const extended = names.flatMap((name) => [
    parse({ sql: `INSERT INTO ${MARKS} VALUES ($1)` }),
    bind({ values: [name] }),
    execute(''),
  ])
  switch (way) {
    case 'simple':
      return { bytes: Buffer.concat(names.map((name) => query(insert(name)))), answers: names.length }
    case 'transaction':
      return { bytes: query(`BEGIN; ${names.map(insert).join('; ')}; COMMIT`), answers: 1 }
    case 'extended':
    case 'pipeline':
      return { bytes: Buffer.concat([...extended, sync()]), answers: 1 }
  }
}

class Failed extends Error {}

async function succeeded(client: PgWireClient): Promise<void> {
  for (const message of await client.until('ReadyForQuery')) {
    if (message.kind === 'ErrorResponse') throw new Failed(`a mark was refused: ${message.fields.M}`)
  }
}

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
  const count = way === 'pipeline' || way === 'transaction' ? PIPELINED : 1
  try {
    for (let number = 0; ; number++) {
      const sent = Array.from({ length: count }, (_, part) => ({
        name: `${prefix}-${way}-${number}-${part}`,
        acknowledged: false,
      }))
      marks.push(...sent)
      const { bytes, answers } = round(
        way,
        sent.map(({ name }) => name),
      )
      client.send(bytes)
      for (let answer = 0; answer < answers; answer++) await succeeded(client)
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
