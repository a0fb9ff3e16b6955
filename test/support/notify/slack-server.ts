// Slack's side of its documented protocol, on a real HTTP server: the Web API methods that Chaperone calls, and signed callbacks.
// Slack itself is a third party that cannot run here; everything else in these tests is real.
import { createHmac } from 'node:crypto'
import { type Receiver, startReceiver } from './receiver.ts'

export const SLACK = {
  token: 'xoxb-the-bot-token-of-the-tests',
  signingSecret: '8f742231b10e8888abcd99yyyzzz85a5',
  channel: 'C0123456789',
  team: 'T0123456789',
}

export interface SlackCall {
  readonly method: string
  readonly token: string
  readonly body: Record<string, unknown>
}

export interface SlackServer {
  /** of the Web API */
  readonly api: string
  readonly calls: SlackCall[]
  /** members by id, as `users.info` tells of them */
  readonly users: Map<string, object>
  /** answers to methods that fail, in place of the good ones */
  readonly failures: Map<string, { readonly status?: number; readonly error?: string }>
  of(method: string): Record<string, unknown>[]
  close(): Promise<void>
}

export function member(id: string, email: string, more: object = {}): object {
  return {
    ...{ id, team_id: SLACK.team, deleted: false, is_bot: false, is_email_confirmed: true },
    profile: { email },
    ...more,
  }
}

export async function startSlack(): Promise<SlackServer> {
  const receiver: Receiver = await startReceiver()
  const calls: SlackCall[] = []
  const users = new Map<string, object>()
  const failures: SlackServer['failures'] = new Map()
  let posted = 0

  function reply(method: string, body: Record<string, unknown>): object {
    switch (method) {
      case 'chat.postMessage':
        posted += 1
        return { ok: true, channel: body.channel, ts: `1790000000.00000${posted}`, message: body }
      case 'chat.update':
        return { ok: true, channel: body.channel, ts: body.ts, text: body.text }
      case 'chat.postEphemeral':
        return { ok: true, message_ts: '1790000000.900000' }
      case 'auth.test':
        return { ok: true, url: 'https://example.slack.com/', team_id: SLACK.team, user_id: 'U0BOT' }
      case 'users.info': {
        const user = users.get(String(body.user))
        return user === undefined ? { ok: false, error: 'user_not_found' } : { ok: true, user }
      }
      default:
        return { ok: false, error: 'unknown_method' }
    }
  }

  receiver.answer = ({ path, headers, body: text }, response) => {
    const method = path.replace('/api/', '')
    const form = headers['content-type'] === 'application/x-www-form-urlencoded'
    const body: Record<string, unknown> = form
      ? Object.fromEntries(new URLSearchParams(text))
      : (JSON.parse(text) as Record<string, unknown>)
    const token = String(headers.authorization).replace('Bearer ', '')
    calls.push({ method, token, body })
    const failure = failures.get(method)
    const answer =
      token !== SLACK.token
        ? { ok: false, error: 'invalid_auth' }
        : failure?.error !== undefined
          ? { ok: false, error: failure.error }
          : reply(method, body)
    response.writeHead(failure?.status ?? 200, { 'content-type': 'application/json', 'retry-after': '0' })
    response.end(JSON.stringify(answer))
  }
  return {
    ...{ api: `${receiver.url}/api`, calls, users, failures },
    of: (method) => calls.filter((call) => call.method === method).map(({ body }) => body),
    close: () => receiver.close(),
  }
}

export interface ClickOptions {
  readonly user: string
  readonly action: string
  readonly value: string
  readonly channel?: string
}

/** The body of a callback, as Slack sends it for a click on a button. */
export function clickBody({ user, action, value, channel = SLACK.channel }: ClickOptions): string {
  const payload = {
    type: 'block_actions',
    user: { id: user, username: 'somebody', team_id: SLACK.team },
    team: { id: SLACK.team, domain: 'example' },
    channel: { id: channel, name: 'dba' },
    container: { type: 'message', message_ts: '1790000000.000001', channel_id: channel },
    response_url: 'https://hooks.slack.com/actions/T0/1/x',
    actions: [{ type: 'button', action_id: action, block_id: 'x', value, action_ts: '1790000001.0' }],
  }
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
}

/** Headers of a callback (v0). @param at seconds since the epoch */
export function signed(
  body: string,
  secret = SLACK.signingSecret,
  at = Math.floor(Date.now() / 1000),
): Record<string, string> {
  const hex = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': String(at),
    'x-slack-signature': `v0=${hex}`,
  }
}
