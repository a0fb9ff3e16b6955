// pgbench's select-only script over one path: transactions a second, and CPU per transaction, once its clients are logged in.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { LIBPQ_18 } from '../support/postgres-cluster.ts'
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
/** Of each run, not counted: what is measured comes back to caches that hold the code of the path before it. */
const BEGINNING = 1
const RUNS_WITHIN = 120_000

/** @param seconds that are counted */
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
  // pgbench's clock runs while its clients log in, one after the other; it reports from then on.
  const duration = BEGINNING + seconds + Math.ceil(clients / LOGINS_PER_SECOND)
  const options = ['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(duration)]
  const reported = await reports([...options, conninfo(path)], path.password, () => ({
    envoy: cpuSeconds(envoy),
    processor: cpuSeconds(processor),
  }))
  const { hit, miss } = await analysed(bench)
  const [first, last] = [reported[0], reported.at(-1)]
  if (first === undefined || last === undefined || last.count === 0)
    throw new Error('pgbench ended before anything was measured')
  const micros = (of: 'envoy' | 'processor') => ((last.used[of] - first.used[of]) / last.count) * 1e6
  return {
    tps: last.count / (last.at - first.at),
    envoyCpu: micros('envoy'),
    processorCpu: micros('processor'),
    known: (hit - texts.hit) / (hit - texts.hit + miss - texts.miss),
  }
}

interface Report<T> {
  /** seconds of pgbench's clock */
  readonly at: number
  /** transactions since the first report */
  readonly count: number
  readonly used: T
}

/** Runs pgbench, and looks at what is used each time that it reports: once a second, and never before all clients are logged in. */
async function reports<T>(args: readonly string[], password: string, look: () => T): Promise<Report<T>[]> {
  const child = spawn('env', [LIBRARIES, 'pgbench', '-P', '1', '--progress-timestamp', ...args], {
    env: { PATH: process.env['PATH'], PGPASSWORD: password, LC_ALL: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUNS_WITHIN,
    killSignal: 'SIGKILL',
  })
  const found: Report<T>[] = []
  const said: string[] = []
  createInterface(child.stdout).on('line', (line) => said.push(line))
  createInterface(child.stderr).on('line', (line) => {
    const [, time, tps] = /^progress: ([\d.]+) s, ([\d.]+) tps.* 0 failed/.exec(line) ?? []
    if (time === undefined) return void said.push(line)
    const before = found.at(-1)
    const at = Number(time)
    const count = before === undefined ? 0 : before.count + Number(tps) * (at - before.at)
    found.push({ at, count, used: look() })
  })
  const [code] = await once(child, 'close')
  const failed = said.some((line) => /^number of failed transactions: [^0]/.test(line))
  if (code !== 0 || failed) throw new Error(`pgbench: ${said.join('\n')}`)
  return found
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
