// What somebody who watches knows: the requests of the stream as they are now, and which of its events are news.
import type { ListedApproval } from './shapes.ts'

export interface Watched {
  /** newest first */
  requests(): readonly ListedApproval[]
  /** Takes one in. @returns whether it is news: a stream that begins anew tells again what was told. */
  take(event: string, id: string | undefined, request: ListedApproval): boolean
  /** What is present is told next: what it no longer has is gone. */
  begin(): void
  /** All that is present has been told. */
  ready(): void
}

/** Requests that are kept; more than the server begins a stream with. A flood pushes out the oldest. */
const MAX_KEPT = 1000

/** @param state only requests in this one are shown */
export function createWatched(state?: string): Watched {
  const kept = new Map<string, { readonly version: string | undefined; readonly request: ListedApproval }>()
  let stale = new Set<string>()
  return {
    requests: () =>
      [...kept.values()]
        .map(({ request }) => request)
        .filter((request) => state === undefined || request.state === state)
        .sort((a, b) => b.createdAt - a.createdAt),
    take: (event, version, request) => {
      const before = kept.get(request.id)
      stale.delete(request.id)
      kept.delete(request.id)
      kept.set(request.id, { version, request })
      for (const id of kept.keys()) {
        if (kept.size <= MAX_KEPT) break
        kept.delete(id)
      }
      return event !== 'present' || before === undefined || before.version !== version
    },
    begin: () => {
      stale = new Set(kept.keys())
    },
    ready: () => {
      for (const id of stale) kept.delete(id)
      stale.clear()
    },
  }
}
