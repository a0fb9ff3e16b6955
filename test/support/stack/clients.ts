// Stock clients of the stack: psql, node-postgres and the raw one of tests, each over TLS with a token as password.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { connectPgWire, type PgWireClient } from '../pgwire.ts'
import { DATABASE } from './database.ts'

export interface Target {
  readonly host: string
  readonly port: number
  /** path of the authority's certificate */
  readonly ca: string
}

export interface ConnectOptions {
  readonly database?: string
  /** of the stack; `app` when absent */
  readonly resource?: string
  /** what the client says its name is; Chaperone believes the token alone */
  readonly user?: string
}

export interface Output {
  readonly stdout: string
  readonly stderr: string
  /** the signal's name when it did not end by itself */
  readonly code: number | string
}

const USER = 'anybody'
/** A hold in a test lasts seconds. */
const PSQL_WITHIN = 60_000

/** libpq's connection string without the password. */
export function conninfo(target: Target, options: ConnectOptions = {}): string {
  const { host, port, ca } = target
  const { user = USER, database = DATABASE } = options
  return `host=${host} port=${port} user=${user} dbname=${database} sslmode=verify-full sslrootcert=${ca}`
}

/**
 * Runs the stock psql. SQL goes to its standard input, statement by statement, and the output has neither header nor
 * alignment; a list is psql's own arguments.
 */
export function psql(
  target: Target,
  token: string,
  what: string | readonly string[],
  options: ConnectOptions = {},
): Promise<Output> {
  const args = typeof what === 'string' ? ['-X', '-A', '-t', '-f', '-'] : ['-X', ...what]
  return run('psql', [conninfo(target, options), ...args], token, typeof what === 'string' ? what : '')
}

/** Runs a program of libpq's with the token as its password. */
export function run(
  program: string,
  args: readonly string[],
  token: string,
  input = '',
  timeout = PSQL_WITHIN,
): Promise<Output> {
  const env = { PATH: process.env['PATH'], PGPASSWORD: token, PGCONNECT_TIMEOUT: '20', LC_ALL: 'C.UTF-8' }
  const child = spawn(program, args, { env, timeout, killSignal: 'SIGKILL' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // a client that was refused does not read its input
  child.stdin.on('error', () => undefined).end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ stdout, stderr, code: code ?? String(signal) }))
  })
}

/** node-postgres, connected; the caller ends it. Rejects with the server's error when refused. */
export async function connect(
  target: Target,
  token: string,
  options: ConnectOptions = {},
): Promise<pg.Client> {
  const { host, port } = target
  const { user = USER, database = DATABASE } = options
  const ssl = { ca: readFileSync(target.ca, 'utf8') }
  const client = new pg.Client({ host, port, user, database, password: token, ssl })
  // a server that ends the session is the test's to notice, not the process's to die of
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** The raw client after SSLRequest and TLS, not logged in. */
export async function wireTls(target: Target): Promise<PgWireClient> {
  const client = await connectPgWire({ host: target.host, port: target.port })
  await client.startTls({ ca: readFileSync(target.ca) })
  return client
}

/** The raw client, logged in. */
export async function wire(
  target: Target,
  token: string,
  options: ConnectOptions = {},
): Promise<PgWireClient> {
  const client = await wireTls(target)
  const { user = USER, database = DATABASE } = options
  await client.login({ user, database }, { password: token })
  return client
}
