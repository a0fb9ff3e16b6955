// Waiting for a request that any process may settle: messages wake at once, polling covers those that are lost.
import type { ApprovalRequest } from '../core/approval.ts'
import { ApprovalStoreError } from './contract.ts'
import type { Waiters } from './waiters.ts'

/** How stale a waiting session may be when a message was lost, in milliseconds. */
const POLL = 1000
/** Ids in one script, so that none holds Redis up for long. */
const POLLED_AT_ONCE = 200
/** Least pause between two looks at one request, in milliseconds, when clocks disagree about its expiry. */
const LEAST_PAUSE = 50
/** How much later than here a request may expire in the store, in milliseconds: beyond, its clock was set back. */
const LATE = 1000
/** How long the first look at a request may take, in milliseconds: a restart of Redis. Its expiry is not known yet. */
const FIRST_LOOK = 5000

/** A request as the store had it, with the store's time of reading. */
export interface Sighting {
  readonly request: ApprovalRequest
  readonly now: number
}

export interface SettledSource {
  readonly waiters: Waiters
  readonly read: (id: string) => Promise<Sighting | undefined>
}

/** Wakes whoever waits for a request that is no longer pending. Returns what ends it. */
export function startPolling(
  waiters: Waiters,
  notPending: (ids: readonly string[]) => Promise<readonly string[]>,
): () => void {
  let busy = false
  const poll = async () => {
    if (busy) return
    busy = true
    const ids = waiters.ids()
    try {
      for (let start = 0; start < ids.length; start += POLLED_AT_ONCE) {
        const settled = await notPending(ids.slice(start, start + POLLED_AT_ONCE))
        settled.forEach(waiters.wake)
      }
    } catch {
      // The store is away. Whoever waits has its own deadline, and the next round asks again.
    } finally {
      busy = false
    }
  }
  const timer = setInterval(() => void poll(), POLL).unref()
  return () => clearInterval(timer)
}

/** Rejects with the signal's reason as soon as it aborts, however long the promise takes. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

async function look(
  source: SettledSource,
  id: string,
  signal: AbortSignal,
): Promise<Sighting | undefined | 'away'> {
  try {
    return await orAbort(source.read(id), signal)
  } catch (error) {
    if (error instanceof ApprovalStoreError && error.code === 'unavailable') return 'away'
    throw error
  }
}

/** A store that blinks right after the request was made must not refuse it. */
async function firstSighting(source: SettledSource, id: string, signal: AbortSignal): Promise<Sighting> {
  const patience = performance.now() + FIRST_LOOK
  for (;;) {
    const seen = await look(source, id, signal)
    if (seen === undefined) throw new ApprovalStoreError('not-found', 'there is no such request')
    if (seen !== 'away') return seen
    if (performance.now() > patience) {
      throw new ApprovalStoreError('unavailable', 'the store of approvals did not answer')
    }
    await source.waiters.next(id, signal, LEAST_PAUSE)
  }
}

/** See Approvals.settled. The deadline runs on this process's clock from the first sighting on. */
export async function untilSettled(
  source: SettledSource,
  id: string,
  signal: AbortSignal,
): Promise<ApprovalRequest> {
  signal.throwIfAborted()
  const first = await firstSighting(source, id, signal)
  const deadline = performance.now() + first.request.expiresAt - first.now
  let seen: Sighting | undefined | 'away' = first
  for (;;) {
    if (seen === undefined) {
      return { ...first.request, state: 'withdrawn', withdrawal: 'the store of approvals lost the request' }
    }
    if (seen !== 'away' && seen.request.state !== 'pending') return seen.request
    const left = deadline - performance.now()
    if (left <= (seen === 'away' ? 0 : -LATE)) return { ...first.request, state: 'expired' }
    await source.waiters.next(id, signal, Math.max(left, LEAST_PAUSE))
    seen = await look(source, id, signal)
  }
}
