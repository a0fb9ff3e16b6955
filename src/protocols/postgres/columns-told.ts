// Whether the server can be asked for the columns of a statement. It looks for the cursor of a FETCH when it tells them, and
// takes it for there: where the cursor is gone PostgreSQL (seen with 15 and 18; FetchPortalTargetList in pquery.c) crashes, and
// with it every session of the server.
import type { Facts, SessionReference } from '../../core/facts.ts'
import { FRONTEND } from './messages/codes.ts'
import type { SqlNames } from './sql-names.ts'
import type { StandInError } from './statement.ts'

/** Messages after which a cursor may be gone: what they run may close it, and portals end with their transaction. */
export const MAY_END_CURSORS: ReadonlySet<number> = new Set([
  FRONTEND.Bind,
  FRONTEND.Close,
  FRONTEND.Execute,
  FRONTEND.FunctionCall,
  FRONTEND.Query,
  FRONTEND.Sync,
])

export interface Told {
  /** why the server must not be asked at all */
  readonly error?: StandInError
  /** cursors that have to stand where it is asked, unless its Parse or Bind came just before, which leaves columns out */
  readonly cursors: readonly string[]
}

export function toldOf(facts: Facts, sqlNames: SqlNames): Told {
  const references = facts.statements.flatMap((statement) => statement.references)
  if (references.length === 0) return { cursors: [] }
  const cursors = references.filter(isCursor).map(({ name }) => name)
  const incomplete = sqlNames
    .resolve(facts)
    .statements.find((statement) => statement.incomplete !== undefined)
  if (incomplete?.incomplete === undefined) return { cursors }
  return {
    error: { kind: 'refusal', refusal: { code: 'not-understood', message: incomplete.incomplete } },
    cursors,
  }
}

const isCursor = ({ kind }: SessionReference) => kind === 'cursor'

/** The cursor may be gone or not. */
export const NOT_TOLD: StandInError = {
  kind: 'refusal',
  refusal: {
    code: 'not-understood',
    message:
      'whether the cursor of this FETCH is there cannot be told, and PostgreSQL would crash where it is gone',
    hint: 'Describe it right after its Parse or Bind.',
  },
}
