// npm run proof:memory [-- GIGABYTES [CASES]]: large results to slow and fast clients; memory of Envoy and of the services.
import { startStack } from '../../support/stack.ts'
import { CASES, play, RESOURCES } from './cases.ts'

const gigabytes = Number(process.argv[2] ?? 10)
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
    const { told, holds } = await play(stack, one, gigabytes * 1e9)
    console.log(`${one.name}: ${told}${holds ? '' : ' FAILS'}`)
    good &&= holds
  }
} finally {
  await stack.stop()
}
console.log(`proof:memory: ${good ? 'holds' : 'FAILS'}`)
process.exitCode = good ? 0 : 1
