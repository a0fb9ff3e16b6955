// A Redis that repeats a command which it does not know: where AUTH was renamed, the command has the password.
import { expect, it } from 'vitest'
import { createRedisApprovals } from '../../../src/approvals/redis.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { startRedis } from '../../support/redis.ts'

const PASSWORD = 'correct-horse-battery'

it('a Redis that repeats the login has its password in no log', async () => {
  const redis = await startRedis({ without: ['AUTH', 'HELLO'], password: PASSWORD })
  const lines: string[] = []
  const log = createLog({ level: 'debug' }, { write: (line: string) => lines.push(line) })
  const approvals = createRedisApprovals(
    { url: redis.url, prefix: 'chaperone', password: new Secret(PASSWORD) },
    { log },
  )
  try {
    await expect(approvals.list({})).rejects.toMatchObject({ code: 'unavailable' })
    expect(lines.join()).toContain("unknown command 'auth'")
    expect(lines.join()).not.toContain(PASSWORD)
  } finally {
    await approvals.close()
    await redis.stop()
  }
})
