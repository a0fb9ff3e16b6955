// Ends a session in which nobody has sent anything for as long as `limits.idle` of its resource says, and nothing runs.
import { duration } from '../core/duration.ts'
import type { Refusal } from '../core/errors.ts'
import type { ProtocolSession } from '../core/session.ts'
import type { Timers } from './timers.ts'
import type { Traffic } from './traffic.ts'

export interface IdleOptions {
  /** milliseconds; absent: nothing ends it */
  readonly limit: number | undefined
  readonly session: Pick<ProtocolSession, 'idle'>
  readonly traffic: Pick<Traffic, 'quietFor'>
  readonly timers: Pick<Timers, 'set'>
  /** sends the client what changes nothing */
  readonly pulse: () => void
  readonly stop: (refusal: Refusal) => void
}

/**
 * Watches a session from now on. What runs, or waits for approval, may be quiet for as long as it likes: Envoy, which sees
 * bytes and nothing else (envoy/envoy-listeners.ts), is given some.
 */
export function watchIdle({ limit, session, traffic, timers, pulse, stop }: IdleOptions): void {
  if (limit === undefined) return
  // The timer is not set anew with each byte: it looks when the last was, and comes back for the rest.
  const look = () => {
    const left = limit - traffic.quietFor()
    if (left > 0) return timers.set('idle', left, look)
    if (session.idle()) return stop(idleFor(limit))
    pulse()
    timers.set('idle', limit, look)
  }
  timers.set('idle', limit, look)
}

const idleFor = (limit: number): Refusal => ({
  code: 'idle',
  message: `terminating connection due to idle-session timeout: nothing was sent or ran for ${duration(limit)}`,
  hint: 'Connect again. A pool should close its idle connections sooner than `limits.idle` of the resource.',
})
