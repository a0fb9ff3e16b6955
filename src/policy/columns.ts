// Which columns an access is to, for rules that name columns. What cannot be told is `*`: any column of the relation.
import type { Access, AccessEffect, ColumnMention, StatementFacts } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import type { RoutineFacts } from '../core/routine.ts'

/** Effects that are on columns, as PostgreSQL grants them by column. */
export const ON_COLUMNS: ReadonlySet<AccessEffect> = new Set<AccessEffect>(['read', 'insert', 'update'])

/** An access with what judging knows of it besides. */
export type ColumnAccess = Access & {
  /** that it is to; absent where no rule asks: any column, then */
  readonly columns?: readonly string[]
  /** of a call: the functions that it may mean; absent where the catalog did not tell */
  readonly routines?: readonly RoutineFacts[]
}

const ANY: readonly string[] = ['*']

/**
 * Commands whose reading is all by columns that they mention. Others read relations as such: a publication all of their
 * rows, a foreign key whatever it is compared with, LIKE their definition.
 */
const READS_BY_COLUMN: ReadonlySet<string> = new Set([
  'SELECT',
  'SELECT INTO',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'COPY',
  'EXPLAIN',
  'PREPARE',
  'DECLARE CURSOR',
  'CREATE TABLE AS',
  'CREATE MATERIALIZED VIEW',
  'CREATE VIEW',
])

/** Empty where no column is mentioned of a relation that is read, and for INSERT … DEFAULT VALUES: `count(*)`. */
export function columnsOf(statement: StatementFacts, { effect, relation }: Access): readonly string[] {
  if (statement.incomplete !== undefined || relation === undefined || relation.name === '*') return ANY
  if (effect === 'read' && !READS_BY_COLUMN.has(statement.command)) return ANY
  const touched = statement.columns.filter(
    (mention) => mayBeOf(mention, relation) && isTouched(mention, effect),
  )
  // Nothing that is assigned to: what changes is no row of a table, as with nextval.
  if (effect === 'update' && touched.length === 0) return ANY
  return [...new Set(touched.map(({ column }) => column))]
}

function isTouched({ uses }: ColumnMention, effect: AccessEffect): boolean {
  const isWritten = uses.includes('written')
  return effect === 'read' ? !isWritten || uses.length > 1 : isWritten
}

/** One of the two names may lack the schema that the other has. */
function mayBeOf({ relation }: ColumnMention, of: NonNullable<Access['relation']>): boolean {
  if (relation === undefined || relation.name === '*') return true
  if (relation.name !== of.name) return false
  return relation.schema === undefined || of.schema === undefined || relation.schema === of.schema
}

/** For rules that refuse or hold; without a pattern they are on the whole relation. */
export const couldMeanColumn = (pattern: string | undefined, { columns = ANY }: ColumnAccess): boolean =>
  pattern === undefined || columns.some((column) => column === '*' || matchesGlob(pattern, column))

/** For the record: a statement may have thousands. */
export function withoutColumns({ columns: _, routines: __, ...access }: ColumnAccess): Access {
  return access
}

/** What leave is needed for, each by itself; one of undefined where only the relation counts. */
export const columnsToCover = ({ columns = ANY }: ColumnAccess): readonly (string | undefined)[] =>
  columns.length === 0 ? [undefined] : columns
