// What the primary keeps for all workers: the places that sessions take, and what hourly limits count.
import { createPlaces, type PlaceOutcome, type PlaceRequest } from '../../gateway/places.ts'
import { createHourlyUsage } from '../../gateway/usage.ts'
import type { UsageEntries } from './messages.ts'

export interface Shared {
  take(worker: number, request: PlaceRequest): PlaceOutcome
  release(worker: number, session: string): void
  /** A worker is gone, and its sessions with it. */
  forget(worker: number): void
  used(entries: UsageEntries): void
  /** of the last hour, for a worker that starts */
  usage(): UsageEntries
}

export function createShared(limitsOf: Parameters<typeof createPlaces>[0]): Shared {
  const places = createPlaces(limitsOf)
  const takenBy = new Map<number, Set<string>>()
  const hourly = createHourlyUsage(() => performance.now())
  /** those that `hourly` may have something of */
  const keys = new Set<string>()

  const sessionsOf = (worker: number) => {
    const sessions = takenBy.get(worker) ?? new Set<string>()
    takenBy.set(worker, sessions)
    return sessions
  }

  function usage(): UsageEntries {
    const entries = [...keys].map((key) => ({ key, ...hourly(key).used() }))
    for (const { key, rows, bytes } of entries) if (rows === 0 && bytes === 0) keys.delete(key)
    // Of more principals than are counted the workers know by themselves that they know nothing.
    return entries.filter(({ rows, bytes }) => Number.isFinite(rows) && rows + bytes > 0)
  }

  return {
    take(worker, { session, resource, principal }) {
      const outcome = places.takeNow({ session, resource, principal })
      if (outcome === 'taken') sessionsOf(worker).add(session)
      return outcome
    },
    release(worker, session) {
      if (sessionsOf(worker).delete(session)) places.release(session)
    },
    forget(worker) {
      for (const session of sessionsOf(worker)) places.release(session)
      takenBy.delete(worker)
    },
    used(entries) {
      for (const { key, rows, bytes } of entries) {
        keys.add(key)
        hourly(key).add(rows, bytes)
      }
      if (keys.size > MAX_KEYS) usage()
    },
    usage,
  }
}

/** As many as hourly usage counts (gateway/usage.ts), and as many again that are over. */
const MAX_KEYS = 100_000
