// Ends the session that sends more than is handled: Envoy keeps what waits, without a limit of its own (E8).
import type { Refusal } from '../core/errors.ts'
import type { Log } from '../telemetry/log.ts'
import type { LiveSession } from './registry.ts'

export interface BacklogOptions {
  /** bytes */
  readonly limit: number
  readonly sessions: () => Iterable<LiveSession>
  /** bytes that wait, of all sessions */
  readonly waiting: () => Promise<number>
  readonly log: Log
  /** milliseconds between two looks */
  readonly every?: number
}

/** A target on the same machine gives some hundred MB in that time. */
const EVERY = 500
/** Nobody fills Envoy with less between two looks, in bytes. */
const NOTEWORTHY = 1024 * 1024

export function watchBacklog({ limit, sessions, waiting, log, every = EVERY }: BacklogOptions): {
  stop(): void
} {
  /** what each session had taken in at the last look */
  let before = new Map<LiveSession, number>()
  let asking = false
  let unheard = false

  /** The session that took in most since the last look; undefined while none takes in much. */
  function busiest(): LiveSession | undefined {
    const now = new Map([...sessions()].map((session) => [session, session.takenIn()] as const))
    let most = NOTEWORTHY
    let found: LiveSession | undefined
    for (const [session, bytes] of now) {
      const taken = bytes - (before.get(session) ?? 0)
      if (taken < most) continue
      most = taken
      found = session
    }
    before = now
    return found
  }

  async function look(): Promise<void> {
    const session = busiest()
    if (session === undefined || asking) return
    asking = true
    try {
      const bytes = await waiting()
      unheard = false
      if (bytes > limit) session.refuse(tooMuch(limit))
    } catch (err) {
      if (!unheard)
        log.warn({ err }, 'Envoy does not say how much waits in it: `envoy.backlog` has no effect')
      unheard = true
    } finally {
      asking = false
    }
  }

  const timer = setInterval(() => void look(), every)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

const tooMuch = (limit: number): Refusal => ({
  code: 'limit-exceeded',
  message: `terminating connection: it brings more than can be handled, and more than ${limit} bytes wait`,
  hint: 'Ask for less at once: with LIMIT, or a cursor. Operators: `window` of the resource, or `envoy.backlog`.',
})
