// npm run proof:fuzz [-- MINUTES [SEED]]: damaged input for every decoder, the analysis and whole sessions.

import { numberArgument } from '../number-argument.ts'
import { fuzz, HANGS } from './fuzz.ts'
import { targets } from './targets.ts'

const minutes = numberArgument(0, 'MINUTES', 60)
const seed = numberArgument(1, 'SEED', Date.now() % 1_000_000)
console.log(`${minutes} minutes with seed ${seed}`)
const all = fuzz(await targets(), minutes, seed)
for (const { name, runs, slowest, crashes } of all) {
  console.log(`${name}: ${runs} runs, slowest ${slowest.toFixed(1)} ms, ${crashes.length} crashes`)
  for (const crash of crashes) console.log(crash.slice(0, 4000))
}
const runs = all.reduce((sum, one) => sum + one.runs, 0)
const crashes = all.reduce((sum, one) => sum + one.crashes.length, 0)
const hangs = all.filter(({ slowest }) => slowest > HANGS).length
const good = crashes === 0 && hangs === 0
console.log(`proof:fuzz: ${runs} runs, ${crashes} crashes, ${hangs} hangs: ${good ? 'holds' : 'FAILS'}`)
process.exitCode = good ? 0 : 1
