// How many sessions a resource and each principal on it may have at once. Who only knocks takes no place.
import type { ResourceConfig } from '../config/schema.ts'

export interface PlaceRequest {
  readonly session: string
  readonly resource: string
  /** principalId */
  readonly principal: string
}

export type PlaceOutcome = 'taken' | 'resource-full' | 'principal-full'

/** Several processes behind one Envoy ask the same one, so that none counts by itself. */
export interface Places {
  /** May reject where another process is asked and does not answer: then nobody is let in. */
  take(request: PlaceRequest): Promise<PlaceOutcome>
  /** Of a session that may have none. */
  release(session: string): void
}

/** Those that are taken, in this process. */
export interface LocalPlaces extends Places {
  /** the same as `take`, at once */
  takeNow(request: PlaceRequest): PlaceOutcome
}

type Limits = Pick<ResourceConfig['limits'], 'sessions' | 'sessions_per_principal'>

export function createPlaces(limitsOf: (resource: string) => Limits | undefined): LocalPlaces {
  const taken = new Map<string, PlaceRequest>()
  const counts = new Map<string, number>()
  const keysOf = ({ resource, principal }: PlaceRequest) => [
    JSON.stringify([resource]),
    JSON.stringify([resource, principal]),
  ]
  const add = (key: string, change: number) => {
    const count = (counts.get(key) ?? 0) + change
    if (count === 0) counts.delete(key)
    else counts.set(key, count)
  }

  function takeNow(request: PlaceRequest): PlaceOutcome {
    const limits = limitsOf(request.resource)
    const [ofResource = 0, ofPrincipal = 0] = keysOf(request).map((key) => counts.get(key) ?? 0)
    if (ofResource >= (limits?.sessions ?? 0)) return 'resource-full'
    if (ofPrincipal >= (limits?.sessions_per_principal ?? 0)) return 'principal-full'
    if (taken.has(request.session)) throw new Error('invariant: one session takes one place')
    taken.set(request.session, request)
    for (const key of keysOf(request)) add(key, 1)
    return 'taken'
  }

  return {
    takeNow,
    take: async (request) => takeNow(request),
    release(session) {
      const request = taken.get(session)
      if (request === undefined) return
      taken.delete(session)
      for (const key of keysOf(request)) add(key, -1)
    },
  }
}
