// The first of several processes: people’s side, and the workers that answer Envoy.
import type { Config } from '../../config/schema.ts'
import { joinExpositions } from '../../telemetry/join.ts'
import type { Log } from '../../telemetry/log.ts'
import type { Cleanup } from '../services/cleanup.ts'
import { openCommon } from '../services/common.ts'
import { startPeople } from '../services/people.ts'
import type { Services } from '../services/running.ts'
import { startPool } from './pool.ts'

interface PrimaryOptions {
  readonly config: Config
  readonly file: string | undefined
  readonly log: Log
  readonly cleanup: Cleanup
}

/** @throws when a part of it, or a worker, cannot start */
export async function startPrimary({ config, file, log, cleanup }: PrimaryOptions): Promise<Services> {
  const { defer } = cleanup
  const common = await openCommon(config, log, defer)
  const { approvals, policy } = common
  let serving = false
  const pool = startPool({
    config() {
      const { policies, masks } = policy.rules()
      return { ...config, policies, masks }
    },
    lockdowns: () => policy.rules().lockdowns,
    file,
    log,
  })
  defer(() => pool.stop())
  const ready = () => serving && approvals.ready() && common.audit.writable() && pool.ready()
  const metrics = {
    unwritten: common.metrics.unwritten,
    async expose() {
      const own = await common.metrics.expose()
      const parts = [{ process: 'primary', body: own.body }, ...(await pool.metrics())]
      return { contentType: own.contentType, body: joinExpositions(parts) }
    },
  }
  const admin = await startPeople(
    common,
    { ready, metrics, sessions: pool.sessions, deadLetters: pool.deadLetters },
    defer,
  )
  const addresses = await pool.started()
  serving = true
  if (file !== undefined) policy.watch(file, () => undefined)
  const served = { processor: addresses.join(', '), admin: admin.url }
  log.info({ ...served, policy: policy.current().version }, 'chaperone serves')

  let stopping: Promise<void> | undefined
  return {
    ...served,
    async reload() {
      await Promise.all([policy.reload(), pool.reload()])
    },
    stop() {
      stopping ??= (async () => {
        serving = false
        await pool.stop()
        await cleanup.undo(log)
      })()
      return stopping
    },
  }
}
