// A row of the analysis tables, and accesses as one line of text.
import { createAnalyzer } from '../../../src/analysis/postgres/analyze.ts'
import type { Access, Facts, StatementFacts } from '../../../src/core/facts.ts'

/** text of one statement, its command, its accesses joined by commas */
export type Case = readonly [sql: string, command: string, accesses: string]

/** `drop table public.customers`, `call function purge`. */
export function accessText({ effect, relation, object, objectType }: Access): string {
  const schema = relation?.schema === undefined ? '' : `${relation.schema}.`
  const name = relation === undefined ? object : `${schema}${relation.name}`
  return [effect, objectType, name].filter((word) => word !== undefined).join(' ')
}

export const accessesText = (facts: StatementFacts): string => facts.accesses.map(accessText).join(', ')

const analyzer = createAnalyzer()

/** Fails the test unless the text is understood by the grammar. */
export function factsOf(sql: string): Facts {
  const result = analyzer.analyze(sql)
  if (result.kind !== 'facts') throw new Error(`${result.kind}: ${sql}`)
  return result.facts
}

/** The facts of a text with one statement. */
export function statementOf(sql: string): StatementFacts {
  const [statement, ...more] = factsOf(sql).statements
  if (statement === undefined || more.length > 0) throw new Error(`not one statement: ${sql}`)
  return statement
}
