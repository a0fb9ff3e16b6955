// Functions that an operation may run, for those who decide on it: what its calls may mean, and code that needs leave.
import type { Access } from '../core/facts.ts'
import { isMeant, type Reached } from '../core/operation.ts'
import type { CalledFunction, RoutineFacts, ToldFunctions } from '../core/routine.ts'
import type { SearchPath } from '../core/search-path.ts'

/** A statement may name thousands, and a decision goes to reviewers and audit. */
const MAX_FUNCTIONS = 50

/** Those that run with another's privileges come first, and of the others those that may change something. */
export function functionsOf(reached: readonly Reached[], path: SearchPath): ToldFunctions {
  const found = new Map<string, CalledFunction>()
  const meant = reached.filter((one) => isMeant(one, path))
  const named = new Set(meant.flatMap(({ kind, routine }) => (kind === 'meant' ? routine?.signature : [])))
  for (const one of meant) {
    // A name that the statement calls may hide it as well.
    if (one.routine === undefined || (one.kind === 'code' && named.has(one.routine.signature))) continue
    const { via } = one.access
    const called = { ...one.routine, ...(via === undefined ? {} : { via }) }
    found.set(JSON.stringify(called), called)
  }
  if (found.size === 0) return {}
  const functions = [...found.values()].sort((a, b) => weight(b) - weight(a))
  const more = functions.length - MAX_FUNCTIONS
  return { functions: functions.slice(0, MAX_FUNCTIONS), ...(more > 0 ? { moreFunctions: more } : {}) }
}

const weight = ({ securityDefiner, volatility }: RoutineFacts) =>
  (securityDefiner ? 2 : 0) + (volatility === 'volatile' ? 1 : 0)

/** Of a call by name: the functions that it may mean; undefined where the catalog was not asked for it. */
export function createRoutinesOf(
  reached: readonly Reached[],
  path: SearchPath,
): (access: Access) => readonly RoutineFacts[] | undefined {
  const byCall = new Map<string, RoutineFacts[]>()
  for (const one of reached) {
    if (one.kind !== 'meant' || one.routine === undefined || !isMeant(one, path)) continue
    const key = callKey(one.access)
    byCall.set(key, [...(byCall.get(key) ?? []), one.routine])
  }
  return (access) => (byCall.size === 0 ? undefined : byCall.get(callKey(access)))
}

/** Equal calls are one, also of several statements. */
export const callKey = ({ effect, object, objectType }: Access): string =>
  JSON.stringify([effect, objectType, object])
