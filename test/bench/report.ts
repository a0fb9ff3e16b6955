// The results as Markdown.
import { cpus } from 'node:os'
import type { ByPath, Memory, ReadingRow, Setup, ThroughputRow } from './measures.ts'
import type { Throughput } from './pgbench.ts'

export interface Results {
  readonly throughput: readonly ThroughputRow[]
  readonly setup: ByPath<Setup>
  readonly reading: readonly ReadingRow[]
  readonly memory: Memory
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const whole = (value: number) => Math.round(value).toLocaleString('en')
const NONE = '-'
const optional = (value: number | undefined) => (value === undefined ? NONE : whole(value))
const ratio = (value: number) => value.toFixed(2)

export function markdown(results: Results): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`
  return [
    `Machine: ${machine}`,
    '## Throughput, select-only',
    throughputTable(results.throughput),
    '## CPU per transaction, microseconds',
    cpuTable(results.throughput),
    '## Against the aims',
    aimsTable(results),
    '## From nothing to the first result, milliseconds',
    setupTable(results.setup),
    '## Reading',
    readingTable(results.reading),
    '## Memory of the processor',
    memoryTable(results.memory),
  ].join('\n\n')
}

function throughputTable(rows: readonly ThroughputRow[]): string {
  return table(
    [
      'mode',
      'clients',
      'plain, clear tps',
      'plain, TLS tps',
      'Chaperone tps',
      'to plain, TLS',
      'to plain, clear',
      'requests-only, to plain, TLS',
    ],
    rows.map(({ mode, clients, results }) => {
      const { 'plain, clear': clear, 'plain, TLS': tls, chaperone, 'requests-only': fast } = results
      return [
        mode,
        String(clients),
        whole(clear.tps),
        whole(tls.tps),
        whole(chaperone.tps),
        ratio(chaperone.tps / tls.tps),
        ratio(chaperone.tps / clear.tps),
        fast ? ratio(fast.tps / tls.tps) : NONE,
      ]
    }),
  )
}

function cpuTable(rows: readonly ThroughputRow[]): string {
  return table(
    [
      'mode',
      'clients',
      'plain Envoy, TLS passed on',
      'plain Envoy, TLS ended',
      'Envoy',
      'processor',
      'Envoy, requests-only',
      'processor, requests-only',
    ],
    rows.map(({ mode, clients, results }) => [
      mode,
      String(clients),
      whole(results['plain, TLS'].envoyCpu),
      whole(results['plain, TLS ended'].envoyCpu),
      whole(results.chaperone.envoyCpu),
      whole(results.chaperone.processorCpu),
      optional(results['requests-only']?.envoyCpu),
      optional(results['requests-only']?.processorCpu),
    ]),
  )
}

/** CPU of everything between client and server, against that of the plain Envoy; the aims are those of docs/performance.md. */
function aimsTable({ throughput, reading }: Results): string {
  const cpu = ({ envoyCpu, processorCpu }: Throughput) => envoyCpu + processorCpu
  const rows = throughput
    .filter(({ clients }) => clients === 8)
    .map(
      ({
        mode,
        results: { 'plain, TLS': plain, 'plain, TLS ended': ended, chaperone, 'requests-only': fast },
      }) => {
        const [full, quick] = [cpu(chaperone), fast && cpu(fast)]
        return [
          `CPU per query, ${mode}, 8 clients`,
          ratio(full / plain.envoyCpu),
          '4.50',
          ratio(full / ended.envoyCpu),
          quick === undefined ? NONE : ratio(quick / plain.envoyCpu),
          '3.00',
          quick === undefined ? NONE : ratio(quick / ended.envoyCpu),
          percent(chaperone.known),
        ]
      },
    )
  const reads = reading.map(({ what, results: { 'plain, TLS': plain, chaperone } }) => [
    `time of ${what}`,
    ratio(chaperone.ms / plain.ms),
    what.includes('two columns masked') ? '1.50' : NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
  ])
  const head = [
    ...['times plain, TLS', 'everything on', 'aim', 'times TLS ended'],
    ...['requests-only', 'aim', 'times TLS ended', 'texts known from before'],
  ]
  return table(head, [...rows, ...reads])
}

const percent = (share: number) => (Number.isNaN(share) ? NONE : `${(share * 100).toFixed(1)} %`)

function setupTable(results: ByPath<Setup>): string {
  return table(
    ['path', 'median', '95th percentile', '32 at once'],
    Object.entries(results).map(([path, { median, p95, together }]) => [
      path,
      median.toFixed(1),
      p95.toFixed(1),
      whole(together),
    ]),
  )
}

function readingTable(rows: readonly ReadingRow[]): string {
  return table(
    ['read', 'plain, clear ms', 'plain, TLS ms', 'Chaperone ms', 'times plain, TLS', 'MB'],
    rows.map(({ what, results }) => {
      const { 'plain, clear': clear, 'plain, TLS': tls, chaperone } = results
      const size = (clear.bytes / 1e6).toFixed(1)
      return [what, whole(clear.ms), whole(tls.ms), whole(chaperone.ms), ratio(chaperone.ms / tls.ms), size]
    }),
  )
}

function memoryTable(memory: Memory): string {
  return table(
    ['what', 'KiB'],
    [
      ['processor before any session', whole(memory.started)],
      ['processor, for each idle session', memory.perIdleSession.toFixed(1)],
      ['Envoy, for each idle session', memory.envoyPerIdleSession.toFixed(1)],
      ['processor, the most in this run', whole(memory.peak)],
    ],
  )
}
