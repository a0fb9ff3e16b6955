// Logins that a browser has begun: one sealed cookie each, so that tabs that log in at the same time do not take each other's.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { LoginAttempt } from '../../identity/code-flow.ts'
import type { WebContext } from './context.ts'
import { ATTEMPT_SECONDS, cookiesOf, dropCookie, readCookie, writeCookie } from './cookies.ts'
import type { Seal } from './sealed.ts'

export interface KeptAttempt extends LoginAttempt {
  /** the page to go to */
  readonly to: string
}

export interface Attempts {
  /** in the browser */
  keep(context: WebContext, attempt: KeptAttempt): void
  /** What this browser began with this state; undefined for everything else, and the second time. */
  take(context: WebContext, state: string): KeptAttempt | undefined
}

/** Of one browser: a restart that brings back some tabs. The oldest of more is given up; headers have an end. */
const MOST_OF_ONE = 8
/** Attempts that came back and are remembered until they are too old anyhow; the issuer takes no code twice either. */
const MOST_SPENT = 10_000

const sealed = z.strictObject({
  state: z.string().min(1),
  nonce: z.string().min(1),
  verifier: z.string().min(1),
  to: z.string(),
  until: z.number(),
})

/** A name that says nothing of the state, which is a secret until it comes back. */
const nameOf = (state: string) =>
  `chaperone-login-${createHash('sha256').update(state).digest('hex').slice(0, 16)}` as const

export function createAttempts(
  { publicUrl, seal }: { readonly publicUrl: URL; readonly seal: Seal },
  now: () => number = Date.now,
): Attempts {
  /** states, and until when they would have been good; the oldest first */
  const spent = new Map<string, number>()

  function spend(state: string, until: number): boolean {
    for (const [one, over] of spent) {
      if (now() <= over && spent.size < MOST_SPENT) break
      spent.delete(one)
    }
    if (spent.has(state)) return false
    spent.set(state, until)
    return true
  }

  const open = (text: string | undefined) => sealed.safeParse(seal.open(text ?? ''))

  function makeRoom(context: WebContext): void {
    const kept = cookiesOf(context, publicUrl, 'chaperone-login-').map(([name, text]) => ({
      name,
      until: open(text).data?.until ?? 0,
    }))
    // Browsers send the oldest first (RFC 6265, section 5.4), which tells those of one millisecond apart.
    kept.reverse().sort((a, b) => b.until - a.until)
    for (const [n, { name, until }] of kept.entries()) {
      if (n >= MOST_OF_ONE - 1 || until < now()) dropCookie(context, publicUrl, name)
    }
  }

  return {
    keep(context, attempt) {
      makeRoom(context)
      const until = now() + ATTEMPT_SECONDS * 1000
      const value = seal.seal({ ...attempt, until })
      writeCookie(context, publicUrl, nameOf(attempt.state), value, ATTEMPT_SECONDS)
    },
    take(context, state) {
      const kept = open(readCookie(context, publicUrl, nameOf(state))).data
      if (kept === undefined || kept.state !== state) return undefined
      dropCookie(context, publicUrl, nameOf(state))
      const { until, ...attempt } = kept
      return now() <= until && spend(state, until) ? attempt : undefined
    },
  }
}
