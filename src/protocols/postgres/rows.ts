// Results: what each column is, and rows with the values that the client may see.
import { ProtocolError } from '../../core/errors.ts'
import type { Masker, ResultColumn, ResultPlan } from '../../core/masking.ts'
import type { FieldDescription } from './backend.ts'
import type { Catalog } from './catalog.ts'

/** The masks of a result's columns; undefined when every value may be seen. */
export function planResult(
  fields: readonly FieldDescription[],
  masker: Masker,
  catalog: Catalog,
  touchesMasked: boolean,
): ResultPlan | undefined {
  const columns = fields.map(
    ({ name, table, attribute, type, format }): ResultColumn => ({
      name,
      origin: catalog.origin(table, attribute),
      type,
      format,
    }),
  )
  const plan = masker.plan(columns, touchesMasked)
  return plan.every((mask) => mask === undefined) ? undefined : plan
}

const HEADER = 5
const NULL = -1

/** A DataRow, header included, with its masks applied. */
export function maskRow(row: Uint8Array, plan: ResultPlan): Uint8Array {
  const view = Buffer.from(row.buffer, row.byteOffset, row.byteLength)
  if (view.length < HEADER + 2 || view.readUInt16BE(HEADER) !== plan.length) {
    throw new ProtocolError('a row does not have the columns that its description states')
  }
  const values: (Uint8Array | null)[] = new Array(plan.length)
  let at = HEADER + 2
  let size = at
  for (let i = 0; i < plan.length; i += 1) {
    if (view.length - at < 4) throw new ProtocolError('DataRow is truncated')
    const length = view.readInt32BE(at)
    at += 4
    if (length > view.length - at || length < NULL) throw new ProtocolError('DataRow is truncated')
    const value = length === NULL ? null : row.subarray(at, at + length)
    if (value) at += length
    const mask = plan[i]
    const shown = mask ? mask(value) : value
    values[i] = shown
    size += 4 + (shown?.length ?? 0)
  }
  if (at !== view.length) throw new ProtocolError('DataRow has bytes too many')
  return encodeRow(values, size, view[0] as number)
}

function encodeRow(values: readonly (Uint8Array | null)[], size: number, type: number): Uint8Array {
  const masked = Buffer.allocUnsafe(size)
  masked[0] = type
  masked.writeInt32BE(size - 1, 1)
  masked.writeUInt16BE(values.length, HEADER)
  let at = HEADER + 2
  for (const value of values) {
    masked.writeInt32BE(value === null ? NULL : value.length, at)
    at += 4
    if (value !== null) {
      masked.set(value, at)
      at += value.length
    }
  }
  return masked
}
