import { afterAll, beforeAll } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { holdToContract } from '../../support/approvals-contract.ts'
import { holdReuseToContract } from '../../support/approvals-contract-reuse.ts'
import { type RedisServer, startRedis } from '../../support/redis.ts'

const log = createLog({ level: 'error' })
let redis: RedisServer

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

async function start() {
  const instances: Approvals[] = []
  return {
    instance: async () => {
      const approvals = createRedisApprovals({ url: redis.url, prefix: 'contract' }, { log })
      instances.push(approvals)
      return approvals
    },
    stop: async () => {
      await Promise.all(instances.map((approvals) => approvals.close()))
    },
  }
}

holdToContract('the Redis store', start)
holdReuseToContract('the Redis store', start)
