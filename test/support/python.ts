// A Python with the drivers that tests use, in a virtual environment of the cache.
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

const VERSIONS = {
  psycopg: '3.3.9',
  asyncpg: '0.32.0',
  sqlalchemy: '2.1.9',
  faker: '40.63.0',
  aiosmtpd: '1.4.6',
}
const REQUIREMENTS = [
  `psycopg[binary]==${VERSIONS.psycopg}`,
  `asyncpg==${VERSIONS.asyncpg}`,
  `sqlalchemy==${VERSIONS.sqlalchemy}`,
  `faker==${VERSIONS.faker}`,
  `aiosmtpd==${VERSIONS.aiosmtpd}`,
]
const CHECK = Object.entries(VERSIONS)
  .map(
    ([name, version]) => `from importlib.metadata import version; assert version("${name}") == "${version}"`,
  )
  .join('; ')
/** A fresh installation downloads 20 MB. */
const INSTALL_TIMEOUT_MS = 180_000

/** Where downloads are kept between runs. */
export const cache = process.env.CHAPERONE_CACHE ?? join(homedir(), '.cache', 'chaperone')

const pythonOf = (environment: string) => join(environment, 'bin', 'python3')

const succeeds = (promise: Promise<unknown>) =>
  promise.then(
    () => true,
    () => false,
  )

async function install(environment: string): Promise<void> {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...REQUIREMENTS]
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
  if (!(await succeeds(exec(pythonOf(environment), ['-c', CHECK])))) await install(environment)
  return pythonOf(environment)
}

let prepared: Promise<string> | undefined

/** Path of the environment's Python; what is missing is installed. */
export function python(): Promise<string> {
  prepared ??= preparePython()
  return prepared
}
