// One column's mask: a strategy applied to a PostgreSQL type in a wire format. Called once for each value of a result,
// so everything that does not depend on the value is made beforehand. docs/masking.md has the table of both.
import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import type { ResultColumn, ValueMask } from '../core/masking.ts'
import { mapArray } from './arrays.ts'
import { type CodecKind, codecOf, type Format } from './codecs.ts'
import { fixedValue } from './fixed.ts'
import { hashHex } from './hash.ts'
import { hashed, tokenized, tokenOfText } from './keyed.ts'
import { FILLER, type Kept, partialOf, partialValue, shownOf } from './partial.ts'
import { HIDDEN_TYPES, type HiddenType } from './postgres-types.ts'
import { constantMask, tailMask } from './writers.ts'

/** What to do with a value. NULL stays NULL under every strategy: whether there is a value is not hidden. */
export type Strategy =
  | { readonly kind: 'null' }
  | { readonly kind: 'redact' }
  | { readonly kind: 'fixed'; readonly value: string }
  | { readonly kind: 'hash'; readonly key: KeyObject }
  /** the key of one resource */
  | { readonly kind: 'tokenize'; readonly key: KeyObject }
  | { readonly kind: 'partial'; readonly kept: Kept }

/** Strategies that look at the value. */
type Looking = Extract<Strategy, { kind: 'hash' | 'tokenize' | 'partial' }>
type Target = Pick<ResultColumn, 'type' | 'format'>

const nullMask: ValueMask = () => null

/** The value that stands for every hidden one; NULL where the type is not known. */
function hiddenValue(type: HiddenType | undefined, format: Format): Uint8Array | null {
  return type?.[format] ?? null
}

const BLANK = 0x20

/** Trailing blanks of bpchar say nothing, and a `text` with the same characters has the same hash. */
function withoutPadding(value: Uint8Array): Uint8Array {
  let end = value.length
  while (end > 0 && value[end - 1] === BLANK) end--
  return value.subarray(0, end)
}

const utf8 = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8')

function onText(strategy: Looking): (value: Uint8Array) => Uint8Array {
  switch (strategy.kind) {
    case 'hash':
      return (value) => Buffer.from(hashHex(value, strategy.key), 'latin1')
    case 'tokenize':
      return (value) => Buffer.from(tokenOfText(utf8(value), strategy.key))
    case 'partial':
      return (value) => partialValue(value, strategy.kept)
  }
}

/** A JSON string; binary jsonb is a version byte before the text, which both formats hash. */
function onJson(
  strategy: Looking,
  versioned: boolean,
  hidden: Uint8Array,
): (value: Uint8Array) => Uint8Array {
  // The end of a document is a piece of whichever member comes last.
  if (strategy.kind === 'partial') return () => hidden
  const prefix = strategy.kind === 'hash' ? '' : 'tok_'
  const digits = strategy.kind === 'hash' ? 64 : 32
  const string = (value: Uint8Array) => `"${prefix}${hashHex(value, strategy.key).slice(0, digits)}"`
  if (!versioned) return (value) => Buffer.from(string(value), 'latin1')
  return (value) => Buffer.from(`\u0001${string(value.subarray(1))}`, 'latin1')
}

function onCodec(strategy: Looking, kind: CodecKind, format: Format, hidden: Uint8Array) {
  const codec = codecOf(kind, format)
  const masked = (text: string) => {
    switch (strategy.kind) {
      case 'hash':
        return hashed(kind, text, strategy.key)
      case 'tokenize':
        return tokenized(kind, text, strategy.key)
      case 'partial':
        return partialOf(kind, text, strategy.kept)
    }
  }
  return (value: Uint8Array) => {
    const text = codec.decode(value)
    const shown = text === undefined ? undefined : masked(text)
    return shown === undefined ? hidden : codec.encode(shown)
  }
}

/** Element by element where the strategy treats the element's type; else no element, no dimension, no NULL is told. */
function onArray(
  strategy: Looking,
  type: HiddenType,
  format: Format,
): ((value: Uint8Array) => Uint8Array) | undefined {
  const { element } = type
  const elementType = element === undefined ? undefined : HIDDEN_TYPES.get(element)
  if (element === undefined || elementType === undefined) return undefined
  const look = looking(strategy, elementType, format)
  if (look === undefined) return undefined
  const each = { oid: element, mask: (value: Uint8Array | null) => value && look(value) }
  return (value) => mapArray(value, format, each) ?? type[format]
}

/** Undefined for a type that the strategy does not treat. */
function looking(
  strategy: Looking,
  type: HiddenType,
  format: Format,
): ((value: Uint8Array) => Uint8Array) | undefined {
  const { kind } = type
  switch (kind) {
    case 'characters':
      return onText(strategy)
    case 'blank-padded': {
      const look = onText(strategy)
      return (value) => look(withoutPadding(value))
    }
    case 'json':
    case 'jsonb':
      return onJson(strategy, kind === 'jsonb' && format === 'binary', type[format])
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
    case 'uuid':
    case 'bytea':
      return onCodec(strategy, kind, format, type[format])
    case 'array':
      return onArray(strategy, type, format)
    case 'bool':
    case 'float4':
    case 'float8':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'plain':
      return undefined
  }
}

/** The most usual of those that look at the value. */
function lastCharacters(kept: Kept): ValueMask {
  return tailMask(
    FILLER,
    (characters) => shownOf(characters, kept.count),
    (value) => partialValue(value, kept),
  )
}

/** The mask of a column that a rule names. What a strategy does not treat is redacted. */
export function columnMask(strategy: Strategy, { type: oid, format }: Target): ValueMask {
  const type = HIDDEN_TYPES.get(oid)
  const hidden = hiddenValue(type, format)
  switch (strategy.kind) {
    case 'null':
      return nullMask
    case 'redact':
      return constantMask(hidden)
    case 'fixed':
      return constantMask((type && fixedValue(type, format, strategy.value)) ?? hidden)
    case 'hash':
    case 'tokenize':
    case 'partial': {
      if (strategy.kind === 'partial' && type?.kind === 'characters' && strategy.kept.end === 'last')
        return lastCharacters(strategy.kept)
      const look = type && looking(strategy, type, format)
      return look ? (value) => value && look(value) : constantMask(hidden)
    }
  }
}

/** The mask of a column that is hidden whole. NULL is hidden too: NULLIF(secret, 'guess') would tell by it. */
export function wholeMask({ type, format }: Target): ValueMask {
  const hidden = hiddenValue(HIDDEN_TYPES.get(type), format)
  return () => hidden
}
