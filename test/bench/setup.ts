// What is measured: Chaperone in front of a PostgreSQL server, and a plain Envoy in front of the same server.
import { readFileSync } from 'node:fs'
import { type Envoy, startEnvoy } from '../support/envoy.ts'
import { freePorts } from '../support/ports.ts'
import { run } from '../support/stack/clients.ts'
import { type Stack, startStack } from '../support/stack.ts'

/**
 * `plain, TLS` passes TLS on unread, and PostgreSQL ends it; in `plain, TLS ended` Envoy ends it, as it does for Chaperone.
 * A plain Envoy has no in-band negotiation, so there the client speaks TLS from the first byte (`sslnegotiation=direct`).
 */
export const PATHS = ['plain, clear', 'plain, TLS', 'plain, TLS ended', 'chaperone', 'requests-only'] as const
export type PathName = (typeof PATHS)[number]

/** One way to the database. */
export interface Path {
  readonly name: PathName
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly tls: 'none' | 'in band' | 'direct'
  readonly ca: string
}

export interface Bench {
  readonly stack: Stack
  readonly plain: Envoy
  readonly paths: readonly Path[]
  stop(): Promise<void>
}

export const ROWS = 500_000
const SCALE = 10

const PEOPLE = (table: string) => `
  CREATE TABLE ${table} AS
    SELECT n AS id, 'Name ' || n AS name, 'user' || n || '@example.com' AS email,
      lpad((n % 1000)::text, 3, '0') || '-12-' || lpad((n % 10000)::text, 4, '0') AS ssn,
      '4111' || lpad(n::text, 12, '0') AS card, (n % 100000) / 100.0 AS balance
    FROM generate_series(1, ${ROWS}) n;
  GRANT SELECT ON ${table} TO app_ro;
`

/** @param nodeArguments of the processor's Node, for a profile */
export async function startBench(nodeArguments: readonly string[]): Promise<Bench> {
  const stack = await startStack({
    services: 'built',
    nodeArguments,
    postgres: { settings: { max_connections: '1300', shared_buffers: '512MB', max_wal_size: '4GB' } },
    // One token opens the idle sessions.
    resource: { limits: { sessions: 3000, sessions_per_principal: 3000 } },
    resources: { fast: { process: 'requests-only', recording: 'commands' } },
    config: {
      masks: {
        people: { resources: ['app'], columns: ['public.people.ssn'] },
        cards: { resources: ['app'], columns: ['public.people.card'], strategy: 'partial' },
        mail: {
          resources: ['app'],
          columns: ['public.people_hashed.email'],
          strategy: 'hash',
          key: 'mask-key',
        },
      },
    },
  })
  try {
    await fill(stack)
    const [port = 0, ended = 0, admin = 0] = await freePorts(3)
    const plain = await startEnvoy(plainBootstrap(stack, { port, ended, admin }))
    const token = await stack.tokens.person(['analysts'])
    const { host, ca } = stack
    const guarded = { host, user: 'anybody', password: token, tls: 'in band', ca } as const
    const direct = { host, port, user: 'app_ro', password: readerPassword(stack), ca }
    return {
      stack,
      plain,
      paths: [
        { ...direct, name: 'plain, clear', tls: 'none' },
        { ...direct, name: 'plain, TLS', tls: 'in band' },
        { ...direct, name: 'plain, TLS ended', port: ended, tls: 'direct' },
        { ...guarded, name: 'chaperone', port: stack.port },
        { ...guarded, name: 'requests-only', port: stack.portOf('fast') },
      ],
      async stop() {
        await plain.stop()
        await stack.stop()
      },
    }
  } catch (error) {
    await stack.stop()
    throw error
  }
}

const readerPassword = (stack: Stack) => readFileSync(`${stack.folder}/secrets/app-ro`, 'utf8')

async function fill(stack: Stack): Promise<void> {
  const { postgres, superuser } = stack
  const { host, port, password } = postgres
  const conninfo = `host=${host} port=${port} user=postgres dbname=app`
  const made = await run('pgbench', ['-i', '-q', '-s', String(SCALE), conninfo], password, '', 300_000)
  if (made.code !== 0) throw new Error(made.stderr)
  await superuser('GRANT SELECT ON ALL TABLES IN SCHEMA public TO app_ro')
  for (const table of ['people', 'people_unmasked', 'people_hashed']) await superuser(PEOPLE(table))
  await superuser('VACUUM ANALYZE')
  await offerTls(stack)
}

/** TLS as an offer, not a demand: plain clients come with and without it. The server's user writes its own files. */
async function offerTls(stack: Stack): Promise<void> {
  const pair = stack.authority.issue({ name: 'database-offer', hosts: ['localhost', '127.0.0.1'] })
  for (const [file, source] of [
    ['server.crt', pair.certificate],
    ['server.key', pair.key],
  ] as const) {
    const lines = readFileSync(source, 'utf8').trim().split('\n')
    const rows = lines.map((line) => `('${line}')`).join(',')
    await stack.superuser(`COPY (VALUES ${rows}) TO PROGRAM 'umask 077; cat > ${file}'`)
  }
  await stack.superuser('ALTER SYSTEM SET ssl = on')
  await stack.superuser('SELECT pg_reload_conf()')
}

const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })

/** What is not Chaperone: tcp_proxy, with the breakers that 1,000 sessions need (E7). */
function plainBootstrap(stack: Stack, ports: { port: number; ended: number; admin: number }): object {
  const filters = [
    {
      name: 'tcp_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
        stat_prefix: 'plain',
        cluster: 'database',
      },
    },
  ]
  const pair = stack.authority.issue({ name: 'plain', hosts: ['localhost', '127.0.0.1'] })
  const tls = {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: {
        alpn_protocols: ['postgresql'],
        tls_certificates: [
          { certificate_chain: { filename: pair.certificate }, private_key: { filename: pair.key } },
        ],
      },
    },
  }
  return {
    admin: { address: address(ports.admin) },
    static_resources: {
      listeners: [
        { name: 'plain', address: address(ports.port), filter_chains: [{ filters }] },
        { name: 'ended', address: address(ports.ended), filter_chains: [{ filters, transport_socket: tls }] },
      ],
      clusters: [
        {
          name: 'database',
          type: 'STATIC',
          connect_timeout: '5s',
          circuit_breakers: { thresholds: [{ max_connections: 20_000, max_pending_requests: 20_000 }] },
          load_assignment: {
            cluster_name: 'database',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(stack.postgres.port) } }] }],
          },
        },
      ],
    },
  }
}
