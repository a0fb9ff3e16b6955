// Databases for the runs of the corpus. Making one costs more than a run, and most runs change nothing: such a database is
// used again, under a name that nobody has heard of, so that Chaperone knows nothing of it.
import pg from 'pg'
import type { Postgres } from '../support/postgres.ts'

export interface Databases {
  /** A database in which only `given` was made. */
  ready(given: readonly string[]): Promise<Database>
  close(): Promise<void>
}

export interface Database {
  readonly name: string
  /** the rows of both tables, those aside that a client added */
  rows(): Promise<unknown>
  /** Gives it a name that no run had. */
  rename(): Promise<void>
}

const ROWS = `select (select json_agg(c order by id) from customers c where id < 900) as customers,
  (select json_agg(o order by id) from orders o where id < 900) as orders`
/** A run's session ends within moments of its client's. */
const LEFT_WITHIN = 10_000

/**
 * Copies of `template`, owned by `owner`, named by `names` in turn. One at a time is in use, and nobody else uses the
 * server: whether something was written shows in the transactions that it counted.
 */
export async function createDatabases(
  postgres: Postgres,
  template: string,
  owner: string,
  names: Iterator<string>,
): Promise<Databases> {
  const client = new pg.Client({ host: postgres.host, port: postgres.port, user: postgres.superuser })
  await client.connect()
  let current: { name: string; given: readonly string[]; clean: string; rows: unknown } | undefined

  const scalar = async (sql: string) =>
    Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0]
  /** The next transaction's number. What writes takes one; sequences too, when they are first used. */
  const transactions = async () => String(await scalar('select pg_snapshot_xmax(pg_current_snapshot())'))
  const next = () => {
    const { value, done } = names.next()
    if (done) throw new Error('more runs than names of databases')
    return value
  }
  /** Without it, RENAME and DROP wait in steps of 100 ms for sessions that are about to end. */
  async function left(name: string): Promise<void> {
    const others = `select count(*)::int from pg_stat_activity where datname = '${name}'`
    for (const deadline = Date.now() + LEFT_WITHIN; (await scalar(others)) !== 0; ) {
      if (Date.now() > deadline) return
    }
  }

  const rowsOf = (name: string) =>
    postgres.query(ROWS, undefined, name).then(
      ([rows]) => rows,
      (error: Error) => error.message,
    )

  async function unchanged(given: readonly string[]): Promise<boolean> {
    if (current === undefined) return false
    await left(current.name)
    return (
      current.clean === (await transactions()) &&
      current.given.length === given.length &&
      current.given.every((sql, at) => sql === given[at])
    )
  }

  async function make(given: readonly string[]): Promise<void> {
    const before = current
    // What fails halfway is no other run's.
    current = undefined
    if (before !== undefined) await client.query(`drop database ${before.name} with (force)`)
    const name = next()
    await client.query(`create database ${name} template ${template} owner ${owner} strategy file_copy`)
    const [rows] = await postgres.query([...given, ROWS].join(';\n'), undefined, name)
    current = { name, given, rows, clean: await transactions() }
  }

  return {
    async ready(given) {
      if (!(await unchanged(given))) await make(given)
      const used = current
      if (used === undefined) throw new Error('no database')
      return {
        get name() {
          return used.name
        },
        async rows() {
          await left(used.name)
          return used.clean === (await transactions()) ? used.rows : rowsOf(used.name)
        },
        async rename() {
          const name = next()
          await left(used.name)
          await client.query(`alter database ${used.name} rename to ${name}`)
          used.name = name
          used.clean = await transactions()
        },
      }
    },
    close: () => client.end(),
  }
}
