// pgbench's select-only script over one path: transactions a second, and CPU per transaction.
import { LIBPQ_18 } from '../support/postgres-cluster.ts'
import { run } from '../support/stack/clients.ts'
import { cpuSeconds } from './processes.ts'
import type { Bench, Path } from './setup.ts'

export const MODES = ['simple', 'extended', 'prepared'] as const
export type Mode = (typeof MODES)[number]

export interface Throughput {
  readonly tps: number
  /** microseconds of CPU per transaction */
  readonly envoyCpu: number
  readonly processorCpu: number
  /** share of the texts whose analysis was known from before; NaN when no text came */
  readonly known: number
}

/** The server's libpq in place of the system's: before 17 it knows no direct TLS. */
const LIBRARIES = `LD_LIBRARY_PATH=${LIBPQ_18}`
/** Few, since a busy machine must do as well. */
const LOGINS_PER_SECOND = 20

export async function throughput(
  bench: Bench,
  path: Path,
  clients: number,
  mode: Mode,
  seconds: number,
): Promise<Throughput> {
  const envoy = path.name.startsWith('plain') ? bench.plain.pid : bench.stack.envoy.pid
  const processor = bench.stack.services.pid
  const texts = await analysed(bench)
  const before = [cpuSeconds(envoy), cpuSeconds(processor)] as const
  // pgbench's clock runs while its clients log in, one after the other; its tps leaves that time out.
  const duration = seconds + Math.ceil(clients / LOGINS_PER_SECOND)
  const options = ['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(duration)]
  const done = await run(
    'env',
    [LIBRARIES, 'pgbench', ...options, conninfo(path)],
    path.password,
    '',
    120_000,
  )
  const after = [cpuSeconds(envoy), cpuSeconds(processor)] as const
  const { hit, miss } = await analysed(bench)
  const tps = Number(/tps = ([\d.]+)/.exec(done.stdout)?.[1])
  const count = Number(/transactions actually processed: (\d+)/.exec(done.stdout)?.[1])
  const failed = Number(/number of failed transactions: (\d+)/.exec(done.stdout)?.[1])
  if (done.code !== 0 || failed !== 0 || !(tps > 0)) throw new Error(`pgbench: ${done.stdout}${done.stderr}`)
  const micros = (seconds: number) => (seconds / count) * 1e6
  return {
    tps,
    envoyCpu: micros(after[0] - before[0]),
    processorCpu: micros(after[1] - before[1]),
    known: (hit - texts.hit) / (hit - texts.hit + miss - texts.miss),
  }
}

/** Texts so far, by whether their analysis was known. */
async function analysed({ stack }: Bench): Promise<{ readonly hit: number; readonly miss: number }> {
  const metrics = await (await fetch(`${stack.admin}/metrics`)).text()
  const count = (outcome: string) =>
    [
      ...metrics.matchAll(
        new RegExp(`^chaperone_analysis_cache_total\\{.*outcome="${outcome}"\\} (\\d+)$`, 'gm'),
      ),
    ]
      .map(([, value]) => Number(value))
      .reduce((sum, value) => sum + value, 0)
  return { hit: count('hit'), miss: count('miss') }
}

function conninfo(path: Path): string {
  const verified = `sslmode=verify-full sslrootcert=${path.ca}`
  const tls = { none: 'sslmode=disable', 'in band': verified, direct: `${verified} sslnegotiation=direct` }[
    path.tls
  ]
  return `host=${path.host} port=${path.port} user=${path.user} dbname=app ${tls}`
}
