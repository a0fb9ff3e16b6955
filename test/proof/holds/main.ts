// npm run proof:holds [-- STATEMENTS]: 500 statements held at once over two workers, and decided in random order.
import { cpus, loadavg } from 'node:os'
import { percentile } from '../../bench/statistics.ts'
import { holdMany, MOST } from './holds.ts'

/** From a reviewer's sending an approval to the statement in the server, on a machine that does nothing else, in milliseconds. */
const AIM = 50

const count = Math.min(Number(process.argv[2] ?? MOST), MOST)
const [busy = 0] = loadavg()
const report = await holdMany(count, 'built')
const { held, approved, denied, workers, wrong } = report
console.log(`${held} held over workers ${workers.join(' and ')}; ${approved} approved, ${denied} denied`)
console.log(`load before: ${busy.toFixed(1)} on ${cpus().length} cores`)
const line = (samples: readonly number[]) =>
  [50, 95, 99, 100].map((rank) => `p${rank} ${percentile(samples, rank).toFixed(1)}`).join(', ')
console.log(`ms from sending an approval to the statement in the server: ${line(report.sinceSent)}`)
console.log(`ms from the answer to an approval: ${line(report.sinceAnswered)}`)
for (const fault of wrong.slice(0, 100)) console.log(fault)
const p99 = percentile(report.sinceSent, 99)
const good = wrong.length === 0 && held === count && workers.every((holds) => holds > 0)
console.log(
  `proof:holds: ${wrong.length} went otherwise than decided: ${good ? 'holds' : 'FAILS'}; p99 ${p99 <= AIM ? 'within' : 'beyond'} ${AIM} ms`,
)
process.exitCode = good ? 0 : 1
