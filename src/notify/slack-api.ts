// Calls of Slack's Web API (docs.slack.dev/apis/web-api): a POST with a bot token, answered by JSON that says `ok` or `error`.
import { z } from 'zod'
import { parseJson } from '../core/parse-json.ts'
import type { Secret } from '../core/secret.ts'
import { post } from './post.ts'

export interface SlackApiOptions {
  /** URL without the method */
  readonly api: string
  /** asked for each call, since secrets are rotated */
  readonly token: () => Secret
  /** PEM */
  readonly ca: string | undefined
}

/** Slack did not do it. `code` is Slack's own word, or the HTTP status. */
export class SlackError extends Error {
  override readonly name = 'SlackError'
  readonly code: string
  /** milliseconds that Slack asks to wait */
  readonly after: number | undefined

  constructor(method: string, code: string, after?: number) {
    super(`Slack refused ${method}: ${code}`)
    this.code = code
    this.after = after
  }
}

/** `form`: methods that take no JSON. @throws SlackError, or another Error when there is no answer */
export type SlackApi = <T>(
  method: string,
  body: { readonly json: object } | { readonly form: Readonly<Record<string, string>> },
  answer: z.ZodType<T>,
  signal: AbortSignal,
) => Promise<T>

/** Bytes of an answer: it repeats a message's blocks, or tells of one user. */
const MAX_ANSWER = 256 * 1024

const outcome = z.object({ ok: z.boolean(), error: z.string().optional() })
/** All of Slack's words for what went wrong are of this form. Whatever else stands in its place may be the token. */
const WORD = /^[a-z0-9_]{1,100}$/

function wordOf(error = 'unknown'): string {
  return WORD.test(error) ? error : 'an error that is no word of its'
}

export function createSlackApi({ api, token, ca }: SlackApiOptions): SlackApi {
  const base = api.replace(/\/+$/, '')
  return async (method, body, answer, signal) => {
    const json = 'json' in body
    const reply = await post(`${base}/${method}`, {
      headers: {
        authorization: `Bearer ${token().reveal()}`,
        'content-type': json ? 'application/json; charset=utf-8' : 'application/x-www-form-urlencoded',
      },
      body: json ? JSON.stringify(body.json) : new URLSearchParams(body.form).toString(),
      read: MAX_ANSWER,
      ...{ ca, signal },
    })
    if (reply.status !== 200) throw new SlackError(method, `status ${reply.status}`, reply.after)
    const data = parseJson(reply.body)
    const said = outcome.safeParse(data)
    if (!said.success) throw new SlackError(method, 'no answer of the Web API')
    if (!said.data.ok) throw new SlackError(method, wordOf(said.data.error), reply.after)
    const read = answer.safeParse(data)
    if (!read.success) throw new SlackError(method, 'an answer of another shape')
    return read.data
  }
}
