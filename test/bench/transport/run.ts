// npm run bench:transport [-- --profile DIRECTORY]
// What Envoy's way to a processor and back costs when nothing is judged: CPU of Envoy and of the processor for a statement,
// and for a result of 58 MB, with grpc-js and with Chaperone's own server, in turns, beside an Envoy without a processor.
// What `own` costs, no processor on it can undercut.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Envoy, startEnvoy } from '../../support/envoy.ts'
import { freePorts } from '../../support/ports.ts'
import { startPostgres } from '../../support/postgres.ts'
import { run } from '../../support/stack/clients.ts'
import { temporaryDirectory } from '../../support/tmp.ts'
import { cpuSeconds } from '../processes.ts'
import { median } from '../statistics.ts'

const KINDS = ['plain', 'grpc-js', 'own', 'own, requests only'] as const
type Kind = (typeof KINDS)[number]
const ROUNDS = 5
const SECONDS = 2
const PROCESSOR = fileURLToPath(new URL('processor.ts', import.meta.url))
const PEOPLE = `CREATE TABLE people AS SELECT n AS id, 'Name ' || n AS name, 'user' || n || '@example.com' AS email,
  lpad((n % 1000)::text, 3, '0') || '-12-' || lpad((n % 10000)::text, 4, '0') AS ssn,
  '4111' || lpad(n::text, 12, '0') AS card, (n % 100000) / 100.0 AS balance FROM generate_series(1, 500000) n`

interface Side {
  readonly kind: Kind
  readonly port: number
  readonly envoy: Envoy
  readonly processor?: ChildProcess
}

const { values } = parseArgs({ options: { profile: { type: 'string' } } })
const folder = temporaryDirectory('transport')
const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`
const tcp = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })
const filter = (name: string, config: object) => ({
  name,
  typed_config: { '@type': type(name), stat_prefix: 'bench', ...config },
})
const cluster = (name: string, address: object, rest: object = {}) => ({
  name,
  type: 'STATIC',
  connect_timeout: '5s',
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  ...rest,
})

function bootstrap(
  { port, admin, database }: { port: number; admin: number; database: number },
  kind: Kind,
  socket: string,
): object {
  const proxy = filter('filters.network.tcp_proxy.v3.TcpProxy', { cluster: 'database' })
  const extProc = filter('filters.network.ext_proc.v3.NetworkExternalProcessor', {
    grpc_service: { envoy_grpc: { cluster_name: 'processor' } },
    message_timeout: '0s',
    processing_mode: {
      process_read: 'STREAMED',
      process_write: kind === 'own, requests only' ? 'SKIP' : 'STREAMED',
    },
  })
  const http2 = {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  }
  const processor = kind === 'plain' ? [] : [cluster('processor', { pipe: { path: socket } }, http2)]
  const filters = kind === 'plain' ? [proxy] : [extProc, proxy]
  return {
    admin: { address: tcp(admin) },
    static_resources: {
      listeners: [{ name: 'bench', address: tcp(port), filter_chains: [{ filters }] }],
      clusters: [cluster('database', tcp(database)), ...processor],
    },
  }
}

async function start(kind: Kind, database: number): Promise<Side> {
  const [port = 0, admin = 0] = await freePorts(2)
  const socket = join(folder.path, kind.replaceAll(/\W/g, ''))
  const configuration = bootstrap({ port, admin, database }, kind, socket)
  if (kind === 'plain') return { kind, port, envoy: await startEnvoy(configuration) }
  const profile =
    values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', join(values.profile, kind)]
  const args = ['--import', 'tsx', ...profile, PROCESSOR, kind === 'grpc-js' ? kind : 'own', socket]
  const processor = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (processor.stdout) await once(processor.stdout, 'data')
  return { kind, port, processor, envoy: await startEnvoy(configuration) }
}

interface Cost {
  readonly envoy: number
  readonly processor: number
  /** seconds by the clock */
  readonly took: number
}

async function cost({ envoy, processor }: Side, work: () => Promise<unknown>): Promise<Cost> {
  const used = () => [cpuSeconds(envoy.pid), processor?.pid ? cpuSeconds(processor.pid) : 0] as const
  const before = used()
  const began = performance.now()
  await work()
  const took = (performance.now() - began) / 1000
  const after = used()
  return { envoy: after[0] - before[0], processor: after[1] - before[1], took }
}

const conninfo = (port: number) => `host=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=disable`

/** Microseconds of CPU for one prepared SELECT of pgbench's, of eight clients. */
async function statement(side: Side): Promise<Cost> {
  let count = Number.NaN
  const spent = await cost(side, async () => {
    const args = ['-n', '-S', '-M', 'prepared', '-c', '8', '-T', String(SECONDS), conninfo(side.port)]
    const { stdout } = await run('pgbench', args, '', '', 60_000)
    count = Number(/transactions actually processed: (\d+)/.exec(stdout)?.[1])
  })
  return { ...spent, envoy: (spent.envoy / count) * 1e6, processor: (spent.processor / count) * 1e6 }
}

/** Milliseconds of CPU for 500,000 rows. */
async function result(side: Side): Promise<Cost> {
  const sql = '\\copy (select * from people) to /dev/null'
  const spent = await cost(side, () => run('psql', ['-X', conninfo(side.port), '-c', sql], '', '', 60_000))
  return { ...spent, envoy: spent.envoy * 1e3, processor: spent.processor * 1e3 }
}

const postgres = await startPostgres({ hba: 'trust', settings: { shared_buffers: '256MB' } })
const sides: Side[] = []
try {
  await run('pgbench', ['-i', '-q', '-s', '5', conninfo(postgres.port)], '', '', 120_000)
  await postgres.query(PEOPLE)
  for (const kind of KINDS) sides.push(await start(kind, postgres.port))
  const statements = new Map<Kind, Cost[]>(KINDS.map((kind) => [kind, []]))
  const results = new Map<Kind, Cost[]>(KINDS.map((kind) => [kind, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of sides) {
      statements.get(side.kind)?.push(await statement(side))
      results.get(side.kind)?.push(await result(side))
    }
  }
  const middle = (costs: readonly Cost[] = []) => ({
    envoy: median(costs.map((one) => one.envoy)),
    processor: median(costs.map((one) => one.processor)),
    took: median(costs.map((one) => one.took)),
  })
  const plain = { statement: middle(statements.get('plain')), result: middle(results.get('plain')) }
  const lines = KINDS.map((kind) => {
    const one = { statement: middle(statements.get(kind)), result: middle(results.get(kind)) }
    const cpu = (one.statement.envoy + one.statement.processor) / plain.statement.envoy
    const cells = [
      kind,
      one.statement.envoy.toFixed(0),
      one.statement.processor.toFixed(0),
      cpu.toFixed(2),
      one.result.envoy.toFixed(0),
      one.result.processor.toFixed(0),
      (one.result.took / plain.result.took).toFixed(2),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const head = [
    '',
    'Envoy, µs a statement',
    'processor, µs a statement',
    'times plain',
    'Envoy, ms for 58 MB',
    'processor, ms for 58 MB',
    'times plain, by the clock',
  ]
  process.stdout.write(`| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}\n${lines.join('\n')}\n`)
} finally {
  for (const { envoy, processor } of sides) {
    processor?.kill('SIGTERM')
    await envoy.stop()
  }
  await postgres.stop()
}
