// Results: what each column is, and rows with the values that the client may see.
import { ProtocolError } from '../../core/errors.ts'
import type { Masker, ResultColumn, ResultPlan } from '../../core/masking.ts'
import type { FieldDescription } from './backend.ts'
import type { Catalog } from './catalog.ts'

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

const HEADER = 5
const NULL = -1

/** Copies shorter than this are quicker byte by byte than through a view of their own; measured on rows of 100 bytes. */
const SHORT = 64

/**
 * A DataRow, header included, with its masks applied. It runs for every row of a masked result, so it makes no views
 * but those that masks are given.
 */
export function maskRow(row: Uint8Array, plan: ResultPlan): Uint8Array {
  if (row.length < HEADER + 2 || uint16(row, HEADER) !== plan.length) {
    throw new ProtocolError('a row does not have the columns that its description states')
  }
  const shown: (Uint8Array | null)[] = []
  let at = HEADER + 2
  let size = row.length
  for (let i = 0; i < plan.length; i += 1) {
    const end = valueEnd(row, at)
    const mask = plan[i]
    if (mask) {
      const value = mask(int32(row, at) === NULL ? null : row.subarray(at + 4, end))
      shown.push(value)
      size += (value === null ? 0 : value.length) - (end - at - 4)
    }
    at = end
  }
  if (at !== row.length) throw new ProtocolError('DataRow has bytes too many')
  return replaceValues(row, plan, shown, size)
}

/** Where the value whose length stands at `at` ends. */
function valueEnd(row: Uint8Array, at: number): number {
  if (row.length - at < 4) throw new ProtocolError('DataRow is truncated')
  const length = int32(row, at)
  if (length > row.length - at - 4 || length < NULL) throw new ProtocolError('DataRow is truncated')
  return at + 4 + (length === NULL ? 0 : length)
}

/** Copies the row with `shown` in place of its masked values; what lies between them is copied in one piece. */
function replaceValues(
  row: Uint8Array,
  plan: ResultPlan,
  shown: readonly (Uint8Array | null)[],
  size: number,
): Uint8Array {
  const out = Buffer.allocUnsafe(size)
  let next = 0
  let copied = 0
  let to = 0
  let at = HEADER + 2
  for (let i = 0; i < plan.length; i += 1) {
    const end = valueEnd(row, at)
    if (plan[i]) {
      to = copy(row, copied, at, out, to)
      const value = shown[next] ?? null
      next += 1
      to = setInt32(out, to, value === null ? NULL : value.length)
      if (value !== null) to = copy(value, 0, value.length, out, to)
      copied = end
    }
    at = end
  }
  copy(row, copied, row.length, out, to)
  setInt32(out, 1, size - 1)
  return out
}

/** @returns the offset in `out` after the copy */
function copy(from: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  const length = end - start
  if (length > SHORT) out.set(from.subarray(start, end), to)
  else for (let i = 0; i < length; i += 1) out[to + i] = from[start + i] as number
  return to + length
}

const uint16 = (bytes: Uint8Array, at: number) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

const int32 = (bytes: Uint8Array, at: number) => (uint16(bytes, at) << 16) | uint16(bytes, at + 2)

/** @returns the offset after it */
function setInt32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}
