// What an operation does to relations behind those that it names, for those who decide on it.
import type { ToldBehind } from '../core/behind.ts'
import type { Access } from '../core/facts.ts'
import { isMeant, type Reached } from '../core/operation.ts'
import type { SearchPath } from '../core/search-path.ts'

/** A partitioned table may have thousands of children, and a request is read by people. */
const MAX_BEHIND = 50

/** Changes come first: reviewers see all of them before what is only read. */
export function behindOf(reached: readonly Reached[], path: SearchPath): ToldBehind {
  const found = new Map<string, Access>()
  for (const one of reached) {
    if (one.kind === 'behind' && isMeant(one, path)) found.set(JSON.stringify(one.access), one.access)
  }
  if (found.size === 0) return {}
  const behind = [...found.values()].sort((a, b) => weight(b) - weight(a))
  const more = behind.length - MAX_BEHIND
  return { behind: behind.slice(0, MAX_BEHIND), ...(more > 0 ? { moreBehind: more } : {}) }
}

const weight = ({ effect }: Access) => (effect === 'read' ? 0 : 1)
