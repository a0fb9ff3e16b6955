// Arrays, element by element, in both wire formats (array_out, array_send). Dimensions and NULL elements stay.
import { Buffer } from 'node:buffer'
import type { ValueMask } from '../core/masking.ts'

/** What is no array as the server writes one; its mask hides it whole. */
const MALFORMED = Symbol('malformed array')
type Mapped = Uint8Array | typeof MALFORMED

/** @returns the value itself when no element changes; undefined for what is no array of the element type */
export function mapArray(
  value: Uint8Array,
  format: 'text' | 'binary',
  element: { readonly oid: number; readonly mask: ValueMask },
): Uint8Array | undefined {
  const mapped = format === 'text' ? mapText(value, element.mask) : mapBinary(value, element)
  return mapped === MALFORMED ? undefined : mapped
}

const INT = 4
/** MAXDIM */
const MAX_DIMENSIONS = 6
const NULL_LENGTH = -1

/** Number of dimensions, flags, element type; a size and a lower bound a dimension; elements behind their lengths. */
function mapBinary(value: Uint8Array, element: { readonly oid: number; readonly mask: ValueMask }): Mapped {
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  if (value.length < 3 * INT || view.getUint32(8) !== element.oid) return MALFORMED
  const dimensions = view.getInt32(0)
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS) return MALFORMED
  let at = 3 * INT + dimensions * 2 * INT
  if (at > value.length) return MALFORMED
  const pieces = [value.subarray(0, at)]
  let changed = false
  while (at < value.length) {
    if (value.length - at < INT) return MALFORMED
    const length = view.getInt32(at)
    at += INT
    if (length < NULL_LENGTH || length > value.length - at) return MALFORMED
    const end = at + Math.max(length, 0)
    const before = length === NULL_LENGTH ? null : value.subarray(at, end)
    const after = element.mask(before)
    changed ||= after !== before
    pieces.push(int32(after === null ? NULL_LENGTH : after.length), after ?? value.subarray(end, end))
    at = end
  }
  return changed ? Buffer.concat(pieces) : value
}

function int32(value: number): Uint8Array {
  const out = Buffer.allocUnsafe(INT)
  out.writeInt32BE(value)
  return out
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = [...'"\\,{}'].map((c) => c.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
]

/** Bounds where they are not 1 (`[0:1]=`), braces, elements between commas: quoted with backslashes, bare, or NULL. */
function mapText(value: Uint8Array, mask: ValueMask): Mapped {
  const pieces: Uint8Array[] = []
  let copied = 0
  let at = value.indexOf(OPEN)
  if (at < 0) return MALFORMED
  while (at < value.length) {
    const byte = value[at]
    if (byte === OPEN || byte === CLOSE || byte === COMMA) {
      at += 1
      continue
    }
    const end = byte === QUOTE ? quotedEnd(value, at) : bareEnd(value, at)
    if (end === undefined) return MALFORMED
    const before = elementAt(value, at, end)
    const after = mask(before)
    if (after !== before) {
      pieces.push(value.subarray(copied, at), written(after))
      copied = end
    }
    at = end
  }
  if (copied === 0) return value
  return Buffer.concat([...pieces, value.subarray(copied)])
}

/** Behind the closing quote. */
function quotedEnd(value: Uint8Array, start: number): number | undefined {
  for (let at = start + 1; at < value.length; at += 1) {
    if (value[at] === BACKSLASH) at += 1
    else if (value[at] === QUOTE) return at + 1
  }
  return undefined
}

function bareEnd(value: Uint8Array, start: number): number {
  let at = start
  while (at < value.length && value[at] !== COMMA && value[at] !== CLOSE) at += 1
  return at
}

/** The element itself, as its type's output function gave it. */
function elementAt(value: Uint8Array, start: number, end: number): Uint8Array | null {
  if (value[start] !== QUOTE) {
    const bare = value.subarray(start, end)
    return bare.length === 4 && Buffer.from(bare).toString('latin1').toUpperCase() === 'NULL' ? null : bare
  }
  const inner = value.subarray(start + 1, end - 1)
  if (!inner.includes(BACKSLASH)) return inner
  const plain = Buffer.alloc(inner.length)
  let length = 0
  for (let at = 0; at < inner.length; at += 1) {
    if (inner[at] === BACKSLASH) at += 1
    plain[length++] = inner[at] as number
  }
  return plain.subarray(0, length)
}

/** Quoted: any text may be. */
function written(element: Uint8Array | null): Uint8Array {
  if (element === null) return Buffer.from('NULL')
  const text = Buffer.from(element.buffer, element.byteOffset, element.length).toString('latin1')
  return Buffer.from(`"${text.replace(/["\\]/g, '\\$&')}"`, 'latin1')
}
