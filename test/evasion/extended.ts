// The steps of a case as a client sends them that knows no simple query: each statement of a text is parsed, bound and executed,
// and its results are binary. A text stays one transaction, since one Sync ends it.
import { Buffer } from 'node:buffer'
import { parseSql } from '../../src/analysis/postgres/parser.ts'
import { bind, describe, execute, parse, sync } from '../support/pgwire/frontend.ts'
import type { EvasionCase, Step } from './case.ts'

/** Statements of a text, by the server's own grammar; whole where that does not read it. */
function statementsOf(sql: string): readonly string[] {
  const parsed = parseSql(sql)
  if (parsed.kind !== 'tree') return [sql]
  const bytes = Buffer.from(sql)
  return parsed.statements.map(({ stmt_location: from = 0, stmt_len: length }) =>
    bytes.subarray(from, length === undefined ? undefined : from + length).toString(),
  )
}

function messagesOf(sql: string): readonly Uint8Array[] {
  const statements = statementsOf(sql).flatMap((statement, at) => [
    parse({ sql: statement }),
    bind({ resultFormats: [1] }),
    // Whoever knows the columns does not ask.
    ...(at % 2 === 0 ? [describe('P')] : []),
    execute(),
  ])
  return [...statements, sync()]
}

const inMessages = (step: Step): Step => (typeof step === 'string' ? messagesOf(step) : step)

/** The parser has to be loaded. */
export const inExtended = <T extends EvasionCase>(one: T): T => ({ ...one, steps: one.steps.map(inMessages) })
