// npm run bench [-- --quick] [--json FILE] [--profile DIRECTORY]
// Chaperone against a plain Envoy in one run, in turns, with the same PostgreSQL. Needs `npm run build` first.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { measureMemory, measureReading, measureSetup, measureThroughput, type Plan } from './measures.ts'
import { markdown } from './report.ts'
import { startBench } from './setup.ts'

const FULL: Plan = { rounds: 3, seconds: 8, warmUp: 15, clients: [1, 8, 64], logins: 50, idle: 1000 }
const QUICK: Plan = { rounds: 2, seconds: 4, warmUp: 10, clients: [8], logins: 10, idle: 200 }

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string', default: '.cache/bench.json' },
    profile: { type: 'string' },
  },
})
const plan = values.quick ? QUICK : FULL
const say = (text: string) => void process.stderr.write(`${text}\n`)

const bench = await startBench(
  values.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', values.profile],
)
try {
  say('bench: memory of idle sessions')
  const memory = await measureMemory(bench, plan)
  say('bench: connection setup')
  const setup = await measureSetup(bench, plan)
  say('bench: reading')
  const reading = await measureReading(bench, plan)
  say('bench: throughput')
  const throughput = await measureThroughput(bench, plan)
  const results = { throughput, setup, reading, memory }
  process.stdout.write(`${markdown(results)}\n`)
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
} finally {
  await bench.stop()
}
