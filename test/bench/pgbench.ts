// pgbench's select-only script over one path: transactions a second, and CPU per transaction.
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
}

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
  const before = [cpuSeconds(envoy), cpuSeconds(processor)] as const
  // pgbench's clock runs while its clients log in, one after the other; its tps leaves that time out.
  const duration = seconds + Math.ceil(clients / LOGINS_PER_SECOND)
  const options = ['-n', '-S', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(duration)]
  const done = await run('pgbench', [...options, conninfo(path)], path.password, '', 120_000)
  const after = [cpuSeconds(envoy), cpuSeconds(processor)] as const
  const tps = Number(/tps = ([\d.]+)/.exec(done.stdout)?.[1])
  const count = Number(/transactions actually processed: (\d+)/.exec(done.stdout)?.[1])
  const failed = Number(/number of failed transactions: (\d+)/.exec(done.stdout)?.[1])
  if (done.code !== 0 || failed !== 0 || !(tps > 0)) throw new Error(`pgbench: ${done.stdout}${done.stderr}`)
  const micros = (seconds: number) => (seconds / count) * 1e6
  return { tps, envoyCpu: micros(after[0] - before[0]), processorCpu: micros(after[1] - before[1]) }
}

function conninfo(path: Path): string {
  const tls = path.tls ? `sslmode=verify-full sslrootcert=${path.ca}` : 'sslmode=disable'
  return `host=${path.host} port=${path.port} user=${path.user} dbname=app ${tls}`
}
