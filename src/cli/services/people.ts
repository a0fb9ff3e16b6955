// The side of people: the admin port with health, metrics, the API and the console.
import { type Admin, startAdmin } from '../../console/admin.ts'
import { type SlackDependencies, slackChannels } from '../../console/slack.ts'
import { createVerifiedPeople, type VerifiedPeople } from '../../console/verified-people.ts'
import { CALLBACK_PATH } from '../../console/web/login-routes.ts'
import type { ConsoleServices } from '../../console/web/parts.ts'
import type { LiveSessions } from '../../core/sessions-view.ts'
import { type CodeFlow, createCodeFlow } from '../../identity/code-flow.ts'
import type { Authentication } from '../../identity/outcome.ts'
import type { DeadLetter } from '../../notify/dead-letters.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import { listenProblem } from '../listening.ts'
import type { Defer } from './cleanup.ts'
import { type Common, openedFor } from './common.ts'

interface Shown {
  readonly ready: () => boolean
  /** of all processes */
  readonly metrics: Pick<Metrics, 'expose' | 'unwritten'>
  readonly sessions: LiveSessions
  /** of all processes */
  readonly deadLetters: () => Promise<readonly DeadLetter[]>
}

/** @throws when the address cannot be listened on */
export async function startPeople(
  common: Common,
  { ready, metrics, sessions, deadLetters }: Shown,
  defer: Defer,
): Promise<Admin> {
  const { config, approvals, authenticator, audit, log, policy } = common
  const people = createVerifiedPeople()
  const verifyToken: typeof authenticator.verifyToken = async (token, issuers) =>
    seen(people, await authenticator.verifyToken(token, issuers))
  const flow = openedFor('admin.console', () => codeFlow(common, defer))
  const pages: ConsoleServices | undefined = flow && {
    flow: { ...flow, finish: async (...answer) => seen(people, await flow.finish(...answer)) },
    policy: policy.current,
  }
  const slack = openedFor('notifications', () => slackServices(common, people))
  const options = {
    ...{ config, approvals, verifyToken, metrics, ready, sessions, audit, log, deadLetters },
    ...(pages && { console: pages }),
    ...(slack && { slack }),
  }
  const admin = await startAdmin(options).catch((error: unknown) => {
    throw listenProblem('admin.address', config.admin.address, error)
  })
  defer(() => admin.close())
  return admin
}

/** Whoever shows that he is somebody may vote by a click for a while. */
function seen<T extends Authentication>(people: VerifiedPeople, answer: T): T {
  if (answer.kind === 'principal') people.saw(answer.principal)
  return answer
}

/** Undefined where no clicks count. @throws Error when an authority cannot be read */
function slackServices(
  { config, approvals, audit, log, secrets }: Common,
  people: VerifiedPeople,
): SlackDependencies | undefined {
  const channels = slackChannels(config.notifications, (name) => secrets.get(name))
  if (channels.length === 0) return undefined
  const { console, public_url: publicUrl } = config.admin
  return {
    ...{ approvals, audit, log, channels, people },
    console: console === undefined ? undefined : publicUrl,
  }
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
