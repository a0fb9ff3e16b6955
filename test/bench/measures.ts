// The measurements. Paths take turns within each, so that whatever else the machine does hits all of them.
import type pg from 'pg'
import { firstResult, logIn, type Reading, read } from './client.ts'
import { MODES, type Mode, type Throughput, throughput } from './pgbench.ts'
import { peakKiB, residentKiB } from './processes.ts'
import { type Bench, PATHS, type Path, type PathName, ROWS } from './setup.ts'
import { median, percentile } from './statistics.ts'

export interface Plan {
  readonly rounds: number
  /** of a round, that are counted */
  readonly seconds: number
  /** for each mode before the first round of any, on the paths through the processor: it has code to compile */
  readonly warmUp: number
  readonly clients: readonly number[]
  readonly logins: number
  readonly idle: number
}

export type ByPath<T> = Record<PathName, T>

const byPath = <T>(of: (name: PathName) => T): ByPath<T> =>
  Object.fromEntries(PATHS.map((name) => [name, of(name)])) as ByPath<T>

async function eachPath<T>(
  bench: Bench,
  rounds: number,
  measure: (path: Path) => Promise<T>,
): Promise<ByPath<T[]>> {
  const results = byPath((): T[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const path of bench.paths) results[path.name].push(await measure(path))
  }
  return results
}

const mapPaths = <T, U>(values: ByPath<T>, change: (value: T) => U): ByPath<U> =>
  byPath((name) => change(values[name]))

export interface ThroughputRow {
  readonly mode: Mode
  readonly clients: number
  readonly results: ByPath<Throughput>
}

/** Clients that warm up what is measured. */
const WARM_CLIENTS = 8
/** On the others nothing is compiled, and the first second of each run is not counted. */
const isProcessed = ({ name }: Path) => !name.startsWith('plain')
export async function measureThroughput(bench: Bench, plan: Plan): Promise<ThroughputRow[]> {
  const rows: ThroughputRow[] = []
  for (const mode of MODES) {
    for (const path of bench.paths.filter(isProcessed))
      await throughput(bench, path, WARM_CLIENTS, mode, plan.warmUp)
  }
  for (const mode of MODES) {
    for (const clients of plan.clients) {
      const samples = await eachPath(bench, plan.rounds, (path) =>
        throughput(bench, path, clients, mode, plan.seconds),
      )
      rows.push({ mode, clients, results: mapPaths(samples, typical) })
    }
  }
  return rows
}

const typical = (samples: readonly Throughput[]): Throughput => ({
  tps: median(samples.map((sample) => sample.tps)),
  envoyCpu: median(samples.map((sample) => sample.envoyCpu)),
  processorCpu: median(samples.map((sample) => sample.processorCpu)),
  known: median(samples.map((sample) => sample.known)),
})

/** Milliseconds. */
export interface Setup {
  readonly median: number
  readonly p95: number
  /** until the last of 32 that begin at once has its first result */
  readonly together: number
}

const TOGETHER = 32

export async function measureSetup(bench: Bench, plan: Plan): Promise<ByPath<Setup>> {
  const alone = await eachPath(bench, plan.logins, firstResult)
  const together = await eachPath(bench, plan.rounds, async (path) => {
    const start = performance.now()
    await Promise.all(Array.from({ length: TOGETHER }, () => firstResult(path)))
    return performance.now() - start
  })
  const ofOne = mapPaths(alone, (samples) => ({ median: median(samples), p95: percentile(samples, 95) }))
  const ofMany = mapPaths(together, median)
  return byPath((name) => ({ ...ofOne[name], together: ofMany[name] }))
}

export interface ReadingRow {
  readonly what: string
  readonly results: ByPath<Reading>
}

const READINGS = [
  ['nothing masked', 'people_unmasked'],
  ['two columns masked', 'people'],
  ['one column hashed', 'people_hashed'],
] as const

/** Reads in which Node compiles what every row runs; the first takes half as long again. */
const WARM_READS = 4

export async function measureReading(bench: Bench, plan: Plan): Promise<ReadingRow[]> {
  const rows: ReadingRow[] = []
  for (const [what, table] of READINGS) {
    await eachPath(bench, WARM_READS, (path) => read(path, `select * from ${table}`))
    const samples = await eachPath(bench, plan.rounds, (path) => read(path, `select * from ${table}`))
    const results = mapPaths(samples, (readings) => ({
      ms: median(readings.map((reading) => reading.ms)),
      bytes: readings[0]?.bytes ?? 0,
    }))
    rows.push({ what: `${ROWS.toLocaleString('en')} rows, ${what}`, results })
  }
  return rows
}

/** KiB. */
export interface Memory {
  readonly started: number
  readonly perIdleSession: number
  readonly envoyPerIdleSession: number
  readonly peak: number
}

/** First sessions that are not counted: they pay for code and caches that all share. */
const WARM = 100
const AT_ONCE = 25
const SETTLE_MS = 3_000

export async function measureMemory(bench: Bench, plan: Plan): Promise<Memory> {
  const path = bench.paths.find(({ name }) => name === 'chaperone')
  if (!path) throw new Error('invariant: there is no path through Chaperone')
  const { services, envoy } = bench.stack
  const started = residentKiB(services.pid)
  const clients: pg.Client[] = []
  const open = async (count: number) => {
    for (let left = count; left > 0; left -= AT_ONCE) {
      const batch = Array.from({ length: Math.min(AT_ONCE, left) }, () => logIn(path))
      clients.push(...(await Promise.all(batch)))
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  }
  await open(WARM)
  const before = [residentKiB(services.pid), residentKiB(envoy.pid)] as const
  await open(plan.idle)
  const after = [residentKiB(services.pid), residentKiB(envoy.pid)] as const
  await Promise.all(clients.map((client) => client.end()))
  return {
    started,
    perIdleSession: (after[0] - before[0]) / plan.idle,
    envoyPerIdleSession: (after[1] - before[1]) / plan.idle,
    peak: peakKiB(services.pid),
  }
}
