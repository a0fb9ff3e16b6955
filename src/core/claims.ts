// Verified claims, read by the dotted paths that configuration uses, and compared with what it demands.
import { matchesAnyGlob } from './glob.ts'

/** Claim path to the values that are accepted, each with `*` for any run of characters. */
export type ClaimDemands = Readonly<Record<string, string | readonly string[]>>

/**
 * The value at a dotted path, or undefined. A name may itself hold dots (`kubernetes.io.namespace` finds
 * `namespace` in `kubernetes.io`; `https://example.com/groups` is one name): the longest name that exists counts.
 */
export function claimAt(claims: unknown, path: string): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
  if (Object.hasOwn(claims, path)) return (claims as Record<string, unknown>)[path]
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const head = path.slice(0, dot)
    if (!Object.hasOwn(claims, head)) continue
    const found = claimAt((claims as Record<string, unknown>)[head], path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

/** The first demand that the claims do not meet, or undefined when they meet all of them. */
export function unmetClaim(
  claims: Readonly<Record<string, unknown>>,
  demands: ClaimDemands,
): string | undefined {
  return Object.keys(demands).find((path) => {
    const accepted = demands[path] ?? []
    return !satisfies(claimAt(claims, path), typeof accepted === 'string' ? [accepted] : accepted)
  })
}

type Scalar = string | number | boolean

/** Of a claim, by its path: what demands compare, and null where there is nothing of the kind. */
export type ToldClaims = Readonly<Record<string, Scalar | null | readonly Scalar[]>>

/** Characters of one claim's JSON, and of all: a provider may put anything into a token, and who reads needs what rules name. */
const MOST_OF_CLAIM = 4 * 1024
const MOST_OF_CLAIMS = 32 * 1024

/** What demands compare of the claims at these paths. Those that are too long are left out. */
export function toldClaims(
  claims: Readonly<Record<string, unknown>>,
  paths: readonly string[],
): ToldClaims | undefined {
  let left = MOST_OF_CLAIMS
  const told = [...new Set(paths)].sort().flatMap((path) => {
    const value = comparable(claimAt(claims, path))
    const length = JSON.stringify(value).length
    if (length > MOST_OF_CLAIM || path.length + length > left) return []
    left -= path.length + length
    return [[path, value] as const]
  })
  return told.length === 0 ? undefined : Object.fromEntries(told)
}

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value))

function comparable(value: unknown): ToldClaims[string] {
  if (Array.isArray(value)) return value.filter(isScalar)
  return isScalar(value) ? value : null
}

/** A list claim satisfies when one of its items does. Objects and null never do. */
function satisfies(value: unknown, accepted: readonly string[]): boolean {
  if (Array.isArray(value)) return value.some((item) => !Array.isArray(item) && satisfies(item, accepted))
  if (typeof value === 'string') return matchesAnyGlob(accepted, value)
  if (typeof value === 'number' || typeof value === 'boolean') return matchesAnyGlob(accepted, String(value))
  return false
}
