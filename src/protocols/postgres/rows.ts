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
  const shown: (Uint8Array | null)[] = []
  let at = HEADER + 2
  let size = view.length
  for (let i = 0; i < plan.length; i += 1) {
    const end = valueEnd(view, at)
    const mask = plan[i]
    if (mask) {
      const value = mask(view.readInt32BE(at) === NULL ? null : row.subarray(at + 4, end))
      shown.push(value)
      size += (value?.length ?? 0) - (end - at - 4)
    }
    at = end
  }
  if (at !== view.length) throw new ProtocolError('DataRow has bytes too many')
  return replaceValues(view, plan, shown, size)
}

/** Where the value whose length stands at `at` ends. */
function valueEnd(view: Buffer, at: number): number {
  if (view.length - at < 4) throw new ProtocolError('DataRow is truncated')
  const length = view.readInt32BE(at)
  if (length > view.length - at - 4 || length < NULL) throw new ProtocolError('DataRow is truncated')
  return at + 4 + (length === NULL ? 0 : length)
}

/** Copies the row with `shown` in place of its masked values; what lies between them is copied in one piece. */
function replaceValues(
  view: Buffer,
  plan: ResultPlan,
  shown: readonly (Uint8Array | null)[],
  size: number,
): Uint8Array {
  const out = Buffer.allocUnsafe(size)
  let next = 0
  let copied = 0
  let to = 0
  let at = HEADER + 2
  for (const mask of plan) {
    const end = valueEnd(view, at)
    if (mask) {
      out.set(view.subarray(copied, at), to)
      to += at - copied
      const value = shown[next] ?? null
      next += 1
      out.writeInt32BE(value === null ? NULL : value.length, to)
      to += 4
      if (value !== null) {
        out.set(value, to)
        to += value.length
      }
      copied = end
    }
    at = end
  }
  out.set(view.subarray(copied), to)
  out.writeInt32BE(size - 1, 1)
  return out
}
