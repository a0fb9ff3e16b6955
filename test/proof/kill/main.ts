// npm run proof:kill [-- KILLS]: kills the services a thousand times and says what is missing from the record.
import { killAtRandom } from './kill.ts'

const kills = Number(process.argv[2] ?? 1000)
const report = await killAtRandom(kills, 'built', (done) => {
  if (done % 50 === 0) console.log(`${done} kills`)
})
const { sent, acknowledged, stored, missing, tampered } = report
console.log(`${kills} kills: ${sent} statements sent, ${acknowledged} acknowledged, ${stored} stored`)
for (const line of [...missing, ...tampered].slice(0, 100)) console.log(line)
const good = missing.length === 0 && tampered.length === 0 && acknowledged > kills
console.log(
  `proof:kill: ${missing.length} missing from the record, ${tampered.length} broken chains: ${good ? 'holds' : 'FAILS'}`,
)
process.exitCode = good ? 0 : 1
