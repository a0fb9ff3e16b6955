// Facts as they are on a path: an object of their own, so that all that is remembered by facts is remembered by the path
// as well, and a fingerprint of their own, since an approval is for exactly what was asked (invariant 6).
import { createHash } from 'node:crypto'
import type { Facts } from '../../../core/facts.ts'
import { once } from '../../../core/once.ts'
import type { SearchPath } from '../../../core/search-path.ts'

/** Paths under which facts are kept: an application has a few, or one a tenant. */
const MAX_PATHS = 16

/** by the path's digest */
const byPathOf = once((_facts: Facts) => new Map<string, Facts>())
/** SHA-256; a session's path is one object for as long as it stays */
const digestOf = once((path: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(path)).digest('hex'),
)

/** @param path undefined: as the login set it */
export function underPath(facts: Facts, path: SearchPath | undefined): Facts {
  if (path === undefined) return facts
  const digest = path === 'any' ? path : digestOf(path)
  const byPath = byPathOf(facts)
  const found = byPath.get(digest)
  if (found !== undefined) return found
  const made = { ...facts, fingerprint: `${facts.fingerprint}:${digest}`, path }
  if (byPath.size >= MAX_PATHS) byPath.clear()
  byPath.set(digest, made)
  return made
}
