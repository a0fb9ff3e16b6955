// Results: what each column is, and the plan of masks that follows from it.
import type { Masker, ResultColumn, ResultPlan } from '../../../core/masking.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { FieldDescription } from '../messages/backend.ts'

/**
 * The masks of a result's columns; undefined when every value may be seen.
 *
 * @param rowsOnly the places of columns that are computed of no column
 */
export function planResult(
  fields: readonly FieldDescription[],
  masker: Masker,
  catalog: Catalog,
  touchesMasked: boolean,
  rowsOnly: ReadonlySet<number> = new Set(),
): ResultPlan | undefined {
  const columns = fields.map(
    ({ name, table, attribute, type, format }, place): ResultColumn => ({
      name,
      origin: catalog.origin(table, attribute),
      type,
      format,
      ...(rowsOnly.has(place) ? { rowsOnly: true } : {}),
    }),
  )
  const plan = masker.plan(columns, touchesMasked)
  return plan.every((mask) => mask === undefined) ? undefined : plan
}
