// Plays a case in a copy of the database, straight against PostgreSQL or through the stack.
import { connectPgWire } from '../support/pgwire.ts'
import type { Stack } from '../support/stack.ts'
import type { EvasionCase } from './case.ts'
import { createDatabases } from './databases.ts'
import { type Played, play } from './play.ts'

export interface Outcome {
  readonly played: Played
  /** the client's session after the steps */
  readonly alive: boolean
  /** the rows of both tables, those aside that the client added: before the steps, and after */
  readonly before: unknown
  readonly rows: unknown
}

export interface Runs {
  /**
   * Without a token, straight against PostgreSQL.
   *
   * @param again Chaperone may know the database
   */
  run(one: EvasionCase, as?: string, again?: boolean): Promise<Outcome>
  close(): Promise<void>
}

/** @param names one for each run, of databases that the stack lets people reach */
export async function createRuns(stack: Stack, names: readonly string[]): Promise<Runs> {
  const databases = await createDatabases(stack.postgres, 'app', 'app_rw', names.values())
  return {
    close: () => databases.close(),
    async run({ given = [], steps }, as, again = false) {
      const database = await databases.ready(given)
      const before = await database.rows()
      if (as && !again) await database.rename()
      const client = as ? await stack.wireTls() : await connectPgWire({ port: stack.postgres.port })
      try {
        await client.login({ user: 'app_rw', database: database.name }, as ? { password: as } : {})
        const played = await play(client, steps)
        const after = played.ended ? played : await play(client, ['rollback', 'select 6 * 7'])
        client.destroy()
        return { played, alive: after.seen.includes('42'), before, rows: await database.rows() }
      } finally {
        client.destroy()
      }
    },
  }
}

/** The masked values of the database's two tables, as they are stored. */
export const DATA =
  /078-05-1120|219-09-9999|457-55-5462|4111111111111111|5500005555555559|340000000000009|(ada|grace|alan)@example\.com/
