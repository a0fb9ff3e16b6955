// The whole of Chaperone on loopback: PostgreSQL, an OpenID Connect issuer, the services and the real Envoy.
// Tests, the demo and the benchmark start it; nothing in it is a stand-in.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { splitHostPort } from '../../src/config/address.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config, ConfigInput } from '../../src/config/schema.ts'
import { envoyBootstrap } from '../../src/envoy/bootstrap.ts'
import { listRecordings, type RecordingSummary } from '../../src/recording/read.ts'
import { type Envoy, startEnvoy } from './envoy.ts'
import type { TestIssuer, Workload } from './issuer.ts'
import { CONSOLE_CLIENT } from './issuer-accounts.ts'
import { type Authority, createAuthority } from './keys.ts'
import type { PgWireClient } from './pgwire.ts'
import { freePorts } from './ports.ts'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
import { type ConnectOptions, connect, conninfo, type Output, psql, wire, wireTls } from './stack/clients.ts'
import {
  type ConsoleOptions,
  type ResourceInput,
  type UpstreamTls,
  writeConfiguration,
  writeSecret,
} from './stack/configuration.ts'
import { createDatabase, DATABASE, READER, WRITER } from './stack/database.ts'
import { type Identities, startIdentities, type Tokens } from './stack/identities.ts'
import { createReviews, type Reviews } from './stack/reviews.ts'
import { type Placement, type RunningServices, runServices } from './stack/services.ts'
import { temporaryDirectory } from './tmp.ts'

export interface StackOptions {
  readonly postgres?: Pick<PostgresOptions, 'version' | 'hba' | 'settings'>
  /** TLS from Envoy to PostgreSQL; `disable` when absent. The server then takes nothing else */
  readonly upstreamTls?: UpstreamTls['mode']
  /** with `verify-full`: other than the fixture's, to show what is not talked to */
  readonly verify?: { readonly ca?: string; readonly server_name?: string }
  /** over the fixture's resource `app` */
  readonly resource?: Partial<ResourceInput>
  /** further resources on the same database, each over the fixture's, each on a port of its own */
  readonly resources?: Readonly<Record<string, Partial<ResourceInput>>>
  /** added to the fixture's, or in place of those of the same name */
  readonly policies?: NonNullable<ConfigInput['policies']>
  readonly masks?: NonNullable<ConfigInput['masks']>
  /** pages for people on the admin port, with these settings over the fixture's; none when absent */
  readonly console?: ConsoleOptions
  /** `admin.operators`, with the console */
  readonly operators?: readonly string[]
  /** sections of chaperone.yaml that take the place of the fixture's; resources are added */
  readonly config?: Partial<ConfigInput>
  /** clients of the workloads' issuer beyond the fixture's */
  readonly workloads?: Readonly<Record<string, Workload>>
  /** Envoy's worker threads; 1 when absent */
  readonly concurrency?: number
  /** where the services run; `in-process` when absent */
  readonly services?: Placement
  /** changes what Envoy is started with */
  readonly bootstrap?: (bootstrap: object) => object
  /** arguments of node for services of their own process */
  readonly nodeArguments?: readonly string[]
}

export interface Stack {
  readonly host: string
  /** of the resource `app` */
  readonly port: number
  /** of another resource. @throws when there is none of that name */
  portOf(resource: string): number
  /** path of the certificate of the authority that signed Envoy's */
  readonly ca: string
  /** holds chaperone.yaml, secrets, recordings, audit.jsonl */
  readonly folder: string
  readonly configFile: string
  readonly config: Config
  readonly authority: Authority
  readonly issuers: { readonly people: TestIssuer; readonly workloads: TestIssuer }
  readonly tokens: Tokens
  readonly postgres: Postgres
  readonly envoy: Envoy
  readonly services: RunningServices
  /** URL of health, metrics and the approvals API */
  readonly admin: string
  readonly reviews: Reviews
  /** libpq's connection string without the password */
  conninfo(options?: ConnectOptions): string
  /** node-postgres, connected; the caller ends it */
  connect(token: string, options?: ConnectOptions): Promise<pg.Client>
  /** the raw client, logged in */
  wire(token: string, options?: ConnectOptions): Promise<PgWireClient>
  /** the raw client after TLS, not logged in */
  wireTls(): Promise<PgWireClient>
  /** Stock psql: SQL on its standard input with plain output, or its own arguments. */
  psql(token: string, what: string | readonly string[], options?: ConnectOptions): Promise<Output>
  /** as superuser, straight to the database `app` */
  superuser(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  recordings(): Promise<RecordingSummary[]>
  audit(): Record<string, unknown>[]
  /** text of /metrics */
  metrics(): Promise<string>
  /** Envoy's counters and gauges whose name matches */
  envoyStats(filter: RegExp): Promise<Record<string, number>>
  /** Changes the password of `app_rw` or `app_ro` in the server, then the secret; returns once Envoy has it. */
  rotateSecret(name: 'app-rw' | 'app-ro', value: string): Promise<void>
  /** Starts services anew after `services.kill`. */
  restartServices(): Promise<void>
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
/** From a changed file to Envoy, in milliseconds; the files are watched. */
const ROTATED_WITHIN = 15_000

/** Starts everything. When a part does not start, those that had are stopped again. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const undo: (() => void | Promise<void>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return await assemble(options, (step) => undo.push(step), stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function assemble(
  options: StackOptions,
  defer: (step: () => void | Promise<void>) => void,
  stop: () => Promise<void>,
): Promise<Stack> {
  const folder = temporaryDirectory('stack')
  defer(() => folder.remove())
  const authority = createAuthority(folder.path)
  const passwords = {
    'app-rw': newPassword(),
    'app-ro': newPassword(),
    'mask-key': newPassword(),
    ...(options.console && { 'console-client': CONSOLE_CLIENT.secret }),
  }
  for (const [name, value] of Object.entries(passwords)) writeSecret(folder.path, name, value)
  const [postgres, identities] = await startServers(options, authority, passwords, defer)

  const [listen = 0, admin = 0, envoyAdmin = 0] = await freePorts(3)
  const configFile = writeConfiguration({
    folder: folder.path,
    listen,
    admin,
    envoyAdmin,
    upstream: postgres.port,
    upstreamTls: upstreamTls(options, authority),
    passwordless: options.postgres?.hba === 'cert' || options.postgres?.hba === 'trust',
    issuers: { people: identities.people.issuer, workloads: identities.workloads.issuer },
    certificates: {
      server: authority.issue({ name: 'server', hosts: ['localhost', HOST] }),
      // the common name is the role that it logs in as, where the server asks for a certificate
      client: authority.issue({ name: WRITER }),
    },
    console: options.console,
    operators: options.operators,
    config: options.config ?? {},
    policies: options.policies ?? {},
    masks: options.masks ?? {},
    resource: options.resource ?? {},
    resources: await withPorts(options.resources ?? {}),
  })
  const config = loadConfig(configFile)
  const run = () => runServices(options.services ?? 'in-process', config, configFile, options.nodeArguments)
  let services = await run()
  defer(() => services.stop())
  const { bootstrap = (unchanged: object) => unchanged } = options
  const envoy = await startEnvoy(bootstrap(envoyBootstrap(config)), options)
  defer(() => envoy.stop())

  const target = { host: HOST, port: listen, ca: authority.certificate }
  const portOf = (resource: string) => {
    const found = config.resources[resource]
    if (!found) throw new Error(`the stack has no resource ${resource}`)
    return splitHostPort(found.listen).port
  }
  const targetOf = ({ resource }: ConnectOptions = {}) =>
    resource === undefined ? target : { ...target, port: portOf(resource) }
  const adminUrl = `http://${HOST}:${admin}`
  const superuser: Stack['superuser'] = (sql, values) => postgres.query(sql, values, DATABASE)
  return {
    ...target,
    portOf,
    folder: folder.path,
    configFile,
    config,
    authority,
    issuers: identities,
    tokens: identities.tokens,
    postgres,
    envoy,
    get services() {
      return services
    },
    admin: adminUrl,
    reviews: createReviews(adminUrl, identities.tokens),
    conninfo: (more) => conninfo(targetOf(more), more),
    connect: (token, more) => connect(targetOf(more), token, more),
    wire: (token, more) => wire(targetOf(more), token, more),
    wireTls: () => wireTls(target),
    psql: (token, what, more) => psql(targetOf(more), token, what, more),
    superuser,
    recordings: () => listRecordings(join(folder.path, 'recordings')),
    audit: () => jsonLines(join(folder.path, 'audit.jsonl')),
    metrics: async () => (await fetch(`${adminUrl}/metrics`)).text(),
    envoyStats: (filter) => envoyStats(envoy, filter),
    rotateSecret: async (name, value) => {
      const before = await updates(envoy)
      const role = name === 'app-rw' ? WRITER : READER
      await superuser(`ALTER ROLE ${role} PASSWORD '${value.replaceAll("'", "''")}'`)
      writeSecret(folder.path, name, value)
      await untilUpdated(envoy, before)
    },
    async restartServices() {
      services = await run()
    },
    stop,
  }
}

async function startServers(
  options: StackOptions,
  authority: Authority,
  passwords: Readonly<Record<'app-rw' | 'app-ro', string>>,
  defer: (step: () => void | Promise<void>) => void,
): Promise<[Postgres, Identities]> {
  const encrypted = (options.upstreamTls ?? 'disable') !== 'disable'
  const pair = authority.issue({ name: 'database', hosts: ['localhost', HOST] })
  const tls = { cert: pair.certificate, key: pair.key, ca: authority.certificate }
  const identities = await startIdentities(options.workloads)
  defer(() => identities.close())
  const postgres = await startPostgres({
    ...options.postgres,
    ...(encrypted ? { tls } : {}),
    users: [
      { name: WRITER, password: passwords['app-rw'] },
      { name: READER, password: passwords['app-ro'] },
    ],
  })
  defer(() => postgres.stop())
  await createDatabase(postgres)
  return [postgres, identities]
}

function upstreamTls(options: StackOptions, authority: Authority): UpstreamTls {
  const mode = options.upstreamTls ?? 'disable'
  if (mode === 'disable') return { mode }
  const certificate = options.postgres?.hba === 'cert' ? { certificate: 'client' } : {}
  return mode === 'require'
    ? { mode, ...certificate }
    : { mode, ca: authority.certificate, ...options.verify, ...certificate }
}

async function withPorts(resources: NonNullable<StackOptions['resources']>) {
  const names = Object.keys(resources)
  const ports = await freePorts(names.length)
  return Object.fromEntries(
    names.map((name, index) => [name, { ...resources[name], listen: `${HOST}:${ports[index]}` }]),
  )
}

const newPassword = () => randomBytes(18).toString('base64url')

function jsonLines(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function envoyStats(envoy: Envoy, filter: RegExp): Promise<Record<string, number>> {
  const response = await fetch(`${envoy.adminUrl}/stats?format=json`)
  const { stats } = (await response.json()) as { stats: { name?: string; value?: number }[] }
  const wanted = stats.flatMap(({ name, value }) =>
    name !== undefined && value !== undefined && filter.test(name) ? [[name, value] as const] : [],
  )
  return Object.fromEntries(wanted)
}

/** How many secrets Envoy has taken from secret discovery. */
async function updates(envoy: Envoy): Promise<number> {
  const stats = await envoyStats(envoy, /sds.*update_success$/)
  return Object.values(stats).reduce((sum, value) => sum + value, 0)
}

async function untilUpdated(envoy: Envoy, before: number): Promise<void> {
  const deadline = Date.now() + ROTATED_WITHIN
  while ((await updates(envoy)) <= before) {
    if (Date.now() > deadline) throw new Error('Envoy did not take the changed secret')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
