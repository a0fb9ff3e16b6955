// Which columns statements touch, as far as they mention them. What cannot be told is `*`: any column of the relation.
import type { Access, AccessEffect, ColumnMention, Facts, RelationName, StatementFacts } from './facts.ts'

/** Effects that are on columns, as PostgreSQL grants them by column. */
export const ON_COLUMNS: ReadonlySet<AccessEffect> = new Set<AccessEffect>(['read', 'insert', 'update'])

export const ANY_COLUMN: readonly string[] = ['*']

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
  if (statement.incomplete !== undefined || relation === undefined || relation.name === '*') return ANY_COLUMN
  if (effect === 'read' && !READS_BY_COLUMN.has(statement.command)) return ANY_COLUMN
  const touched = statement.columns.filter(
    (mention) => mayBeOf(mention, relation) && isTouched(mention, effect),
  )
  // Nothing that is assigned to: what changes is no row of a table, as with nextval.
  if (effect === 'update' && touched.length === 0) return ANY_COLUMN
  return [...new Set(touched.map(({ column }) => column))]
}

function isTouched({ uses }: ColumnMention, effect: AccessEffect): boolean {
  const isWritten = uses.includes('written')
  return effect === 'read' ? !isWritten || uses.length > 1 : isWritten
}

/** One of the two names may lack the schema that the other has. */
function mayBeOf({ relation }: ColumnMention, of: RelationName): boolean {
  if (relation === undefined || relation.name === '*') return true
  if (relation.name !== of.name) return false
  return relation.schema === undefined || of.schema === undefined || relation.schema === of.schema
}

/** A column of a relation, each as the statement names it. */
export interface TouchedColumn {
  readonly relation: RelationName
  /** `*`: any */
  readonly column: string
}

/** Columns whose values the statements read or write, by the names that they have themselves: not what is behind these. */
export function touchedColumns({ statements }: Facts): readonly TouchedColumn[] {
  return statements.flatMap((statement) =>
    statement.accesses.flatMap((access) => {
      const { effect, relation } = access
      if (relation === undefined) return []
      if (!ON_COLUMNS.has(effect) && statement.incomplete === undefined) return []
      return columnsOf(statement, access).map((column) => ({ relation, column }))
    }),
  )
}
