// npm run proof:kill [-- KILLS]: kills the services a thousand times and says what is missing from the record.

import { numberArgument } from '../number-argument.ts'
import { killAtRandom } from './kill.ts'

const kills = numberArgument(0, 'KILLS', 1000)
const report = await killAtRandom(kills, 'built', (done) => {
  if (done % 50 === 0) console.log(`${done} kills`)
})
const { sent, acknowledged, stored, ways, missing, tampered } = report
console.log(`${kills} kills: ${sent} statements sent, ${acknowledged} acknowledged, ${stored} stored`)
console.log(
  `acknowledged: ${Object.entries(ways)
    .map(([way, count]) => `${way} ${count}`)
    .join(', ')}`,
)
for (const line of [...missing, ...tampered].slice(0, 100)) console.log(line)
const played = acknowledged > kills && Object.values(ways).every((count) => count > 0)
const good = missing.length === 0 && tampered.length === 0 && played
console.log(
  `proof:kill: ${missing.length} missing from the record, ${tampered.length} broken chains: ${good ? 'holds' : 'FAILS'}`,
)
process.exitCode = good ? 0 : 1
