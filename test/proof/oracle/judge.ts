// One statement against its facts: what is claimed, what the catalog or code explains, and what is wrong.
import type { Access, AccessEffect, Facts } from '../../../src/core/facts.ts'
import { claims, type Deed, deedsOf } from './claims.ts'
import type { Connection } from './connection.ts'
import type { Observation } from './observation.ts'
import { type Resolution, resolve, runsByItself, speaking } from './resolution.ts'

/** What accounts for a deed, from the best to the worst. */
export const ACCOUNTS = ['claimed', 'catalog', 'named-code', 'hidden-code', 'wrong'] as const
export type Account = (typeof ACCOUNTS)[number]

export interface Judgement {
  readonly account: Account
  readonly deed: Deed
}

const DEFINITIONS: ReadonlySet<AccessEffect> = new Set([
  'create',
  'alter',
  'drop',
  'grant',
  'role',
  'maintenance',
  'setting',
  'remote',
  'truncate',
  'large-object',
])
/** Effects of code whose text facts do not have. */
const OPAQUE: ReadonlySet<AccessEffect> = new Set(['do', 'remote', 'server-file'])

export const accessesOf = (facts: Facts): readonly Access[] =>
  facts.statements.flatMap((statement) => statement.accesses)

function byCatalog(deed: Deed, accesses: readonly Access[], resolution: Resolution): boolean {
  if (deed.relation === undefined) return false
  if (deed.relation.system) {
    // Definitions look things up in catalogs and keep the lock of some.
    return resolution.views || accesses.some(({ effect }) => DEFINITIONS.has(effect))
  }
  const reached = deed.effects.has('read') ? resolution.read : resolution.changed
  return reached.has(deed.relation.oid)
}

function callsCode(accesses: readonly Access[], languages: ReadonlySet<string>): boolean {
  return accesses.some(({ effect, object, objectType }) => {
    if (OPAQUE.has(effect)) return true
    if (effect !== 'call') return false
    return objectType === 'operator' || languages.has((object ?? '').replace(/^.*\./, ''))
  })
}

export interface Witnesses {
  /** sees the catalog as it was before the statement's transaction */
  readonly observer: Connection
  /** sees it as the statement left it */
  readonly session: Connection
}

/** What accounts for each deed; those that the accesses claim are asked nothing more. */
export async function judge(
  observation: Observation,
  facts: Facts,
  { observer, session }: Witnesses,
): Promise<Judgement[]> {
  const accesses = accessesOf(facts)
  const deeds = deedsOf(observation)
  const isClaimed = (deed: Deed) => accesses.some((access) => claims(access, deed, observation.path))
  const open = deeds.filter((deed) => !isClaimed(deed))
  const claimed = deeds.filter(isClaimed).map((deed): Judgement => ({ account: 'claimed', deed }))
  if (open.length === 0) return claimed
  const resolutions = [await resolve(observer, accesses), await resolve(session, accesses)]
  const languages = new Set([...(await speaking(observer)), ...(await speaking(session))])
  const named = callsCode(accesses, languages)
  const hanging = resolutions.some(({ hangingCode }) => hangingCode)
  const judged: Judgement[] = []
  for (const deed of open) {
    const catalog = resolutions.some((resolution) => byCatalog(deed, accesses, resolution))
    const hidden = hanging || (deed.object !== undefined && (await runsByItself(session, deed.object)))
    const account = catalog ? 'catalog' : named ? 'named-code' : hidden ? 'hidden-code' : 'wrong'
    judged.push({ account, deed })
  }
  return [...claimed, ...judged]
}
