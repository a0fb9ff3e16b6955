// One statement against its facts: what is claimed, what the catalog or code explains, and what is wrong.
import type { Access, AccessEffect, Facts } from '../../../src/core/facts.ts'
import type { Reached } from '../../../src/core/operation.ts'
import { claims, type Deed, deedsOf } from './claims.ts'
import type { Connection } from './connection.ts'
import type { Observation } from './observation.ts'
import { type Resolution, resolve, runsEventTrigger, speaking } from './resolution.ts'

/** What accounts for a deed, from the best to the worst. */
export const ACCOUNTS = ['claimed', 'catalog', 'named-code', 'hidden-code', 'event-trigger', 'wrong'] as const
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
  const shows = accessesOf(facts).some(({ relation }) => relation?.name === 'pg_sequences')
  return deed.relation?.kind === 'S' && (shows || /\b(?:currval|lastval)\b/i.test(text))
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
  /** what the product found behind the names before the statement ran */
  readonly reached: readonly Reached[]
  /** the statement had its transaction to itself: the observer sees what was there before it */
  readonly alone: boolean
  /** sees the catalog as it was before the statement's transaction */
  readonly observer: Connection
  /** sees it as the statement left it */
  readonly session: Connection
}

/** What happens behind names. */
function accessesBehind({ kind, access }: Reached): readonly Access[] {
  const { relation } = access
  if (kind !== 'behind' || relation === undefined) return []
  const schema = relation.schema?.replace(/^pg_temp_\d+$/, 'pg_temp')
  return [{ ...access, relation: { name: relation.name, ...(schema !== undefined && { schema }) } }]
}

/** What accounts for each deed; those that the accesses claim are asked nothing more. */
export async function judge(
  observation: Observation,
  facts: Facts,
  witnesses: Witnesses,
): Promise<Judgement[]> {
  const { text, reached, session } = witnesses
  const accesses = accessesOf(facts)
  const claimedBy = (list: readonly Access[], deed: Deed) =>
    list.some((access) => claims(access, deed, observation.path))
  const behind = reached.flatMap(accessesBehind)
  const code = reached.filter(({ kind }) => kind === 'code').map(({ access }) => access)
  const judged: Judgement[] = []
  const open: Deed[] = []
  for (const deed of deedsOf(observation)) {
    if (claimedBy(accesses, deed) || isDiscarded(deed, facts)) judged.push({ account: 'claimed', deed })
    else if (claimedBy(behind, deed) || looks(deed, text, accesses) || isOnlyLock(deed, text, facts))
      judged.push({ account: 'catalog', deed })
    else if (claimedBy(code, deed)) judged.push({ account: 'hidden-code', deed })
    else open.push(deed)
  }
  if (open.length === 0) return judged
  const named = await namesCode(accesses, witnesses)
  const besides = createBesides(accesses, witnesses)
  // A function that ran may have been run by one that is called; one that is called has to be named itself.
  const calls = accesses.some(({ effect }) => effect === 'call')
  const ranByCall = (deed: Deed) => calls && deed.effects.has('call') && deed.otherwise === undefined
  const triggered = await runsEventTrigger(session, observation.functions)
  for (const deed of open) {
    if (named || isBody(deed, accesses) || ranByCall(deed)) judged.push({ account: 'named-code', deed })
    else if (code.length > 0) judged.push({ account: 'hidden-code', deed })
    else if (triggered) judged.push({ account: 'event-trigger', deed })
    else judged.push({ account: (await besides(deed)) ? 'catalog' : 'wrong', deed })
  }
  return judged
}

async function namesCode(accesses: readonly Access[], { observer, session }: Witnesses): Promise<boolean> {
  if (!accesses.some(({ effect }) => effect === 'call' || OPAQUE.has(effect))) return false
  return callsCode(accesses, new Set([...(await speaking(observer)), ...(await speaking(session))]))
}

/** Locks on what belongs to names, which the product does not count: keys, indexes, sequences and catalogs. */
function createBesides(accesses: readonly Access[], { observer, session, alone }: Witnesses) {
  let before: Resolution | undefined
  let after: Resolution | undefined
  return async (deed: Deed): Promise<boolean> => {
    if (deed.mode === undefined) return false
    before ??= await resolve(observer, accesses, false)
    if (byCatalog(deed, accesses, before)) return true
    after ??= await resolve(session, accesses, alone)
    return byCatalog(deed, accesses, after)
  }
}
