// Masks for the values of a column that no rule names: what detectors find in them is masked, by the type that they have.
import type { ResultColumn, ValueMask } from '../../core/masking.ts'
import { mapArray } from '../arrays.ts'
import { codecOf, type Format } from '../codecs.ts'
import { HIDDEN_TYPES, type HiddenType } from '../postgres-types.ts'
import type { Cleanser } from './cleanse.ts'
import { cleanseJson } from './json.ts'

type Look = (value: Uint8Array) => Uint8Array | null

/** Types without a shape of their own that hold text; the binary form of those in `SAME` is the text. */
const TEXTUAL: ReadonlySet<string> = new Set(['name', 'xml', 'refcursor', 'tsvector', 'tsquery', 'jsonpath'])
const SAME: ReadonlySet<string> = new Set(['name', 'xml', 'refcursor'])

/** Digits of the shortest card number: a value that has fewer bytes, or is less than that, is none. */
const MIN_DIGITS = 12
/** The high half of the smallest int8 of that many digits. */
const MIN_HIGH = Math.floor(10 ** (MIN_DIGITS - 1) / 2 ** 32)

/** Undefined for values in which nothing can be found: numbers of few digits, dates, addresses of hosts. */
export function detectorMask({ type: oid, format }: ResultColumn, cleanser: Cleanser): ValueMask | undefined {
  const type = HIDDEN_TYPES.get(oid)
  const look = type === undefined ? unknownType(format, cleanser) : lookOf(type, format, cleanser)
  return look && ((value) => value && look(value))
}

function lookOf(type: HiddenType, format: Format, cleanser: Cleanser): Look | undefined {
  switch (type.kind) {
    case 'characters':
    case 'blank-padded':
      return cleanser.cleanse
    case 'bytea':
      return format === 'text' ? bytea(cleanser) : cleanser.cleanse
    case 'json':
      return json(cleanser, 0, type[format])
    case 'jsonb':
      return json(cleanser, format === 'binary' ? 1 : 0, type[format])
    case 'int8':
    case 'numeric':
      return cleanser.detectors.has('card') ? number(type.kind, format, cleanser, type[format]) : undefined
    case 'array':
      return array(type, format, cleanser)
    case 'plain':
      if (!TEXTUAL.has(type.name)) return undefined
      return format === 'text' || SAME.has(type.name) ? cleanser.cleanse : whole(cleanser, type[format])
    case 'bool':
    case 'int2':
    case 'int4':
    case 'uuid':
    case 'float4':
    case 'float8':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return undefined
  }
}

/** Enums, composites, types of extensions. Their binary form has lengths in it, which a masked piece would belie. */
const unknownType = (format: Format, cleanser: Cleanser): Look =>
  format === 'text' ? cleanser.cleanse : whole(cleanser, null)

/** Hides the value whole when something is found in it. */
const whole =
  (cleanser: Cleanser, hidden: Uint8Array | null): Look =>
  (value) =>
    cleanser.cleanse(value) === value ? value : hidden

/** @param version bytes before the text */
const json =
  (cleanser: Cleanser, version: number, hidden: Uint8Array): Look =>
  (value) => {
    if (!cleanser.suspects(value, version, value.length)) return value
    const document = value.subarray(version)
    const shown = cleanseJson(document, cleanser)
    if (shown === document) return value
    return shown === undefined ? hidden : Buffer.concat([value.subarray(0, version), shown])
  }

/** `\x…`, or what bytea_output = escape makes of the bytes. */
function bytea(cleanser: Cleanser): Look {
  const codec = codecOf('bytea', 'text')
  return (value) => {
    const hex = codec.decode(value)
    const bytes = hex === undefined ? fromEscapes(value) : Buffer.from(hex, 'hex')
    const shown = cleanser.cleanse(bytes)
    return shown === bytes ? value : codec.encode(Buffer.from(shown).toString('hex'))
  }
}

/** `\\` and three octal digits behind a backslash. */
const fromEscapes = (value: Uint8Array): Uint8Array =>
  Buffer.from(
    Buffer.from(value.buffer, value.byteOffset, value.length)
      .toString('latin1')
      .replace(/\\(?:\\|[0-3][0-7]{2})/g, (escaped) =>
        escaped === '\\\\' ? '\\' : String.fromCharCode(Number.parseInt(escaped.slice(1), 8)),
      ),
    'latin1',
  )

function number(kind: 'int8' | 'numeric', format: Format, cleanser: Cleanser, hidden: Uint8Array): Look {
  if (format === 'text') return (value) => (cleanser.cleanse(value) === value ? value : hidden)
  const codec = codecOf(kind, format)
  const small = kind === 'int8' ? isSmall : isShort
  return (value) => {
    if (small(value)) return value
    // Of a numeric with more digits than are read nothing is shown.
    const digits = Buffer.from(codec.decode(value) ?? '', 'latin1')
    return digits.length > 0 && cleanser.cleanse(digits) === digits ? value : hidden
  }
}

/** The weight of the first digit, whose base is 10000: NaN and infinities have none. */
const isShort = (value: Uint8Array) => {
  const weight = (((value[2] ?? 0) << 24) >> 16) | (value[3] ?? 0)
  return weight < MIN_DIGITS / 4 - 1
}

const isSmall = (value: Uint8Array) => {
  const high = ((value[0] ?? 0) << 24) | ((value[1] ?? 0) << 16) | ((value[2] ?? 0) << 8) | (value[3] ?? 0)
  return high >= 0 ? high < MIN_HIGH : -high <= MIN_HIGH
}

function array(type: HiddenType, format: Format, cleanser: Cleanser): Look | undefined {
  const { element } = type
  const elementType = element === undefined ? undefined : HIDDEN_TYPES.get(element)
  if (element === undefined || elementType === undefined) return undefined
  const look = lookOf(elementType, format, cleanser)
  if (look === undefined) return undefined
  const each = { oid: element, mask: (value: Uint8Array | null) => value && look(value) }
  // In binary the bytes of numbers and lengths say nothing.
  const quick = format === 'text'
  return (value) => {
    if (quick && !cleanser.suspects(value, 0, value.length)) return value
    return mapArray(value, format, each) ?? type[format]
  }
}
