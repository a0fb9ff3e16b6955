// The parts of binary values that have parts: composites and arrays whose type is not known, ranges (record_send, array_send,
// range_send, multirange_send).

/** A part and the OID of its type. NULL has no part. */
export interface Part {
  readonly type: number
  readonly value: Uint8Array
}

const INT = 4
const NULL_LENGTH = -1
/** MAXDIM */
const MAX_DIMENSIONS = 6

const viewOf = (value: Uint8Array) => new DataView(value.buffer, value.byteOffset, value.length)

/** The number of columns; type, length and bytes of each. Undefined for bytes that are no such value, to the last one. */
export function recordParts(value: Uint8Array): readonly Part[] | undefined {
  if (value.length < INT) return undefined
  const view = viewOf(value)
  const count = view.getInt32(0)
  const parts: Part[] = []
  let at = INT
  for (let column = 0; column < count; column += 1) {
    if (value.length - at < 2 * INT) return undefined
    const type = view.getUint32(at)
    const end = partEnd(view, at + INT)
    if (end < 0) return undefined
    if (end > at + 2 * INT) parts.push({ type, value: value.subarray(at + 2 * INT, end) })
    at = end
  }
  return count >= 0 && at === value.length ? parts : undefined
}

/** Dimensions, flags and the type of the elements; a size and a bound a dimension; the elements behind their lengths. */
export function arrayParts(value: Uint8Array): readonly Part[] | undefined {
  if (value.length < 3 * INT) return undefined
  const view = viewOf(value)
  const dimensions = view.getInt32(0)
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS) return undefined
  const type = view.getUint32(2 * INT)
  return listed(value, 3 * INT + dimensions * 2 * INT, type)
}

function listed(value: Uint8Array, from: number, type: number): readonly Part[] | undefined {
  const view = viewOf(value)
  const parts: Part[] = []
  let at = from
  while (at < value.length) {
    const end = partEnd(view, at)
    if (end < 0) return undefined
    if (end > at + INT) parts.push({ type, value: value.subarray(at + INT, end) })
    at = end
  }
  return at === value.length ? parts : undefined
}

/** Behind the part whose length stands at `at`; -1 when there is none. */
function partEnd(view: DataView, at: number): number {
  if (view.byteLength - at < INT) return -1
  const length = view.getInt32(at)
  const end = at + INT + Math.max(length, 0)
  return length < NULL_LENGTH || end > view.byteLength ? -1 : end
}

/** Flags, then the bounds that there are. */
export const rangeParts = (value: Uint8Array, type: number): readonly Part[] | undefined =>
  value.length === 0 ? undefined : listed(value, 1, type)

/** Their number, then ranges behind their lengths. */
export function multirangeParts(value: Uint8Array, type: number): readonly Part[] | undefined {
  const parts: Part[] = []
  for (const range of listed(value, INT, 0) ?? []) parts.push(...(rangeParts(range.value, type) ?? []))
  return parts
}
