// POST /slack/actions: clicks on the buttons of Slack messages. Off unless a channel has `actions`. A click brings no token, so it
// counts only for a person whose token the admin port accepted a short while ago; everybody else is sent to the console.
import { readFileSync } from 'node:fs'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { z } from 'zod'
import type { Verdict } from '../approvals/ballot.ts'
import type { Config, NotificationConfig } from '../config/schema.ts'
import { parseJson } from '../core/parse-json.ts'
import { type Principal, principalId } from '../core/principal.ts'
import { requestUrl } from '../core/request-url.ts'
import type { Secret } from '../core/secret.ts'
import { createSlackApi, type SlackApi } from '../notify/slack-api.ts'
import { approvableInSlack, SLACK_ACTIONS } from '../notify/slack-blocks.ts'
import { tell } from '../notify/told.ts'
import type { Sparingly } from '../telemetry/sparingly.ts'
import { castVote, type VoteDependencies } from './audited-vote.ts'
import { readText } from './body.ts'
import { Problem } from './problem.ts'
import { createSignatureCheck, type SignatureVerdict } from './slack-signature.ts'
import { slackUser } from './slack-user.ts'
import type { VerifiedPeople } from './verified-people.ts'

export interface SlackDependencies extends VoteDependencies {
  readonly channels: readonly SlackChannel[]
  readonly people: VerifiedPeople
  /** `admin.public_url`, where there is a console */
  readonly console: string | undefined
}

/** A channel of the configuration whose buttons count. */
export interface SlackChannel {
  readonly id: string
  readonly signingSecret: () => Secret
  readonly verifiedWithin: number
  readonly includeParameters: boolean
  readonly timeout: number
  readonly call: SlackApi
}

/** Bytes of a callback: it repeats the message, percent-encoded. */
const MAX_BODY = 256 * 1024
/** Clicks that are looked at at a time; each asks Slack two questions. */
const MAX_AT_ONCE = 16

const click = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().regex(/^[A-Z0-9]{2,32}$/) }),
  channel: z.object({ id: z.string().max(50) }),
  actions: z
    .array(z.object({ action_id: z.string().max(255), value: z.string().max(100).optional() }))
    .max(25),
})

interface Click {
  readonly channel: SlackChannel
  readonly user: string
  readonly verdict: Verdict
  readonly request: string
}

/** The channels whose buttons count. @throws Error when an authority cannot be read */
export function slackChannels(
  notifications: Config['notifications'],
  secret: (name: string) => Secret,
): SlackChannel[] {
  const channelOf = (config: NotificationConfig): SlackChannel[] => {
    if (config.kind !== 'slack' || config.actions === undefined) return []
    const { api, token, channel, timeout, actions, include_parameters: includeParameters } = config
    const ca = config.ca === undefined ? undefined : readFileSync(config.ca, 'utf8')
    return [
      {
        ...{ id: channel, includeParameters, timeout },
        signingSecret: () => secret(actions.signing_secret),
        verifiedWithin: actions.verified_within,
        call: createSlackApi({ api, token: () => secret(token), ca }),
      },
    ]
  }
  return Object.values(notifications).flatMap(channelOf)
}

const REFUSALS: Readonly<Record<Exclude<SignatureVerdict, 'good'>, string>> = {
  forged: 'The signature is not that of a configured app.',
  stale: 'The time of the callback is too far from now.',
  replayed: 'The callback came before.',
  'too-many': 'Too many callbacks came.',
}

export function slackActions(deps: SlackDependencies, refusals: Sparingly) {
  const api = new Hono<{ Bindings: HttpBindings }>()
  const signatures = createSignatureCheck()
  let running = 0

  api.post('/actions', async (context) => {
    const body = await readText(context.req.raw, MAX_BODY)
    const callback = {
      timestamp: context.req.header('x-slack-request-timestamp'),
      signature: context.req.header('x-slack-signature'),
      body,
    }
    const verdict = signatures.check(
      callback,
      deps.channels.map(({ signingSecret }) => signingSecret()),
    )
    if (verdict !== 'good') {
      if (refusals.may(context.env.incoming.socket.remoteAddress ?? ''))
        deps.log.warn({ verdict }, 'a callback to /slack/actions was refused')
      throw new Problem('unauthenticated', REFUSALS[verdict])
    }
    const clicked = clickOf(body, (channel) => signatures.signedBy(callback, channel.signingSecret()), deps)
    if (clicked === undefined) return context.body(null, 200)
    if (running >= MAX_AT_ONCE) throw new Problem('store-unavailable', 'Too many clicks come at once.')
    running += 1
    // Slack waits three seconds for an answer; the person hears of the outcome by a message of its own.
    void handle(deps, clicked).finally(() => {
      running -= 1
    })
    return context.body(null, 200)
  })
  return api
}

/** Undefined for what is no vote: a link that was opened, another kind of interaction, a channel that is not ours. */
function clickOf(
  body: string,
  signedFor: (channel: SlackChannel) => boolean,
  { channels }: SlackDependencies,
): Click | undefined {
  const payload = click.safeParse(parseJson(new URLSearchParams(body).get('payload') ?? ''))
  if (!payload.success) return undefined
  const { user, actions, channel: where } = payload.data
  const channel = channels.find((one) => one.id === where.id && signedFor(one))
  const [action, ...more] = actions
  if (channel === undefined || action?.value === undefined || more.length > 0) return undefined
  const verdict = (['approve', 'deny'] as const).find((one) => SLACK_ACTIONS[one] === action.action_id)
  return verdict && { channel, user: user.id, verdict, request: action.value }
}

async function handle(deps: SlackDependencies, clicked: Click): Promise<void> {
  const { channel, user, request } = clicked
  const signal = AbortSignal.timeout(channel.timeout)
  let answer: string
  try {
    answer = await vote(deps, clicked, signal)
  } catch (err) {
    const known = err instanceof Problem
    deps.log[known ? 'info' : 'warn']({ err, request, user }, 'a click in Slack did not count')
    answer = `It did not count: ${known ? err.message : 'something failed.'}`
  }
  try {
    const json = { channel: channel.id, user, text: answer, parse: 'none', link_names: false }
    await channel.call('chat.postEphemeral', { json }, z.unknown(), AbortSignal.timeout(channel.timeout))
  } catch (err) {
    deps.log.warn({ err, request, user }, 'nobody could be told what became of a click in Slack')
  }
}

/** @returns what the person is told. @throws Problem when the vote is refused */
async function vote(deps: SlackDependencies, clicked: Click, signal: AbortSignal): Promise<string> {
  const { channel, verdict, request: id, user } = clicked
  const where = deps.console === undefined ? 'chaperone approvals list' : requestUrl(deps.console, id)
  const who = await slackUser(channel.call, user, signal)
  if (who.kind === 'refused') return refused(deps, clicked, who.why, `It did not count: ${who.why}.`)
  const found = deps.people.find(who.mail, channel.verifiedWithin)
  if (found.kind === 'several') {
    const why = 'several accounts have this e-mail address'
    return refused(deps, clicked, why, `It did not count: ${why}. Decide in the console: ${where}`)
  }
  if (found.kind === 'nobody') {
    const why = 'nobody with this e-mail address was verified a short while ago'
    return refused(deps, clicked, why, `It did not count yet: sign in and decide here: ${where}`)
  }
  if (verdict === 'approve' && !(await isShownWhole(deps, channel, id))) {
    const why = 'the message does not show all of it'
    return refused(
      deps,
      clicked,
      why,
      `It did not count: ${why}. Approve it in the console: ${where}`,
      found.principal,
    )
  }
  audit(deps, clicked, 'ok', principalId(found.principal), found.principal)
  const settled = await castVote(deps, { id, reviewer: found.principal, verdict, reason: 'in Slack' })
  return settled.state === 'pending'
    ? 'Your vote counts; others are still needed.'
    : `It is ${settled.state}.`
}

/** Of a request that is not there nothing was shown, and castVote says so. */
async function isShownWhole(deps: SlackDependencies, channel: SlackChannel, id: string): Promise<boolean> {
  const request = await deps.approvals.get(id)
  if (request === undefined) return true
  return approvableInSlack(tell(request, { includeParameters: channel.includeParameters }))
}

function refused(
  deps: SlackDependencies,
  clicked: Click,
  why: string,
  answer: string,
  who?: Principal,
): string {
  audit(deps, clicked, 'failed', why, who)
  return answer
}

/** Which account in Slack was taken for whom, or for nobody. @throws when it cannot be audited: then nothing counts */
function audit(
  { audit: log }: SlackDependencies,
  { user, request, verdict }: Click,
  outcome: 'ok' | 'failed',
  what: string,
  who?: Principal,
): void {
  log.write({
    type: 'admin',
    action: `slack.${verdict}`,
    outcome,
    reason: `${request}: ${user}: ${what}`,
    ...(who === undefined
      ? {}
      : { actor: { id: principalId(who), name: who.name, kind: who.kind, groups: who.groups } }),
  })
}
