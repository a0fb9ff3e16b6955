// A process that takes steps on requests for approval as it is told to, one after another, until it is killed.
// Arguments: URL of Redis, prefix. A step is a line of JSON on standard input; each that is done is a line on standard output.
import { createInterface } from 'node:readline'
import { createRedisApprovals } from '../../src/approvals/redis.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { type ApprovalStep, takeStep } from './approvals-step.ts'

const [url = '', prefix = ''] = process.argv.slice(2)
const approvals = createRedisApprovals({ url, prefix }, { log: createLog({ level: 'error' }) })
for await (const line of createInterface({ input: process.stdin })) {
  await takeStep(approvals, JSON.parse(line) as ApprovalStep)
  process.stdout.write('done\n')
}
