// The side of people: the admin port with health, metrics and the approvals API.
import { type Admin, startAdmin } from '../../console/admin.ts'
import type { LiveSessions } from '../../core/sessions-view.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { listenProblem } from '../listening.ts'
import type { Defer } from './cleanup.ts'
import type { Common } from './common.ts'

interface Shown {
  readonly ready: () => boolean
  /** of all processes */
  readonly metrics: Pick<Metrics, 'expose'>
  readonly sessions: LiveSessions
}

/** @throws when the address cannot be listened on */
export async function startPeople(
  { config, approvals, authenticator, audit, log }: Common,
  { ready, metrics }: Shown,
  defer: Defer,
): Promise<Admin> {
  const verifyToken: typeof authenticator.verifyToken = (token, issuers) =>
    authenticator.verifyToken(token, issuers)
  const options = { config, approvals, verifyToken, metrics, ready, audit, log }
  const admin = await startAdmin(options).catch((error: unknown) => {
    throw listenProblem('admin.address', config.admin.address, error)
  })
  defer(() => admin.close())
  return admin
}
