// The live sessions of this process, found by the key that cancels them.
import { timingSafeEqual } from 'node:crypto'
import type { Refusal } from '../core/errors.ts'
import { createRate, type Rate } from '../core/rate.ts'
import type { SessionView } from '../core/sessions-view.ts'

/** What others may do to a session. */
export interface LiveSession {
  readonly id: string
  readonly resource: string
  /** known once admitted */
  readonly principal: string | undefined
  /** as operators see it; undefined before it is admitted */
  view(): SessionView | undefined
  /** Withdraws the operation that waits for approval. False when none waits, or not it alone has to be cancelled. */
  cancelHold(): boolean
  /** The target gets a cancel request, and may be waiting for the session just then. */
  canceled(): void
  /** The operation that waits for approval is asked about anew by its client: what reviewers see is of the old policy. */
  policyChanged(): void
  /** what the target wants to see in a cancel request */
  readonly serverKey: Uint8Array | undefined
  stop(): void
  /** bytes of the client's, and of results that come as fast as the target gives them, so far */
  takenIn(): number
  /** ends it with this as its error */
  refuse(refusal: Refusal): void
}

/** A session that a key cancels. */
export interface Cancelable {
  readonly session: LiveSession
  /** how often its target may get a cancel request */
  readonly rate: Rate
}

export interface Registry {
  readonly size: number
  add(session: LiveSession): void
  remove(session: LiveSession): void
  setCancelKey(session: LiveSession, key: Uint8Array): void
  /** the session of this resource with exactly this key */
  findByCancelKey(resource: string, key: Uint8Array): Cancelable | undefined
  all(): Iterable<LiveSession>
}

/** The first four bytes, the process id, choose the session; the rest is the secret. */
const PROCESS_ID = 4

/** Of one session, for its target: each is a connection, and no limit of sessions counts it. */
const CANCELS_A_MINUTE = 600

/** @param now milliseconds, monotonic */
export function createRegistry(now = () => performance.now()): Registry {
  const sessions = new Set<LiveSession>()
  const keys = new Map<string, Cancelable & { readonly key: Uint8Array }>()
  const keyOf = new Map<LiveSession, string>()
  const processId = (key: Uint8Array) => Buffer.from(key.subarray(0, PROCESS_ID)).toString('hex')

  return {
    get size() {
      return sessions.size
    },
    add: (session) => void sessions.add(session),
    remove(session) {
      sessions.delete(session)
      const id = keyOf.get(session)
      if (id !== undefined) keys.delete(id)
      keyOf.delete(session)
    },
    setCancelKey(session, key) {
      const id = processId(key)
      // Two random ids of 31 bits met: the later session cannot be cancelled, which harms nobody else.
      if (keys.has(id)) return
      // Not Buffer.from, whose pool would be kept alive by these few bytes.
      keys.set(id, { session, key: new Uint8Array(key), rate: createRate(CANCELS_A_MINUTE, now) })
      keyOf.set(session, id)
    },
    findByCancelKey(resource, key) {
      const found = keys.get(processId(key))
      if (!found || found.key.length !== key.length || !timingSafeEqual(found.key, key)) return undefined
      return found.session.resource === resource ? found : undefined
    },
    all: () => sessions,
  }
}

/**
 * Withdraws what the session with this key waits for; where nothing waits for approval, the target has to be asked.
 *
 * @returns what the target wants to see in a cancel request, undefined when that is not needed, or it got too many
 */
export function cancelSession(
  registry: Registry,
  resource: string,
  key: Uint8Array,
): Uint8Array | undefined | 'unknown' {
  const found = registry.findByCancelKey(resource, key)
  if (found === undefined) return 'unknown'
  const { session, rate } = found
  if (session.cancelHold() || !session.serverKey || !rate.take()) return undefined
  session.canceled()
  return session.serverKey
}
