// npm run proof:memory [-- GIGABYTES]: a large result to a client that reads slowly; memory of Envoy and of the services.
import { startStack } from '../../support/stack.ts'
import { drainSlowly } from './drain.ts'
import { watchMemory } from './watch.ts'

const gigabytes = Number(process.argv[2] ?? 10)
/** Rows of 1,000 bytes and some. */
const ROW = 1000
/** Above what was there when the result began, in MiB. */
const FLAT = 64

// results that are recorded in full end at `recordings.max_session`
const stack = await startStack({
  services: 'built',
  config: { recordings: { directory: 'recordings', level: 'commands' } },
})
let good = false
try {
  const token = await stack.tokens.person(['engineers'])
  const warm = `COPY (SELECT repeat('x', ${ROW}) FROM generate_series(1, 100000)) TO STDOUT`
  await drainSlowly(stack.conninfo(), token, warm)
  const memory = watchMemory({ Envoy: stack.envoy.pid, services: stack.services.pid })
  const rows = Math.round((gigabytes * 1e9) / ROW)
  const sql = `COPY (SELECT repeat('x', ${ROW}) FROM generate_series(1, ${rows})) TO STDOUT`
  const { bytes, seconds } = await drainSlowly(stack.conninfo(), token, sql).finally(memory.stop)
  const seen = memory.stop()
  console.log(`${(bytes / 1e9).toFixed(2)} GB in ${seconds.toFixed(0)} s`)
  for (const { name, before, most } of seen) console.log(`${name}: ${before} MiB before, ${most} MiB at most`)
  good = bytes >= gigabytes * 1e9 && seen.every(({ before, most }) => most - before <= FLAT)
} finally {
  await stack.stop()
}
console.log(`proof:memory: ${good ? 'holds' : 'FAILS'}`)
process.exitCode = good ? 0 : 1
