// Facts as they are on a path: an object of their own, so that all that is remembered by facts is remembered by the path
// as well, and a fingerprint of their own, since an approval is for exactly what was asked (invariant 6).
import { createHash } from 'node:crypto'
import type { Facts } from '../../../core/facts.ts'
import type { SearchPath } from '../../../core/search-path.ts'

/** Paths under which facts are kept: an application has a few, or one a tenant. */
const MAX_PATHS = 16

const known = new WeakMap<Facts, Map<string, Facts>>()
/** SHA-256 of paths; a session's is one object for as long as it stays */
const digests = new WeakMap<readonly string[], string>()

function digestOf(path: SearchPath): string {
  if (path === 'any') return path
  const found = digests.get(path)
  if (found !== undefined) return found
  const digest = createHash('sha256').update(JSON.stringify(path)).digest('hex')
  digests.set(path, digest)
  return digest
}

/** @param path undefined: as the login set it */
export function underPath(facts: Facts, path: SearchPath | undefined): Facts {
  if (path === undefined) return facts
  const digest = digestOf(path)
  const before = known.get(facts)
  const found = before?.get(digest)
  if (found !== undefined) return found
  const byPath = before ?? new Map<string, Facts>()
  known.set(facts, byPath)
  const made = { ...facts, fingerprint: `${facts.fingerprint}:${digest}`, path }
  if (byPath.size >= MAX_PATHS) byPath.clear()
  byPath.set(digest, made)
  return made
}
