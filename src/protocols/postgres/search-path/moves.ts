// Which statements may change the path, and which ones ask for it: those with names that have no schema.
import type { Access, Facts, StatementFacts } from '../../../core/facts.ts'
import { once } from '../../../core/once.ts'
import { REASON_SETTING } from '../../../core/stated.ts'

/**
 * `set`: the path itself, or whom `$user` stands for. `reset`: back to what the login set. `end`: of a transaction, or a
 * part of one, which undoes what was set in it. `code`: a function may do any of these. `reason`: what the session says of
 * why (reason.ts), which is set and undone as the path is, and moves no name.
 */
export type Move = 'set' | 'reset' | 'end' | 'code' | 'reason'

/** Commands that end a transaction, or go back to a point in it. */
export const ENDS_TRANSACTION: ReadonlySet<string> = new Set(['COMMIT', 'ROLLBACK', 'PREPARE TRANSACTION'])
const ROLES: ReadonlySet<string> = new Set(['role', 'session_authorization'])

/** What PostgreSQL brings sets nothing by itself: set_config is known by its arguments. */
function isOwnCode({ effect, object = '' }: Access): boolean {
  if (effect === 'do' || effect === 'unknown') return true
  return effect === 'call' && !object.startsWith('pg_catalog.')
}

const isOfSession = ({ effect, objectType = '' }: Access) =>
  // A setting of a role or a database is for later sessions.
  effect === 'session' || (effect === 'setting' && objectType === '')

function sets(access: Access): boolean {
  const { effect, object, objectType = '' } = access
  if (effect === 'role') return ROLES.has(objectType)
  return object === 'search_path' && isOfSession(access)
}

const setsReason = (access: Access) => access.object === REASON_SETTING && isOfSession(access)

/** RESET ALL: a setting that is named is an access. */
const resetsAll = (command: string, accesses: readonly Access[]) =>
  command === 'RESET' && accesses.some(({ object }) => object === 'RESET')

function moveOf({ command, accesses, changes, incomplete }: StatementFacts): Move | undefined {
  if (accesses.some(sets)) return 'set'
  if (incomplete !== undefined || accesses.some(isOwnCode)) return 'code'
  if (resetsAll(command, accesses) || changes.some(({ kind }) => kind === 'discard-all')) return 'reset'
  return ENDS_TRANSACTION.has(command) ? 'end' : undefined
}

const RELATIVE: ReadonlySet<string> = new Set(['function', 'procedure', 'routine', 'aggregate', 'operator'])

/** Has it a name without a schema? */
function asksForPath({ accesses, uses, references }: StatementFacts): boolean {
  if (uses !== undefined || references.length > 0) return true
  return accesses.some(({ relation, object = '', objectType = '' }) =>
    relation === undefined
      ? RELATIVE.has(objectType) && !object.includes('.')
      : relation.schema === undefined,
  )
}

export interface Moves {
  readonly all: ReadonlySet<Move>
  /** those by which a name of the same text may be looked for on another path than at its beginning */
  readonly within: ReadonlySet<Move>
  /** the same by code that no statement shows, should there be any */
  readonly severalAsk: boolean
  readonly asks: boolean
}

export const movesOf = once(({ statements }: Facts): Moves => readMoves(statements))

function readMoves(statements: readonly StatementFacts[]): Moves {
  const all = new Set<Move>()
  const within = new Set<Move>()
  let severalAsk = false
  let askedLater = false
  for (const statement of [...statements].reverse()) {
    const move = moveOf(statement)
    if (move !== undefined) all.add(move)
    if (statement.accesses.some(setsReason)) all.add('reason')
    if (move !== undefined && (askedLater || asksAtRunTime(statement, move))) within.add(move)
    // While it makes what is inside, the new schema is before the path.
    if (statement.command === 'CREATE SCHEMA' && asksForPath(statement)) within.add('set')
    severalAsk ||= askedLater && mayHideCode(statement)
    askedLater ||= asksForPath(statement)
  }
  return { all, within, severalAsk, asks: askedLater }
}

const mayHideCode = ({ accesses, uses }: StatementFacts) =>
  uses !== undefined || accesses.some(({ relation }) => relation !== undefined)

/** Names are looked for before a statement runs, but those in texts that it computes: nextval('s'::text). */
function asksAtRunTime({ accesses }: StatementFacts, move: Move): boolean {
  return accesses.some(
    ({ relation, objectType }) =>
      relation !== undefined &&
      relation.schema === undefined &&
      (move === 'set' || (move === 'code' && objectType === 'sequence')),
  )
}
