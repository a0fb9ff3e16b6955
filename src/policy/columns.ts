// Accesses with the columns that they are to, for rules that name columns. What cannot be told is `*`: any of the relation.
import type { Access } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import { ANY_COLUMN } from '../core/mentioned-columns.ts'
import type { RoutineFacts } from '../core/routine.ts'

/** An access with what judging knows of it besides. */
export type ColumnAccess = Access & {
  /** that it is to; absent where no rule asks: any column, then */
  readonly columns?: readonly string[]
  /** of a call: the functions that it may mean; absent where the catalog did not tell */
  readonly routines?: readonly RoutineFacts[]
}

/** For rules that refuse or hold; without a pattern they are on the whole relation. */
export const couldMeanColumn = (
  pattern: string | undefined,
  { columns = ANY_COLUMN }: ColumnAccess,
): boolean =>
  pattern === undefined || columns.some((column) => column === '*' || matchesGlob(pattern, column))

/** For the record: a statement may have thousands. */
export function withoutColumns({ columns: _, routines: __, ...access }: ColumnAccess): Access {
  return access
}

/** What leave is needed for, each by itself; one of undefined where only the relation counts. */
export const columnsToCover = ({ columns = ANY_COLUMN }: ColumnAccess): readonly (string | undefined)[] =>
  columns.length === 0 ? [undefined] : columns
