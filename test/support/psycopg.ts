// Runs psycopg 3, Python's driver, as a client in tests: a script of psycopg/.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { python } from './python.ts'

/** Each script says at its top what it takes and gives. */
export type PsycopgScript = 'cursors' | 'server_cursors' | 'copy_rows' | 'pipeline' | 'connections'

/** Far above what the scripts need; a hold in a test lasts seconds. */
const SCRIPT_TIMEOUT_MS = 60_000
const scripts = fileURLToPath(new URL('psycopg/', import.meta.url))

/**
 * Runs a script against a server and gives what it prints, parsed from JSON.
 *
 * @param conninfo libpq's connection string; it goes through the environment, where `ps` does not show it
 * @param input what the script takes, as JSON on its standard input
 * @throws Error when the script fails or does not end within a minute; errors of the server are part of the result
 */
export async function runPsycopg(
  script: PsycopgScript,
  conninfo: string,
  input: unknown = [],
): Promise<unknown> {
  const child = spawn(await python(), [join(scripts, `${script}.py`)], {
    env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', PSYCOPG_CONNINFO: conninfo },
    timeout: SCRIPT_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // a script that failed before it read its input closes the pipe; its exit code tells why
  child.stdin.on('error', () => undefined).end(JSON.stringify(input))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (exit, signal) => resolve(exit ?? signal))
  })
  if (code !== 0) throw new Error(`${script}.py ended with ${String(code)}:\n${stderr}`)
  return JSON.parse(stdout)
}
