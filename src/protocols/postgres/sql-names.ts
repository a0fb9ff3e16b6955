// Names that SQL itself defines: PREPARE and DECLARE CURSOR. Whether such a name was really made, dropped or made again
// depends on transactions and errors, so everything that a name ever stood for in this session counts (a superset is safe).
import { ProtocolError } from '../../core/errors.ts'
import type { Facts, SessionReference, StatementFacts } from '../../core/facts.ts'

/** More meanings of one name than this are not kept apart: the statement that uses it is refused. */
const MAX_MEANINGS = 64

export interface SqlNames {
  /** what the statements of a text define; call it when the text is sent */
  note(facts: Facts): void
  /** a portal of the protocol can be reached by FETCH, a statement by EXECUTE */
  noteProtocol(kind: SessionReference['kind'], name: string, statements: readonly StatementFacts[]): void
  /** SQL itself defined the name, so it may stand for more than the protocol's messages tell */
  definedBySql(kind: SessionReference['kind'], name: string): boolean
  meanings(kind: SessionReference['kind'], name: string): readonly StatementFacts[]
  /** The facts with what their references may stand for; the same object when there are none. */
  resolve(facts: Facts): Facts
}

const UNKNOWN: Pick<StatementFacts, 'accesses'> = { accesses: [{ effect: 'unknown' }] }

export function createSqlNames(limit: number): SqlNames {
  const known = new Map<string, Set<StatementFacts>>()
  const bySql = new Set<string>()
  const key = (kind: SessionReference['kind'], name: string) => `${kind}:${name}`

  function add(kind: SessionReference['kind'], name: string, statements: readonly StatementFacts[]): void {
    const found = known.get(key(kind, name)) ?? new Set()
    if (found.size === 0 && known.size >= limit)
      throw new ProtocolError(`more than ${limit} SQL names in one session`, 'too-large')
    for (const statement of statements) if (found.size <= MAX_MEANINGS) found.add(statement)
    known.set(key(kind, name), found)
  }

  function meanings(kind: SessionReference['kind'], name: string): readonly StatementFacts[] {
    return [...(known.get(key(kind, name)) ?? [])]
  }

  function resolveOne(
    statement: StatementFacts,
    local: Map<string, StatementFacts[]>,
  ): readonly StatementFacts[] {
    return statement.references.flatMap((reference) => {
      const found = [
        ...meanings(reference.kind, reference.name),
        ...(local.get(key(reference.kind, reference.name)) ?? []),
      ]
      if (found.length > 0 && found.length <= MAX_MEANINGS) return found
      const what = reference.kind === 'cursor' ? 'cursor' : 'prepared statement'
      const incomplete = `this session has not defined the ${what} ${JSON.stringify(reference.name)}`
      return [{ ...statement, ...UNKNOWN, references: [], changes: [], incomplete }]
    })
  }

  return {
    note(facts) {
      for (const change of facts.statements.flatMap((statement) => statement.changes)) {
        if (change.kind !== 'prepare' && change.kind !== 'declare-cursor') continue
        const kind = change.kind === 'prepare' ? 'prepared' : 'cursor'
        add(kind, change.name, [change.facts])
        bySql.add(key(kind, change.name))
      }
    },
    noteProtocol: add,
    definedBySql: (kind, name) => bySql.has(key(kind, name)),
    meanings,
    resolve(facts) {
      if (facts.statements.every((statement) => statement.references.length === 0)) return facts
      const local = new Map<string, StatementFacts[]>()
      const statements = facts.statements.flatMap((statement) => {
        const referred = resolveOne(statement, local)
        for (const change of statement.changes) {
          if (change.kind !== 'prepare' && change.kind !== 'declare-cursor') continue
          const at = key(change.kind === 'prepare' ? 'prepared' : 'cursor', change.name)
          local.set(at, [...(local.get(at) ?? []), change.facts])
        }
        return [statement, ...referred]
      })
      return { ...facts, statements }
    },
  }
}
