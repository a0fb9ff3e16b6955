// Facts of one parsed statement.
import type { Node } from 'libpg-query'
import type { StatementFacts } from '../../core/facts.ts'
import { createAttributes } from './attributes.ts'
import { createCollector } from './collector.ts'
import { columnsOf, UNKNOWN_COLUMNS } from './columns/statement.ts'
import { expressions } from './expressions.ts'
import { visitFunction } from './functions.ts'
import { queries } from './queries.ts'
import { administrationStatements } from './statements-administration.ts'
import { changeStatements } from './statements-change.ts'
import { createStatements } from './statements-create.ts'
import { sessionStatements } from './statements-session.ts'
import { createWalk, type Handlers, type WalkOptions } from './walk.ts'
import { TooMuch } from './work.ts'

/** One handler for every node that the grammar has: a node that a new version adds does not compile without one. */
const HANDLERS: Handlers = {
  ...expressions,
  ...queries,
  ...sessionStatements,
  ...createStatements,
  ...changeStatements,
  ...administrationStatements,
}

/** Never throws: what cannot be analysed is incomplete, and so is refused (invariant 1). */
export function analyzeStatement(statement: Node, options: WalkOptions): StatementFacts {
  const collector = createCollector()
  const attributes = createAttributes()
  const walk = createWalk({
    handlers: HANDLERS,
    facts: collector,
    attributes,
    options,
    analyze: (inner) => analyzeStatement(inner, options),
  })
  let command: unknown
  try {
    command = walk.visit(statement)
    for (const { name, args } of attributes.calls(collector.isRange)) visitFunction([name], args, walk)
  } catch (error) {
    collector.incomplete(failure(error))
  }
  if (typeof command !== 'string') collector.incomplete('it is not a statement')
  const facts =
    typeof command === 'string'
      ? collector.finish(command, returnsRows(statement))
      : collector.finish('UNKNOWN', true)
  // What the walk did not get through is nested too deeply for a second reading, too.
  const columns = facts.incomplete === undefined ? columnsOf(statement, options.work) : UNKNOWN_COLUMNS
  return { ...facts, ...columns }
}

function failure(error: unknown): string {
  if (error instanceof TooMuch) return error.message
  return error instanceof RangeError ? 'it is nested too deeply' : 'analysis failed on it'
}

/** Does the client get rows for it (or data of COPY TO STDOUT)? */
function returnsRows(statement: Node): boolean {
  if ('SelectStmt' in statement) return !hasInto(statement.SelectStmt)
  if ('InsertStmt' in statement) return statement.InsertStmt.returningClause !== undefined
  if ('UpdateStmt' in statement) return statement.UpdateStmt.returningClause !== undefined
  if ('DeleteStmt' in statement) return statement.DeleteStmt.returningClause !== undefined
  if ('MergeStmt' in statement) return statement.MergeStmt.returningClause !== undefined
  if ('CopyStmt' in statement) {
    return statement.CopyStmt.is_from !== true && statement.CopyStmt.filename === undefined
  }
  if ('FetchStmt' in statement) return statement.FetchStmt.ismove !== true
  return ['VariableShowStmt', 'ExplainStmt', 'ExecuteStmt', 'CallStmt'].some((tag) => tag in statement)
}

/** INTO stands in the leftmost SELECT of a set operation. */
function hasInto(select: Extract<Node, { SelectStmt: unknown }>['SelectStmt']): boolean {
  let leftmost = select
  while (leftmost.larg !== undefined) leftmost = leftmost.larg
  return leftmost.intoClause !== undefined
}
