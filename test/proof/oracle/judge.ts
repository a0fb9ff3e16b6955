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

/** Functions that print definitions, sizes or the tables of text search: they lock what they look at, and show no row of it. */
const LOOKING =
  /\b(?:pg_get_\w*def(?:_columns|_expressions)?|pg_get_expr|(?:col|obj|shobj)_description|pg_partition_(?:tree|ancestors|root)|pg_relation_is_\w+|pg_column_is_updatable|ts_debug|satisfies_hash_partition)\b/i
/** Views of the system that call them. */
const SHOWING =
  /^(?:views|view_\w+|tables|columns|domains|check_constraints|triggers|triggered_update_columns|pg_policies|pg_views|pg_rules|pg_matviews|pg_indexes|pg_stats_ext\w*)$/

function looks(deed: Deed, text: string, accesses: readonly Access[]): boolean {
  if (deed.mode !== 'AccessShareLock') return false
  return LOOKING.test(text) || accesses.some(({ relation }) => SHOWING.test(relation?.name ?? ''))
}

/** Locks that say less than they seem to. */
function isOnlyLock(deed: Deed, text: string, facts: Facts): boolean {
  if (deed.mode === undefined) return false
  // Planning a change locks its target as the change would; rows, had any changed, are a deed of their own.
  // So does MERGE that only DOes NOTHING.
  const planned = facts.statements.some(({ command }) => command === 'EXPLAIN' || command === 'MERGE')
  if (planned && (deed.mode === 'RowExclusiveLock' || deed.mode === 'RowShareLock')) return true
  // DROP STATISTICS names them, not their table.
  const statistics = facts.statements.some(({ command }) => command === 'DROP STATISTICS')
  if (statistics && deed.mode === 'ShareUpdateExclusiveLock') return true
  // They tell what nextval gave before, under nextval's lock.
  return deed.relation?.kind === 'S' && /\b(?:currval|lastval)\b/i.test(text)
}

/** The body of a function in SQL is read, and what it names locked, when it is made; nothing of it runs. */
function isBody(deed: Deed, accesses: readonly Access[]): boolean {
  const makes = ({ effect, objectType }: Access) =>
    effect === 'create' && (objectType === 'function' || objectType === 'procedure')
  return deed.mode !== undefined && accesses.some(makes)
}

/** DISCARD takes away what the session made for itself, by a word that every connection pool sends. */
function isDiscarded(deed: Deed, facts: Facts): boolean {
  if (!facts.statements.some(({ command }) => /^DISCARD (?:ALL|TEMP)$/.test(command))) return false
  return deed.relation === undefined ? deed.directly !== undefined : deed.relation.schema === 'pg_temp'
}

export interface Witnesses {
  readonly text: string
  /** the statement had its transaction to itself: the observer sees what was there before it */
  readonly alone: boolean
  /** sees the catalog as it was before the statement's transaction */
  readonly observer: Connection
  /** sees it as the statement left it */
  readonly session: Connection
}

/** What accounts for each deed; those that the accesses claim are asked nothing more. */
export async function judge(
  observation: Observation,
  facts: Facts,
  { text, alone, observer, session }: Witnesses,
): Promise<Judgement[]> {
  const accesses = accessesOf(facts)
  const deeds = deedsOf(observation)
  const isClaimed = (deed: Deed) =>
    accesses.some((access) => claims(access, deed, observation.path)) || isDiscarded(deed, facts)
  const open = deeds.filter((deed) => !isClaimed(deed))
  const claimed = deeds.filter(isClaimed).map((deed): Judgement => ({ account: 'claimed', deed }))
  if (open.length === 0) return claimed
  const resolutions = [await resolve(observer, accesses, false), await resolve(session, accesses, alone)]
  const languages = new Set([...(await speaking(observer)), ...(await speaking(session))])
  const named = callsCode(accesses, languages)
  // A function that ran may have been run by one that is called; one that is called has to be named itself.
  const runs = (deed: Deed) => deed.effects.has('call') && deed.otherwise === undefined
  const callsAnything = accesses.some(({ effect }) => effect === 'call')
  const hanging = resolutions.some(({ hangingCode }) => hangingCode)
  const ofItself: string[] = []
  const own = observation.calls.filter((call) => call.own).map(({ schema, name }) => `${schema}.${name}`)
  for (const name of new Set([...observation.functions, ...own])) {
    if (await runsByItself(session, name)) ofItself.push(name)
  }
  const judged: Judgement[] = []
  for (const deed of open) {
    const catalog =
      resolutions.some((resolution) => byCatalog(deed, accesses, resolution)) ||
      looks(deed, text, accesses) ||
      isOnlyLock(deed, text, facts)
    const called = named || isBody(deed, accesses) || (runs(deed) && callsAnything)
    const hidden = hanging || ofItself.length > 0
    const account = catalog ? 'catalog' : called ? 'named-code' : hidden ? 'hidden-code' : 'wrong'
    judged.push({ account, deed })
  }
  return [...claimed, ...judged]
}
