// npm run proof:holds [-- STATEMENTS]: 500 statements held at once over two workers, and decided in random order.
import { cpus, loadavg } from 'node:os'
import { percentile } from '../../bench/statistics.ts'
import { numberArgument } from '../number-argument.ts'
import { holdMany, MOST } from './holds.ts'
import { judge } from './verdict.ts'

const count = Math.min(numberArgument(0, 'STATEMENTS', MOST), MOST)
const [load = 0] = loadavg()
const cores = cpus().length
const report = await holdMany(count, 'built')
const { held, approved, denied, workers, wrong } = report
console.log(`${held} held over workers ${workers.join(' and ')}; ${approved} approved, ${denied} denied`)
console.log(`load before: ${load.toFixed(1)} on ${cores} cores`)
const line = (samples: readonly number[]) =>
  [50, 95, 99, 100].map((rank) => `p${rank} ${percentile(samples, rank).toFixed(1)}`).join(', ')
console.log(`ms from sending an approval to the statement in the server: ${line(report.sinceSent)}`)
console.log(`ms from the answer to an approval: ${line(report.sinceAnswered)}`)
for (const fault of wrong.slice(0, 100)) console.log(fault)
const verdict = judge(report, count, { load, cores })
console.log(verdict.line)
process.exitCode = verdict.holds ? 0 : 1
