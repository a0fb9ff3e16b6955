// PostgreSQL's own regression scripts, one after another as its schedule has them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from './connection.ts'
import { createSession, type MeasuredSession } from './measure.ts'
import { createScript } from './psql-script.ts'
import type { Row } from './report.ts'

export interface RegressionOptions {
  readonly port: number
  /** src/test/regress of the source tree: sql/, data/, parallel_schedule */
  readonly directory: string
  /** where regress.so is, if it was built */
  readonly library: string
  readonly onRow: (row: Row) => void
  readonly only?: ReadonlySet<string>
}

/** As pg_regress starts it (pg_regress.c, initialize_environment and create_database). */
const DATABASE = [
  'CREATE DATABASE regression TEMPLATE = template0',
  ...['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'].map(
    (name) => `ALTER DATABASE regression SET ${name} TO 'C'`,
  ),
  "ALTER DATABASE regression SET bytea_output TO 'hex'",
  "ALTER DATABASE regression SET timezone_abbreviations TO 'Default'",
  "ALTER DATABASE regression SET timezone TO 'PST8PDT'",
  "ALTER DATABASE regression SET datestyle TO 'Postgres, MDY'",
]

/** Their point is another one, and they take minutes or the server's connections. */
const LEFT_OUT: ReadonlySet<string> = new Set(['infinite_recurse'])

export function scheduledFiles(directory: string): string[] {
  const schedule = readFileSync(join(directory, 'parallel_schedule'), 'utf8')
  return schedule
    .split('\n')
    .filter((line) => line.startsWith('test:'))
    .flatMap((line) => line.slice('test:'.length).trim().split(/\s+/))
    .filter((name) => !LEFT_OUT.has(name))
}

export async function createRegressionDatabase(port: number): Promise<void> {
  const postgres = await connect(port, 'postgres', 'postgres')
  for (const statement of DATABASE) await postgres.run(statement)
  postgres.close()
}

async function runFile(name: string, options: RegressionOptions): Promise<void> {
  const { port, directory, library, onRow } = options
  const observer = await connect(port, 'postgres', 'regression')
  await observer.run("SET lock_timeout = '5s'")
  let session: MeasuredSession = await createSession({
    port,
    user: 'postgres',
    database: 'regression',
    observer,
  })
  const environment = {
    PG_ABS_SRCDIR: directory,
    PG_LIBDIR: library,
    PG_DLSUFFIX: '.so',
    PG_ABS_BUILDDIR: directory,
  }
  const script = createScript(readFileSync(join(directory, 'sql', `${name}.sql`), 'utf8'), environment)
  const measure = async (text: string) => {
    try {
      const measured = await session.measure(text, true, () => script.copyData())
      onRow({ file: name, text, ...measured })
      return measured.outcome
    } catch (error) {
      // A statement that hangs is given up with its session.
      if (!(error instanceof Error)) throw error
      await observer.run(`SELECT pg_terminate_backend(${session.connection.pid})`)
      session = await createSession({ port, user: 'postgres', database: 'regression', observer })
      const outcome = { rows: [], columns: [], status: 'I', error: { code: 'lost', message: error.message } }
      onRow({ file: name, text, verdict: { kind: 'failed', code: 'lost' }, outcome })
      return outcome
    }
  }
  let user = 'postgres'
  try {
    for (;;) {
      const on = session.connection.parameter('standard_conforming_strings') !== 'off'
      const step = script.next(on)
      if (step === undefined) break
      if (step.kind === 'connect') {
        user = step.user ?? user
        const next = await createSession({
          port,
          user,
          database: step.database ?? 'regression',
          observer,
        }).catch(() => undefined)
        if (next === undefined) continue
        session.connection.close()
        session = next
        continue
      }
      const { rows, columns } = await measure(step.text)
      if (step.rows === 'execute') for (const cell of rows.flat()) if (cell !== null) await measure(cell)
      if (typeof step.rows === 'object') {
        const { set } = step.rows
        for (const [at, column] of columns.entries()) script.set(set + column, rows[0]?.[at] ?? '')
      }
    }
  } finally {
    session.connection.close()
    observer.close()
  }
}

export async function runRegression(options: RegressionOptions): Promise<void> {
  for (const name of scheduledFiles(options.directory)) {
    if (options.only !== undefined && !options.only.has(name)) continue
    await runFile(name, options)
  }
}
