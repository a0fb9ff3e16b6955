// The side of people: the admin port with health, metrics and the approvals API.
import { type Admin, startAdmin } from '../../console/admin.ts'
import { CALLBACK_PATH } from '../../console/web/login-routes.ts'
import type { ConsoleServices } from '../../console/web/parts.ts'
import type { LiveSessions } from '../../core/sessions-view.ts'
import { type CodeFlow, createCodeFlow } from '../../identity/code-flow.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { listenProblem } from '../listening.ts'
import type { Defer } from './cleanup.ts'
import { type Common, openedFor } from './common.ts'

interface Shown {
  readonly ready: () => boolean
  /** of all processes */
  readonly metrics: Pick<Metrics, 'expose'>
  readonly sessions: LiveSessions
}

/** @throws when the address cannot be listened on */
export async function startPeople(
  common: Common,
  { ready, metrics, sessions }: Shown,
  defer: Defer,
): Promise<Admin> {
  const { config, approvals, authenticator, audit, log, policy } = common
  const verifyToken: typeof authenticator.verifyToken = (token, issuers) =>
    authenticator.verifyToken(token, issuers)
  const flow = openedFor('admin.console', () => codeFlow(common, defer))
  const pages: ConsoleServices | undefined = flow && { flow, sessions, policy: policy.current }
  const options = {
    config,
    approvals,
    verifyToken,
    metrics,
    ready,
    audit,
    log,
    ...(pages && { console: pages }),
  }
  const admin = await startAdmin(options).catch((error: unknown) => {
    throw listenProblem('admin.address', config.admin.address, error)
  })
  defer(() => admin.close())
  return admin
}

/** Undefined without a console. @throws Error when the issuer's `ca` cannot be read */
function codeFlow({ config, secrets, log }: Common, defer: Defer): CodeFlow | undefined {
  const { console: settings, public_url: publicUrl, issuer: name = '' } = config.admin
  const issuer = config.issuers[name]
  if (settings === undefined || publicUrl === undefined || issuer === undefined) return undefined
  const stop = new AbortController()
  defer(() => stop.abort())
  const { client_id: clientId, client_secret: secret, scopes } = settings
  return createCodeFlow(
    {
      ...{ issuer, clientId, scopes },
      ...(secret === undefined ? {} : { clientSecret: () => secrets.get(secret) }),
      redirectUri: new URL(CALLBACK_PATH, publicUrl).href,
    },
    { now: Date.now, signal: stop.signal, report: (problem) => log.warn({ issuer: name }, problem) },
  )
}
