// One column's mask: a strategy applied to a PostgreSQL type in a wire format. Called once for each value of a result,
// so everything that does not depend on the value is made beforehand.
import type { KeyObject } from 'node:crypto'
import type { ResultColumn, ValueMask } from '../core/masking.ts'
import { hashHex } from './hash.ts'
import { partialValue } from './partial.ts'
import { HIDDEN_TYPES, type HiddenType } from './postgres-types.ts'

/** What to do with a value. NULL stays NULL under every strategy: whether there is a value is not hidden. */
export type Strategy =
  | { readonly kind: 'null' }
  | { readonly kind: 'redact' }
  | { readonly kind: 'hash'; readonly key: KeyObject }
  | { readonly kind: 'partial'; readonly keepLast: number }

type Target = Pick<ResultColumn, 'type' | 'format'>

const nullMask: ValueMask = () => null

/** The value that stands for every hidden one; NULL where the type is not known. */
function hiddenValue(type: HiddenType | undefined, format: Target['format']): Uint8Array | null {
  return type?.[format] ?? null
}

function redactMask(type: HiddenType | undefined, format: Target['format']): ValueMask {
  const hidden = hiddenValue(type, format)
  return (value) => (value === null ? null : hidden)
}

const BLANK = 0x20

/** Trailing blanks of bpchar say nothing, and a `text` with the same characters has the same hash. */
function withoutPadding(value: Uint8Array): Uint8Array {
  let end = value.length
  while (end > 0 && value[end - 1] === BLANK) end--
  return value.subarray(0, end)
}

function hashMask(type: HiddenType | undefined, format: Target['format'], key: KeyObject): ValueMask {
  switch (type?.kind) {
    case 'characters':
      return (value) => value && Buffer.from(hashHex(value, key), 'latin1')
    case 'blank-padded':
      return (value) => value && Buffer.from(hashHex(withoutPadding(value), key), 'latin1')
    case 'json':
      return (value) => value && Buffer.from(`"${hashHex(value, key)}"`, 'latin1')
    case 'jsonb':
      return jsonbHashMask(format, key)
    case 'fixed':
    case undefined:
      return redactMask(type, format)
  }
}

/** The binary form is a version byte and the text form, which both formats hash. */
function jsonbHashMask(format: Target['format'], key: KeyObject): ValueMask {
  if (format === 'text') return (value) => value && Buffer.from(`"${hashHex(value, key)}"`, 'latin1')
  return (value) => value && Buffer.from(`\u0001"${hashHex(value.subarray(1), key)}"`, 'latin1')
}

/** JSON is redacted: the end of a document is a piece of whichever member comes last. */
function partialMask(type: HiddenType | undefined, format: Target['format'], keepLast: number): ValueMask {
  switch (type?.kind) {
    case 'characters':
      return (value) => value && partialValue(value, keepLast)
    case 'blank-padded':
      return (value) => value && partialValue(withoutPadding(value), keepLast)
    case 'json':
    case 'jsonb':
    case 'fixed':
    case undefined:
      return redactMask(type, format)
  }
}

/** The mask of a column that a rule names. `hash` and `partial` redact what has no characters. */
export function columnMask(strategy: Strategy, { type: oid, format }: Target): ValueMask {
  const type = HIDDEN_TYPES.get(oid)
  switch (strategy.kind) {
    case 'null':
      return nullMask
    case 'redact':
      return redactMask(type, format)
    case 'hash':
      return hashMask(type, format, strategy.key)
    case 'partial':
      return partialMask(type, format, strategy.keepLast)
  }
}

/** The mask of a column that is hidden whole. NULL is hidden too: NULLIF(secret, 'guess') would tell by it. */
export function wholeMask({ type, format }: Target): ValueMask {
  const hidden = hiddenValue(HIDDEN_TYPES.get(type), format)
  return () => hidden
}
