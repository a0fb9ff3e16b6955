// Is a callback Slack's own, of now, and new? (docs.slack.dev/authentication/verifying-requests-from-slack)
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../core/secret.ts'

/** Seconds between Slack's clock and ours, either way: Slack's own advice. */
const WINDOW = 300
/** Callbacks within the window that are remembered; each is a click of a person. Beyond, none is taken. */
const MAX_SEEN = 10_000

export type SignatureVerdict = 'good' | 'forged' | 'stale' | 'replayed' | 'too-many'

export interface SlackCallback {
  readonly timestamp: string | undefined
  readonly signature: string | undefined
  /** as it came, before anything parsed it */
  readonly body: string
}

export interface SignatureCheck {
  /** Could any of the apps have signed it, just now, for the first time? @returns which did, by its index */
  check(callback: SlackCallback, secrets: readonly Secret[]): SignatureVerdict
  signedBy(callback: SlackCallback, secret: Secret): boolean
}

export function createSignatureCheck(now: () => number = Date.now): SignatureCheck {
  /** signatures by when they may be forgotten, in seconds, oldest first */
  const seen = new Map<string, number>()

  function forget(seconds: number): void {
    for (const [signature, until] of seen) {
      if (until > seconds) break
      seen.delete(signature)
    }
  }

  return {
    signedBy,
    check(callback, secrets) {
      const { timestamp = '', signature = '' } = callback
      const seconds = Math.floor(now() / 1000)
      if (!/^\d{1,12}$/.test(timestamp)) return 'forged'
      if (Math.abs(seconds - Number(timestamp)) > WINDOW) return 'stale'
      if (!secrets.some((secret) => signedBy(callback, secret))) return 'forged'
      forget(seconds)
      if (seen.has(signature)) return 'replayed'
      if (seen.size >= MAX_SEEN) return 'too-many'
      // As long as its time could still be within the window.
      seen.set(signature, seconds + 2 * WINDOW + 1)
      return 'good'
    },
  }
}

function signedBy({ timestamp, signature = '', body }: SlackCallback, secret: Secret): boolean {
  const hex = /^v0=([0-9a-f]{64})$/.exec(signature)?.[1]
  if (hex === undefined) return false
  const expected = createHmac('sha256', secret.reveal()).update(`v0:${timestamp}:${body}`).digest()
  return timingSafeEqual(Buffer.from(hex, 'hex'), expected)
}
