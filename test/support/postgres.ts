// Real PostgreSQL servers for tests, the demo and benchmarks: loopback only, gone when the process is gone.
import { randomBytes } from 'node:crypto'
import { chown, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import {
  asServerUser,
  binaries,
  createCluster,
  type PostgresVersion,
  type ServerUser,
  serverUser,
} from './postgres-cluster.ts'
import { createPostmaster } from './postgres-process.ts'
import { memoryDirectory } from './tmp.ts'

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

/** Puts the certificates beside the data and gives the settings that use them. */
async function tlsSettings(data: string, tls: NonNullable<PostgresOptions['tls']>, user?: ServerUser) {
  await writeFile(join(data, 'server.crt'), await pem(tls.cert))
  await writeFile(join(data, 'server.key'), await pem(tls.key), { mode: 0o600 })
  if (user) await chown(join(data, 'server.key'), user.uid, user.gid)
  const settings = { ssl: 'on', ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' }
  if (tls.ca === undefined) return settings
  await writeFile(join(data, 'ca.crt'), await pem(tls.ca))
  return { ...settings, ssl_ca_file: 'ca.crt' }
}

async function configure(data: string, sockets: string, options: PostgresOptions, user?: ServerUser) {
  const { tls } = options
  const lines = Object.entries({
    ...DEFAULTS,
    unix_socket_directories: sockets,
    ...(options.hba === 'md5' ? { password_encryption: 'md5' } : {}),
    ...(tls ? await tlsSettings(data, tls, user) : {}),
    ...options.settings,
  })
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
  // The query says it as well.
  client.on('error', () => undefined)
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

/** Starts a server with a fresh cluster. Rejects when it is not installed or does not come up. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const version = options.version ?? '18'
  const bin = await binaries(version)
  const user = await serverUser()
  const home = memoryDirectory('postgres')
  const data = await createCluster(version, bin, home.path, user)
  await configure(data, home.path, options, user)
  const program = join(bin, 'postgres')
  const server = await createPostmaster((port) => asServerUser(user, program, ['-D', data, '-p', `${port}`]))
  const password = randomBytes(18).toString('base64url')
  const query: Postgres['query'] = (sql, values, database = 'postgres') =>
    connectAndQuery(home.path, server.port, database, sql, values)
  const stop = async () => {
    await server.kill('SIGINT')
    home.remove()
  }
  try {
    await server.start(true)
    await query(`ALTER ROLE postgres PASSWORD ${pg.escapeLiteral(password)}`)
    for (const role of options.users ?? []) await query(roleSql(role))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    host: HOST,
    port: server.port,
    superuser: 'postgres',
    password,
    version,
    query,
    log: () => server.log,
    stop,
    kill: server.kill,
    restart: async () => {
      await server.kill('SIGINT')
      await server.start(false)
    },
  }
}
