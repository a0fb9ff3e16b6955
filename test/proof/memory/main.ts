// npm run proof:memory [-- GIGABYTES [CASES]]: large results to slow and fast clients; memory of Envoy and of the services.
import { startStack } from '../../support/stack.ts'
import { numberArgument } from '../number-argument.ts'
import { CASES, play, RESOURCES } from './cases.ts'

const gigabytes = numberArgument(0, 'GIGABYTES', 10)
/** Above what was there when the result began, in MiB. */
const FLAT = 64
const wanted = process.argv[3]?.split(',')

// results that are recorded in full end at `recordings.max_session`
const stack = await startStack({
  services: 'built',
  resources: RESOURCES,
  config: { recordings: { directory: 'recordings', level: 'commands' } },
})
let good = true
try {
  for (const one of CASES) {
    if (wanted !== undefined && !wanted.includes(one.name)) continue
    const { bytes, seconds, ended, memory, grown } = await play(stack, one, gigabytes * 1e9)
    const holds = ended === undefined && bytes >= gigabytes * 1e9 && grown <= FLAT
    const verdict = holds ? '' : one.known === true ? ', does not, as is known' : ', FAILS'
    console.log(`${one.name}: ${(bytes / 1e9).toFixed(2)} GB in ${seconds.toFixed(0)} s${verdict}`)
    if (ended !== undefined) console.log(`  the session ended: ${ended}`)
    for (const { name, before, most } of memory)
      console.log(`  ${name}: ${before} MiB before, ${most} at most`)
    good &&= holds || one.known === true
  }
} finally {
  await stack.stop()
}
console.log(`proof:memory: ${good ? 'holds' : 'FAILS'}`)
process.exitCode = good ? 0 : 1
