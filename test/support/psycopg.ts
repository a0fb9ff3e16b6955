// Runs psycopg 3, Python's driver, as a client in tests: a script of psycopg/ in a virtual environment of the cache.
import { execFile, spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Each script says at its top what it takes and gives. */
export type PsycopgScript = 'cursors' | 'server_cursors' | 'copy_rows' | 'pipeline'

const REQUIREMENT = 'psycopg[binary]==3.3.9'
const IMPORT = ['-c', 'import psycopg; assert psycopg.__version__ == "3.3.9"']
/** Far above what the scripts need; a hold in a test lasts seconds. */
const SCRIPT_TIMEOUT_MS = 60_000
/** A fresh installation downloads 10 MB. */
const INSTALL_TIMEOUT_MS = 180_000

const cache = process.env.CHAPERONE_CACHE ?? join(homedir(), '.cache', 'chaperone')
const scripts = fileURLToPath(new URL('psycopg/', import.meta.url))

const pythonOf = (environment: string) => join(environment, 'bin', 'python3')

const succeeds = (promise: Promise<unknown>) =>
  promise.then(
    () => true,
    () => false,
  )

async function install(environment: string): Promise<void> {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', REQUIREMENT]
  await exec(pythonOf(environment), args, { timeout: INSTALL_TIMEOUT_MS })
}

/** Made aside and renamed, so that two test processes do not see each other's half of it. */
async function createEnvironment(environment: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const aside = await mkdtemp(join(cache, 'venv-'))
  await exec('python3', ['-m', 'venv', aside], { timeout: INSTALL_TIMEOUT_MS })
  await install(aside)
  // another process may have been faster: then its environment is as good
  if (!(await succeeds(rename(aside, environment)))) await rm(aside, { recursive: true, force: true })
}

async function preparePython(): Promise<string> {
  const environment = join(cache, 'venv')
  if (!(await succeeds(access(pythonOf(environment))))) await createEnvironment(environment)
  if (!(await succeeds(exec(pythonOf(environment), IMPORT)))) await install(environment)
  return pythonOf(environment)
}

let prepared: Promise<string> | undefined

/** The environment's Python with psycopg; installed when it is missing. */
function python(): Promise<string> {
  prepared ??= preparePython()
  return prepared
}

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
