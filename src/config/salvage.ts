// What remains of a configuration without its broken parts, so that the rest can be checked in the same run.
import type { z } from 'zod'

type Issue = z.core.$ZodIssue

/**
 * A copy without unknown keys, and without each entry (`resources.orders`) that has any other issue;
 * at depth 1, without the whole section.
 */
export function withoutBroken(data: unknown, issues: readonly Issue[], depth: 1 | 2): unknown {
  const copy = structuredClone(data)
  for (const issue of issues) {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) remove(copy, [...path, key])
    } else {
      remove(copy, path.slice(0, depth))
    }
  }
  return typeof copy === 'object' && copy !== null ? { version: 1, resources: {}, ...copy } : copy
}

function remove(root: unknown, path: readonly string[]): void {
  let node = root
  for (const key of path.slice(0, -1)) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return
    node = (node as Record<string, unknown>)[key]
  }
  const last = path.at(-1)
  if (typeof node === 'object' && node !== null && last !== undefined) {
    delete (node as Record<string, unknown>)[last]
  }
}
