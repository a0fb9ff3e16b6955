// Queries that nobody would write: sqlsmith makes them up from the catalog of the regression database.
import { spawn } from 'node:child_process'
import { connect } from './connection.ts'
import { createSession } from './measure.ts'
import type { Row } from './report.ts'

/** Some of them join everything with everything. */
const LONGEST = "SET statement_timeout = '2s'"
/** They call every function there is, also those that end or stop the server, or wait. */
const NOT_RUN =
  /\b(?:pg_terminate_backend|pg_cancel_backend|pg_promote|pg_reload_conf|pg_rotate_logfile\w*|pg_sleep\w*|pg_wal_replay_\w+|pg_backup_\w+|pg_switch_wal|pg_stat_reset\w*|pg_log_backend_memory_contexts|binary_upgrade_\w+)\b/

async function generate(port: number, count: number, seed: number): Promise<string[] | undefined> {
  const target = `host=127.0.0.1 port=${port} dbname=regression user=postgres`
  const args = [`--target=${target}`, '--dry-run', `--max-queries=${count}`, `--seed=${seed}`]
  const child = spawn('sqlsmith', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const status = await new Promise((resolve) => {
    child.once('error', () => resolve(undefined))
    child.once('close', resolve)
  })
  if (status === undefined) return undefined
  return Buffer.concat(chunks)
    .toString()
    .split(/;\s*$/m)
    .map((text) => text.trim())
    .filter((text) => text !== '' && !NOT_RUN.test(text))
}

/** Undefined where sqlsmith is not installed. */
export async function runSqlsmith(
  port: number,
  count: number,
  onRow: (row: Row) => void,
): Promise<number | undefined> {
  const queries = await generate(port, count, 1)
  if (queries === undefined) return undefined
  const observer = await connect(port, 'postgres', 'regression')
  const open = async () => {
    const session = await createSession({ port, user: 'postgres', database: 'regression', observer })
    await session.connection.run(LONGEST)
    return session
  }
  let session = await open()
  for (const text of queries) {
    try {
      onRow({ file: 'sqlsmith', text, ...(await session.measure(text, false)) })
    } catch {
      // What ends a session or never answers is given up.
      session.connection.close()
      session = await open()
    }
  }
  session.connection.close()
  observer.close()
  return queries.length
}
