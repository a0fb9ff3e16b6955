// What the facts of a statement take in memory, roughly: for what remembers them.
import { NO_NAMES, type StatementFacts } from '../../core/facts.ts'
import { once } from '../../core/once.ts'

/** Bytes of an access, a column, an output, a name. */
const PART = 200
const REFERENCE = 8

/** Bytes. */
export const weightOf: (statement: StatementFacts) => number = once((statement) => {
  const { accesses, columns, outputs = [], references, changes, uses = NO_NAMES } = statement
  const { functions, operators, types } = uses
  let parts = 2 + accesses.length + columns.length + outputs.length + references.length + changes.length
  parts += functions.length + operators.length + types.length
  let bytes = PART * parts
  for (const { into = [] } of columns) bytes += PART * into.length
  for (const output of outputs) if (output.kind === 'value') bytes += REFERENCE * output.from.length
  for (const change of changes) if ('facts' in change) bytes += weightOf(change.facts)
  return bytes
})
