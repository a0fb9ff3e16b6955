// Prepared statements and portals of a session whose results are not seen: what each name may stand for.
import { createHash } from 'node:crypto'
import type { Facts, StatementFacts } from '../../../core/facts.ts'
import type { ParameterValue } from '../../../core/operation.ts'
import type { Kept } from '../kept.ts'
import type { SqlNames } from '../sql-names.ts'
import { type Judgement, lengthOf } from '../statement.ts'
import { createMeanings, type Meanings } from './meanings.ts'

export interface Statement {
  readonly sql: string
  readonly facts: Facts
  /** OIDs that its Parse stated for its parameters, 0 where the server chooses */
  readonly types?: readonly number[]
  /** the session's at its Parse; absent where it may be any of several */
  readonly era?: number
}

export interface Portal {
  readonly statement: Statement
  /** the session's at its Bind */
  readonly era?: number
  readonly parameters: readonly ParameterValue[]
  /**
   * Of its Bind or Execute, once that was let through: as long as it stands, what follows goes on with the same operation,
   * as one Bind runs at most once.
   */
  judged: Judgement | undefined
  /** the fingerprint of what was judged then, with all that its names stood for */
  meaning: string | undefined
  /** how many statements had run that may change the role, when it was judged or went on last */
  moves: number
}

export interface SessionNames {
  readonly statements: Meanings<Statement>
  readonly portals: Meanings<Portal>
  endSegment(): void
}

/** Meanings of a statement's name that are kept: all are judged, and shown to who approves. */
const MAX_MEANINGS = 64

/**
 * @param names of each kind, in one session
 * @param kept where texts, facts and parameters count
 */
export function createSessionNames(names: number, kept: Kept): SessionNames {
  const statements = createMeanings<Statement>(
    'prepared statements',
    { names, meanings: MAX_MEANINGS },
    {
      keep: ({ facts, sql }) => kept.add(facts.statements, sql.length),
      release: ({ facts, sql }) => kept.remove(facts.statements, sql.length),
    },
  )
  const sizeOf = ({ statement, parameters }: Portal) => parameters.reduce(lengthOf, statement.sql.length)
  // What a portal runs includes its parameters; of two portals of one name nobody can tell which one runs.
  const portals = createMeanings<Portal>(
    'portals',
    { names, meanings: 1 },
    {
      keep: (portal) => kept.add(portal.statement.facts.statements, sizeOf(portal)),
      release: (portal) => kept.remove(portal.statement.facts.statements, sizeOf(portal)),
    },
  )
  return {
    statements,
    portals,
    endSegment() {
      statements.endSegment()
      portals.endSegment()
    },
  }
}

/**
 * One statement that does what any of these does. A name that SQL itself defined (PREPARE, DECLARE) also stands for
 * what `SqlNames` knows of it, by way of a reference.
 */
export function anyOf(
  kind: 'prepared' | 'cursor',
  name: string,
  meanings: readonly Statement[],
  sqlNames: SqlNames,
): Statement | undefined {
  const [only] = meanings
  const bySql = sqlNames.definedBySql(kind, name)
  if (!bySql && meanings.length <= 1) return only
  const statements = meanings.flatMap(({ facts }) => facts.statements)
  if (bySql) statements.push(reference(kind, name))
  const texts = meanings.map(({ sql }) => sql)
  const sql =
    texts.length === 0
      ? `${kind === 'prepared' ? 'EXECUTE' : 'FETCH ALL FROM'} ${JSON.stringify(name)}`
      : `/* one of these, since ${JSON.stringify(name)} was given more than once */\n${texts.join(';\n')}`
  const behind = meanings.map(({ facts, types = [] }) => [facts.fingerprint, ...types])
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([kind, name, behind]))
    .digest('hex')
  return { sql, facts: { statements, fingerprint, ofSession: true } }
}

function reference(kind: 'prepared' | 'cursor', name: string): StatementFacts {
  return {
    command: kind === 'prepared' ? 'EXECUTE' : 'FETCH',
    accesses: [{ effect: 'session' }],
    columns: [],
    returnsRows: true,
    changes: [],
    references: [{ kind, name }],
  }
}
