// Real PostgreSQL servers for tests, the demo and benchmarks: loopback only, gone when the process is gone.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { atExit } from './cleanup.ts'
import { freePort } from './ports.ts'
import {
  asServerUser,
  binaries,
  createCluster,
  type PostgresVersion,
  type ServerUser,
  serverUser,
} from './postgres-cluster.ts'
import { temporaryDirectory } from './tmp.ts'

export interface PostgresUser {
  readonly name: string
  /** no password when absent */
  readonly password?: string
  readonly superuser?: boolean
}

export interface PostgresOptions {
  /** 18 (from npm) when absent */
  readonly version?: PostgresVersion
  /** PEM texts, or paths of PEM files; connections without TLS are then refused */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string }
  /** how TCP clients prove who they are; scram when absent. `cert` needs `tls.ca`, and the CN names the user */
  readonly hba?: 'scram' | 'md5' | 'password' | 'trust' | 'cert'
  readonly users?: readonly PostgresUser[]
  /** postgresql.conf, over the defaults below */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Postgres {
  readonly host: string
  readonly port: number
  readonly superuser: string
  readonly password: string
  readonly version: PostgresVersion
  /** Runs SQL as superuser over the server's private socket, past TLS and pg_hba. Rows of the last statement. */
  query(sql: string, values?: unknown[], database?: string): Promise<Record<string, unknown>[]>
  /** the last 64 KiB of the server's log */
  log(): string
  stop(): Promise<void>
  /** Signals the postmaster and waits until it is gone. SIGKILL is a crash. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Stops if it runs, then starts on the same port with the same data. */
  restart(): Promise<void>
}

const HOST = '127.0.0.1'
const LOG_KEPT = 64 * 1024
const START_ATTEMPTS = 10
const METHOD = { scram: 'scram-sha-256', md5: 'md5', password: 'password', trust: 'trust', cert: 'cert' }

/** Durability costs time and protects nothing here. */
const DEFAULTS = {
  listen_addresses: HOST,
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '100',
  log_line_prefix: '%m [%p] ',
}

const quoteConf = (value: string) => `'${value.replaceAll("'", "''")}'`

async function pem(value: string): Promise<string> {
  return value.includes('-----BEGIN') ? value : readFile(value, 'utf8')
}

async function configure(data: string, sockets: string, options: PostgresOptions, user?: ServerUser) {
  const tls = options.tls
  const settings: Record<string, string> = { ...DEFAULTS, unix_socket_directories: sockets }
  if (options.hba === 'md5') settings.password_encryption = 'md5'
  if (tls) {
    Object.assign(settings, { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' })
    await writeFile(join(data, 'server.crt'), await pem(tls.cert))
    await writeFile(join(data, 'server.key'), await pem(tls.key))
    await chmod(join(data, 'server.key'), 0o600)
    if (tls.ca) {
      settings.ssl_ca_file = 'ca.crt'
      await writeFile(join(data, 'ca.crt'), await pem(tls.ca))
    }
    for (const file of ['server.crt', 'server.key']) {
      if (user) await chown(join(data, file), user.uid, user.gid)
    }
  }
  const lines = Object.entries({ ...settings, ...options.settings })
  await writeFile(
    join(data, 'postgresql.auto.conf'),
    lines.map(([key, value]) => `${key} = ${quoteConf(value)}\n`).join(''),
  )
  const method = METHOD[options.hba ?? 'scram']
  // the socket lies in a directory that only the server's user and root may enter
  const hba = `local all all trust\n${tls ? 'hostssl' : 'host'} all all ${HOST}/32 ${method}\n`
  await writeFile(join(data, 'pg_hba.conf'), hba)
}

async function connectAndQuery(
  host: string,
  port: number,
  database: string,
  sql: string,
  values?: unknown[],
) {
  const client = new pg.Client({ host, port, database, user: 'postgres' })
  await client.connect()
  try {
    const result: unknown = await client.query(sql, values)
    const last = Array.isArray(result) ? result.at(-1) : result
    return (last as { rows: Record<string, unknown>[] }).rows
  } finally {
    await client.end()
  }
}

const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`

function roleSql(user: PostgresUser): string {
  const password = user.password === undefined ? '' : ` PASSWORD ${pg.escapeLiteral(user.password)}`
  return `CREATE ROLE ${quoteName(user.name)} LOGIN${user.superuser ? ' SUPERUSER' : ''}${password}`
}

/** One run of the postmaster: resolves when it accepts connections. */
function launch(
  command: string,
  args: readonly string[],
  onLog: (text: string) => void,
): Promise<ChildProcess> {
  const child = spawn(command, args, {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  })
  return new Promise((resolve, reject) => {
    let seen = ''
    let ready = false
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      onLog(text)
      if (ready) return
      seen += text
      ready = seen.includes('database system is ready to accept connections')
      if (ready) resolve(child)
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${seen}`)))
  })
}

/** Starts a server with a fresh cluster. Rejects when it is not installed or does not come up. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const version = options.version ?? '18'
  const bin = await binaries(version)
  const user = await serverUser()
  const home = temporaryDirectory('postgres')
  const data = await createCluster(version, bin, home.path, user)
  await configure(data, home.path, options, user)
  const password = randomBytes(18).toString('base64url')
  let port = await freePort()
  let child: ChildProcess | undefined
  let log = ''

  async function start(mayMove: boolean): Promise<void> {
    for (let attempt = 1; child === undefined; attempt++) {
      const { command, args } = asServerUser(user, join(bin, 'postgres'), ['-D', data, '-p', String(port)])
      try {
        const started = await launch(command, args, (text) => {
          log = (log + text).slice(-LOG_KEPT)
        })
        started.once('exit', () => {
          if (child === started) child = undefined
        })
        child = started
      } catch (error) {
        // the port was taken in the meantime, or a killed postmaster's children still hold its memory
        if (attempt === START_ATTEMPTS) throw error
        if (mayMove) port = await freePort()
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const running = child
    if (running === undefined) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await gone
  }

  const query: Postgres['query'] = (sql, values, database = 'postgres') =>
    connectAndQuery(home.path, port, database, sql, values)

  const takeBack = atExit(() => child?.kill('SIGQUIT'))
  const stop = async () => {
    await kill('SIGINT')
    takeBack()
    home.remove()
  }
  try {
    await start(true)
    await query(`ALTER ROLE postgres PASSWORD ${pg.escapeLiteral(password)}`)
    for (const role of options.users ?? []) await query(roleSql(role))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    host: HOST,
    port,
    superuser: 'postgres',
    password,
    version,
    query,
    log: () => log,
    stop,
    kill,
    restart: async () => {
      await kill('SIGINT')
      await start(false)
    },
  }
}
