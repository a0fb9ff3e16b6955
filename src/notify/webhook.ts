// The generic webhook: JSON, signed. docs/notifications.md describes body and signature, and shows how to check them.
import { createHmac } from 'node:crypto'
import type { Secret } from '../core/secret.ts'
import type { Channel, Message } from './channel.ts'
import { deliveryOf, post } from './post.ts'

export interface WebhookOptions {
  readonly url: string
  readonly includeParameters: boolean
  readonly timeout: number
  /** PEM */
  readonly ca: string | undefined
  /** asked for each attempt, since secrets are rotated */
  readonly keys: () => readonly Secret[]
}

/** Bytes of a key: RFC 2104, section 3 discourages less than the hash's length. */
export const MIN_KEY_BYTES = 32
/** A program reads them; the limit is for the day on which an agent goes round in circles. */
const PER_MINUTE = 600

export function createWebhook(options: WebhookOptions): Channel {
  const { url, includeParameters, timeout, ca, keys } = options
  return {
    includeParameters,
    timeout,
    perMinute: PER_MINUTE,
    settledAlone: true,
    async send(message, signal) {
      const body = bodyOf(message)
      const headers = {
        'content-type': 'application/json',
        // The time of this attempt, so that a receiver can refuse what is old.
        'chaperone-signature': signatureOf(keys(), Math.floor(Date.now() / 1000), body),
      }
      return deliveryOf(await post(url, { headers, body, ca, signal }))
    },
  }
}

function bodyOf({ id, event, at, told }: Message): string {
  return JSON.stringify({
    version: 1,
    id,
    type: `approval.${event}`,
    time: new Date(at).toISOString(),
    request: told,
  })
}

/** `t=SECONDS,v1=HEX[,v1=HEX]`: HMAC-SHA-256 over the time, a dot and the body, once for each key. */
function signatureOf(keys: readonly Secret[], time: number, body: string): string {
  const signed = keys.map((key) => {
    if (key.byteLength < MIN_KEY_BYTES) throw new Error(`a key has less than ${MIN_KEY_BYTES} bytes`)
    return `v1=${createHmac('sha256', key.reveal()).update(`${time}.${body}`).digest('hex')}`
  })
  return [`t=${time}`, ...signed].join(',')
}
