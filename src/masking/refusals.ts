// Statements that would carry masked values to where no mask applies: out by COPY, into another relation, to a function
// with effects. Their results cannot be masked, so they do not run (design section 7, "all ways out count").
import type { Refusal } from '../core/errors.ts'
import type { Access, AccessEffect, RelationName, StatementFacts } from '../core/facts.ts'
import type { Masker } from '../core/masking.ts'
import type { MaskedOperation } from '../core/operation.ts'
import { storesRows } from './copies.ts'

interface Masks extends Pick<Masker, 'masksRelation' | 'masksColumn'> {
  /** Nothing of this relation is stored elsewhere: it has masks, and none of them says otherwise of copies. */
  isClosed(relation: RelationName): boolean
}

/** Effects that can take a value of the statement out of it, other than into a relation's columns. */
const WAYS_OUT: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  'create',
  'call',
  'do',
  'notify',
  'setting',
  'large-object',
  'server-file',
  'server-program',
  'remote',
  // a row level policy that fails shows its value, whatever relation it guards
  'grant',
  'alter',
])

/** What they read is not in the statement: it may be a masked relation. */
const UNSEEN_CODE: ReadonlySet<AccessEffect> = new Set<AccessEffect>([
  'call',
  'remote',
  'large-object',
  'server-file',
  'server-program',
])

/** What is made on a masked relation runs with each change of it, and may store what it sees. */
const RUNS_LATER: ReadonlySet<string> = new Set(['trigger', 'rule'])
/** Their body is text that is not read. */
const ROUTINES: ReadonlySet<string> = new Set(['function', 'procedure'])

const HINT = 'Read it with SELECT: the values that are masked come back masked.'

const refusal = (message: string, hint = HINT): Refusal => ({ code: 'denied', message, hint })

/** What stands behind the relations that a statement names. */
interface Behind {
  readonly maskedBehind: readonly RelationName[]
  /** views over masked relations, or over what cannot be told */
  readonly renaming: readonly RelationName[]
  /** it cannot be told, so it may be masked */
  readonly hidden: boolean
  /** functions and operators that it names may be somebody's own */
  readonly code: boolean
  /** what its names call is not shown, and may give back what it reads */
  readonly calls: boolean
}

/** Exactly the same name: `users` and `public.users` may be two relations. */
const sameRelation = (a: RelationName, b: RelationName) => a.name === b.name && a.schema === b.schema

function relationsOf(statement: StatementFacts, ...effects: AccessEffect[]): RelationName[] {
  return statement.accesses.flatMap(({ effect, relation }) =>
    relation !== undefined && effects.includes(effect) ? [relation] : [],
  )
}

/** What the statement reads is not all in its text: a prepared statement, a cursor, a code block. */
function hasUnseenSource(statement: StatementFacts): boolean {
  return (
    statement.incomplete !== undefined ||
    statement.references.length > 0 ||
    statement.accesses.some((access) => access.effect === 'do')
  )
}

const runsUnseenCode = (statement: StatementFacts, { code, calls }: Behind) =>
  calls ||
  (code && statement.uses !== undefined) ||
  statement.accesses.some(({ effect }) => UNSEEN_CODE.has(effect))

/** Its rows come back hidden, but nothing hides them anywhere else. */
function refusesCode(statement: StatementFacts, behind: Behind): Refusal | undefined {
  if (!runsUnseenCode(statement, behind)) return undefined
  const goesOn = statement.accesses.some(
    (access) =>
      !UNSEEN_CODE.has(access.effect) && (isWayOut(statement, access) || storesRows(statement, access)),
  )
  if (!goesOn && statement.copy !== 'out') return undefined
  return refusal(
    "The statement runs code that may read masked relations, and its result would leave the masks' reach.",
    'An administrator can list functions without effects under trusted_functions.',
  )
}

function wayOut(access: Access): Refusal {
  const object = access.object === undefined ? '' : ` ${JSON.stringify(access.object)}`
  return access.effect === 'call'
    ? refusal(
        `Values of masked relations may not be given to the function${object}.`,
        'An administrator can list functions without effects under trusted_functions.',
      )
    : refusal(`The statement could carry masked values out of the masks' reach (${access.effect}${object}).`)
}

/**
 * Where no mask says anything of copies, nothing is written elsewhere by what reads a masked relation, and nothing of a
 * masked column within it. What masks say of copies is told apart (copies.ts), column by column.
 */
function refusesWrite(
  masks: Masks,
  statement: StatementFacts,
  { effect, relation: target }: Access,
  reads: readonly RelationName[],
  { maskedBehind, renaming, hidden }: Behind,
): boolean {
  if (target === undefined || hasUnseenSource(statement)) return true
  const closedBehind = maskedBehind.filter((relation) => masks.isClosed(relation))
  // A relation that is made is none that is read, whatever its name.
  const readsItself = effect !== 'create' && reads.some((relation) => sameRelation(relation, target))
  const others = readsItself ? reads.filter((relation) => !sameRelation(relation, target)) : reads
  if (others.some((relation) => masks.isClosed(relation))) return true
  if (others.length > 0 && (hidden || closedBehind.length > 0)) return true
  const closed = [target, ...closedBehind].filter((relation) => masks.isClosed(relation))
  const stored = statement.columns.filter(({ uses }) => uses.includes('stored'))
  if (readsItself && closed.length > 0 && stored.some(({ column }) => column === '*')) return true
  // A view's columns may have other names than those behind it, also where a mask names some of its own.
  const isView = renaming.some((view) => sameRelation(view, target))
  const renamed = (isView || !masks.masksRelation(target)) && (hidden || closedBehind.length > 0)
  if (renamed && stored.length > 0 && readsItself) return true
  // What it only lets decide is for `probes` to say.
  return stored.some(({ column }) => closed.some((relation) => masks.masksColumn(relation, column)))
}

/** An advisory lock is on a number that whoever looks at pg_locks can read; a lock on a relation tells nothing. */
function isWayOut(statement: StatementFacts, access: Access): boolean {
  if (storesRows(statement, access)) return false
  return WAYS_OUT.has(access.effect) || (access.effect === 'lock' && access.relation === undefined)
}

/** Masks go by the names of relations and columns, and see what a statement does: neither may be changed under them. */
function undermines(masks: Masks, statement: StatementFacts, behind: Behind): Refusal | undefined {
  const masked = (relation: RelationName | undefined) =>
    relation !== undefined &&
    (masks.masksRelation(relation) || behind.hidden || behind.maskedBehind.length > 0)
  const how = statement.accesses.find(({ effect, relation, objectType = '' }) => {
    if (effect === 'create')
      return ROUTINES.has(objectType) || (RUNS_LATER.has(objectType) && masked(relation))
    if (effect !== 'alter' || !statement.command.startsWith('ALTER')) return false
    // A renamed schema takes its relations out of the rules' names.
    return objectType === 'schema' || masked(relation)
  })
  if (how === undefined) return undefined
  const what = how.relation?.name ?? how.object ?? ''
  return refusal(
    `Masks could be got around with it (${how.effect} ${how.objectType ?? ''} ${JSON.stringify(what)}).`,
    'Somebody for whom nothing is masked here can do it.',
  )
}

function refusesStatement(masks: Masks, statement: StatementFacts, behind: Behind): Refusal | undefined {
  for (const change of statement.changes) {
    if (change.kind !== 'prepare' && change.kind !== 'declare-cursor') continue
    const refused = refusesStatement(masks, change.facts, behind)
    if (refused !== undefined) return refused
  }
  const undermining = undermines(masks, statement, behind)
  if (undermining !== undefined) return undermining
  const reads = relationsOf(statement, 'read')
  const touches =
    hasUnseenSource(statement) ||
    reads.some((relation) => masks.masksRelation(relation)) ||
    (reads.length > 0 && (behind.hidden || behind.maskedBehind.length > 0))
  const code = touches && !behind.calls ? undefined : refusesCode(statement, behind)
  if (!touches || code !== undefined) return code
  if (statement.copy === 'out') return refusal('COPY may not read a relation with masked columns.')
  const way = statement.accesses.find((access) => isWayOut(statement, access))
  if (way !== undefined) return wayOut(way)
  if (behind.code && statement.uses !== undefined) return wayOut({ effect: 'call' })
  const targets = statement.accesses.filter((access) => storesRows(statement, access))
  if (targets.some((target) => refusesWrite(masks, statement, target, reads, behind))) {
    return refusal('The statement could write masked values to where they are not masked.')
  }
  return undefined
}

/** Why the operation may not run under these masks; undefined when it may. */
export function maskingRefusal(masks: Masks, operation: MaskedOperation): Refusal | undefined {
  const maskedBehind = operation.behind.filter((relation) => masks.masksRelation(relation))
  const {
    renaming = [],
    opaque: hidden = false,
    hidesCode: code = false,
    callsHidden: calls = false,
  } = operation
  const behind = { maskedBehind, renaming, hidden, code, calls }
  for (const statement of operation.facts.statements) {
    const refused = refusesStatement(masks, statement, behind)
    if (refused !== undefined) return refused
  }
  return undefined
}
