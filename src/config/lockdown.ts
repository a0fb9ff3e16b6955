// The lockdown of a configuration, also of one that cannot be used otherwise: whoever writes one into the file is in haste, and a
// mistake of theirs, or of somebody else in the same file, must not keep it from coming into force.
import { type Document, isMap, isNode, isScalar, type Pair, parseDocument } from 'yaml'
import { matchesAnyGlob } from '../core/glob.ts'
import { type LockdownConfig, lockdown } from './lockdown-schema.ts'
import type { Finding } from './problems.ts'
import type { Config } from './schema.ts'

/** What cannot be read of a lockdown may have been for anything. */
const EVERYTHING: LockdownConfig = { resources: '*', sessions: 'refuse' }

export const isLockedBy = ({ resources }: Pick<LockdownConfig, 'resources'>, resource: string): boolean =>
  matchesAnyGlob([resources].flat(), resource)

/** Equal lockdowns are one, whoever wrote them in which order of keys. */
export function sameLockdown(one: LockdownConfig, other: LockdownConfig): boolean {
  return keyOf(one) === keyOf(other)
}

export const sameLockdowns = (some: readonly LockdownConfig[], others: readonly LockdownConfig[]): boolean =>
  some.length === others.length && some.every((one) => others.some((other) => sameLockdown(one, other)))

const keyOf = ({ resources, reason, sessions, except_groups }: LockdownConfig): string =>
  JSON.stringify([[resources].flat(), reason, sessions, except_groups])

/**
 * Those of a text that is refused as a configuration. One that is broken itself is taken for a lockdown of everything, with
 * nobody excepted: it stands there to refuse.
 */
export function lockdownsIn(text: string): readonly LockdownConfig[] {
  try {
    const document = parseDocument(text, { uniqueKeys: true, strict: true })
    const pairs = isMap(document.contents) ? document.contents.items.filter(isLockdown) : []
    if (pairs.length > 0) return pairs.map((pair) => read(pair, document))
    return document.errors.length > 0 && looksLikeOne(text) ? [EVERYTHING] : []
  } catch {
    return looksLikeOne(text) ? [EVERYTHING] : []
  }
}

const isLockdown = ({ key }: Pair): boolean => isScalar(key) && key.value === 'lockdown'

/** An error before it may have swallowed it: a quote that is not closed goes to the end of the file. */
const looksLikeOne = (text: string): boolean => /^["']?lockdown["']?[ \t]*:/m.test(text)

function read(pair: Pair, document: Document.Parsed): LockdownConfig {
  const { key, value } = pair
  const from = isNode(key) ? (key.range?.[0] ?? 0) : 0
  const to = isNode(value) ? (value.range?.[2] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
  const data: unknown = isNode(value) ? value.toJS(document, { maxAliasCount: 100 }) : undefined
  const isWhole = document.errors.every(({ pos }) => pos[0] > to || pos[1] < from)
  const parsed = lockdown.safeParse(data)
  if (isWhole && parsed.success) return parsed.data
  return { ...EVERYTHING, ...kept(data) }
}

/** Of a broken one: what can only refuse more, and what tells why. */
function kept(data: unknown): Partial<LockdownConfig> {
  if (typeof data !== 'object' || data === null) return {}
  const reason = 'reason' in data ? lockdown.shape.reason.safeParse(data.reason).data : undefined
  const ends = 'sessions' in data && data.sessions === 'end'
  return { ...(ends && { sessions: 'end' }), ...(reason === undefined ? {} : { reason }) }
}

/** Names of a lockdown that no resource has: a typo may be why something is not locked that should be. */
export function lockdownWarnings({ lockdown: found, resources }: Config): Finding[] {
  if (found === undefined) return []
  const names = Object.keys(resources)
  return [found.resources].flat().flatMap((pattern, index): Finding[] => {
    if (names.some((name) => matchesAnyGlob([pattern], name))) return []
    const path = ['lockdown', 'resources', ...(Array.isArray(found.resources) ? [index] : [])]
    return [
      {
        path,
        message: `it locks nothing: no resource is called ${pattern}`,
        cure: `there is ${names.join(', ')}`,
      },
    ]
  })
}
