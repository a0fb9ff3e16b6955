// Which columns of a result are computed of no column, so that masks need not hide them: entries of the target list by place.
import type { Facts } from '../../../core/facts.ts'

const NONE: ReadonlySet<number> = new Set()

/**
 * The places of such columns, where the facts are of just this result.
 *
 * @param fields how many columns the server describes: an entry has its place only where every entry is one column
 */
export function rowsOnlyPlaces({ statements }: Facts, fields: number): ReadonlySet<number> {
  const [statement, ...more] = statements
  if (statement === undefined || more.length > 0 || statement.command !== 'SELECT') return NONE
  const { outputs, incomplete, references, changes } = statement
  if (outputs?.length !== fields || incomplete !== undefined || references.length + changes.length > 0)
    return NONE
  if (outputs.some(({ kind }) => kind === 'star')) return NONE
  return new Set(
    outputs.flatMap((output, place) => (output.kind === 'value' && output.rowsOnly ? [place] : [])),
  )
}
