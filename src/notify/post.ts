// One bounded HTTP POST to an address of the administrator's. Nothing that the receiver answers moves it elsewhere.

import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { unreachedBecause } from '../core/errors.ts'
import type { Delivery } from './channel.ts'

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** PEM of the authorities to trust instead of the system's */
  readonly ca: string | undefined
  readonly signal: AbortSignal
  /** bytes of the answer that are read, and the most that it may have; nothing is read when absent */
  readonly read?: number
}

export interface Reply {
  readonly status: number
  readonly body: string
  /** milliseconds, of Retry-After (RFC 9110, section 10.2.3) */
  readonly after?: number
}

/** Headers of an answer: nothing in them is of use but Retry-After. */
const MAX_HEADERS = 16 * 1024

/** @throws Error when there is no answer, or one that is too long */
export async function post(url: string, options: PostOptions): Promise<Reply> {
  const response = await send(url, options)
  try {
    const body = options.read === undefined ? '' : await bodyOf(response, options.read)
    const after = retryAfter(response.headers['retry-after'])
    return { status: response.statusCode ?? 0, body, ...(after === undefined ? {} : { after }) }
  } finally {
    response.destroy()
  }
}

function send(url: string, { headers, body, ca, signal }: PostOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body))
    const common = {
      method: 'POST',
      signal,
      headers: { 'user-agent': 'chaperone', ...headers, 'content-length': length },
      // A connection of its own: none is kept that a receiver which went away would break.
      agent: false as const,
      maxHeaderSize: MAX_HEADERS,
    }
    const request = url.startsWith('https:')
      ? requestHttps(url, ca === undefined ? common : { ...common, ca })
      : requestHttp(url, common)
    request.once('response', resolve)
    request.on('error', (error) => reject(new Error(unreachedBecause(error))))
    request.end(body)
  })
}

async function bodyOf(response: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) throw new Error(`the answer is longer than ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Seconds, or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

/** Statuses of 4xx that say "not now" (RFC 9110, RFC 8470, RFC 6585). */
const NOT_NOW: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** What a status says of another attempt. */
export function deliveryOf({ status, after }: Reply): Delivery {
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  if (status >= 300 && status < 400) {
    return { kind: 'never', reason: `the answer is a redirect (${status}), which is not followed` }
  }
  const reason = `the answer has status ${status}`
  if (status >= 400 && status < 500 && !NOT_NOW.has(status)) return { kind: 'never', reason }
  return { kind: 'later', reason, ...(after === undefined ? {} : { after }) }
}
