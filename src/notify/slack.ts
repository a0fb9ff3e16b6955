// Messages in a Slack channel: one for a request, which is changed when the request is settled.
import { z } from 'zod'
import type { Channel, Delivery, Message } from './channel.ts'
import { type SlackApi, SlackError } from './slack-api.ts'
import { slackText } from './slack-blocks.ts'

export interface SlackOptions {
  readonly call: SlackApi
  /** id */
  readonly channel: string
  /** whether clicks may decide */
  readonly buttons: boolean
  readonly includeParameters: boolean
  readonly timeout: number
}

/** Slack takes about one message a second in a channel, and short bursts. */
const PER_MINUTE = 60

/** Words of Slack that say "not now", and those of a token that is just being replaced. */
const NOT_NOW: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'invalid_auth',
  'not_authed',
  'token_expired',
  'token_revoked',
])

const posted = z.object({ channel: z.string().max(50), ts: z.string().max(50) })

export function createSlack(options: SlackOptions): Channel {
  const { includeParameters, timeout } = options
  return {
    includeParameters,
    timeout,
    perMinute: PER_MINUTE,
    settledAlone: false,
    send: (message, signal) => send(options, message, signal),
  }
}

async function send(
  { call, channel, buttons }: SlackOptions,
  message: Message,
  signal: AbortSignal,
): Promise<Delivery> {
  // Nothing in a text becomes a link, a mention or a preview.
  const what = { ...slackText(message, buttons), parse: 'none', link_names: false }
  try {
    if (message.event === 'settled') {
      const [where = channel, ts = ''] = message.receipt?.split(' ') ?? []
      await call('chat.update', { json: { ...what, channel: where, ts } }, z.unknown(), signal)
      return { kind: 'delivered' }
    }
    const json = { ...what, channel, unfurl_links: false, unfurl_media: false }
    const { channel: where, ts } = await call('chat.postMessage', { json }, posted, signal)
    return { kind: 'delivered', receipt: `${where} ${ts}` }
  } catch (error) {
    if (error instanceof SlackError) return failed(error)
    throw error
  }
}

function failed({ code, message: reason, after }: SlackError): Delivery {
  const later = NOT_NOW.has(code) || /^status (429|5\d\d)$/.test(code)
  if (!later) return { kind: 'never', reason }
  return { kind: 'later', reason, ...(after === undefined ? {} : { after }) }
}
