// Results: what each column is, and the plan of masks that follows from it.
import type { Masker, ResultColumn, ResultPlan } from '../../../core/masking.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { FieldDescription } from '../messages/backend.ts'

export interface Result {
  readonly fields: readonly FieldDescription[]
  readonly masker: Masker
  readonly touchesMasked: boolean
  /** its statement may write what its columns are of */
  readonly writes: boolean
  /** the places of columns that are computed of no column */
  readonly rowsOnly?: ReadonlySet<number> | undefined
}

const NONE: ReadonlySet<number> = new Set()
/** The masks of a result's columns; undefined when every value may be seen. */
export function planResult(
  { fields, masker, touchesMasked, writes, rowsOnly = NONE }: Result,
  catalog: Catalog,
): ResultPlan | undefined {
  const columns = fields.map(
    ({ name, table, attribute, type, format }, place): ResultColumn => ({
      name,
      origin: catalog.origin(table, attribute, writes),
      type,
      format,
      ...(rowsOnly.has(place) ? { rowsOnly: true } : {}),
    }),
  )
  const plan = masker.plan(columns, touchesMasked)
  return plan.every((mask) => mask === undefined) ? undefined : plan
}
