// Masks for the values of a column that no rule names: what detectors find in them is masked, by the type that they have.
import type { ResultColumn, ValueMask, ValueWriter } from '../../core/masking.ts'
import { mapArray } from '../arrays.ts'
import { codecOf, type Format } from '../codecs.ts'
import { HIDDEN_TYPES, type HiddenType } from '../postgres-types.ts'
import { MIN_CARD } from './cards.ts'
import type { Cleanser } from './cleanse.ts'
import { cleanseJson } from './json.ts'

type Look = (value: Uint8Array) => Uint8Array | null
type Passes = (bytes: Uint8Array, start: number, end: number) => boolean

/** Types without a shape of their own that hold text; the binary form of those in `SAME` is the text. */
const TEXTUAL: ReadonlySet<string> = new Set(['name', 'xml', 'refcursor', 'tsvector', 'tsquery', 'jsonpath'])
const SAME: ReadonlySet<string> = new Set(['name', 'xml', 'refcursor'])

/** The high half of the smallest int8 that has as many digits as a card number. */
const MIN_HIGH = Math.floor(10 ** (MIN_CARD - 1) / 2 ** 32)
/** The weight of the first digit of such a numeric, whose base is 10000. */
const MIN_WEIGHT = Math.ceil(MIN_CARD / 4) - 1

/** Undefined for values in which nothing can be found: numbers of few digits, dates, addresses of hosts. */
export function detectorMask({ type: oid, format }: ResultColumn, cleanser: Cleanser): ValueMask | undefined {
  const type = HIDDEN_TYPES.get(oid)
  const look = type === undefined ? unknownType(format, cleanser) : lookOf(type, format, cleanser)
  if (look === undefined) return undefined
  const mask = (value: Uint8Array | null) => value && look(value)
  const passes = passing(type, format, cleanser)
  return passes && !cleanser.lengthens ? Object.assign(mask, { writer: passingWriter(passes, look) }) : mask
}

/** A quick look that says whether nothing can be in a value; undefined where only decoding it tells. */
function passing(type: HiddenType | undefined, format: Format, cleanser: Cleanser): Passes | undefined {
  const kind = type?.kind
  if (format === 'binary' && kind === 'int8') return isSmall
  if (format === 'binary' && kind === 'numeric') return isShort
  if (format === 'binary' ? kind === 'array' : holdsBytea(type)) return undefined
  return (bytes, start, end) => !cleanser.suspects(bytes, start, end)
}

/** Octal escapes put digits before what would be found. */
const holdsBytea = (type: HiddenType | undefined): boolean =>
  type?.kind === 'bytea' || (type?.element !== undefined && holdsBytea(HIDDEN_TYPES.get(type.element)))

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

/** What is shown in place of a find is no longer than it, but for a few characters of filler. */
const GROWTH = 32
const NULL = -1

function passingWriter(passes: Passes, look: Look): ValueWriter {
  return {
    growth: GROWTH,
    write(from, start, end, out, to) {
      if (passes(from, start, end)) return copied(from, start, end, out, to)
      const shown = look(from.subarray(start, end))
      if (shown === null) return NULL
      if (shown.length > end - start + GROWTH)
        throw new Error('invariant: what is shown is longer than the find')
      out.set(shown, to)
      return to + shown.length
    },
  }
}

/** Shorter copies are quicker byte by byte than through a view of their own. */
const SHORT = 48

function copied(from: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  if (end - start > SHORT) out.set(from.subarray(start, end), to)
  else for (let i = start; i < end; i += 1) out[to + i - start] = from[i] as number
  return to + end - start
}

function number(kind: 'int8' | 'numeric', format: Format, cleanser: Cleanser, hidden: Uint8Array): Look {
  if (format === 'text') return (value) => (cleanser.cleanse(value) === value ? value : hidden)
  const codec = codecOf(kind, format)
  const small = kind === 'int8' ? isSmall : isShort
  return (value) => {
    if (small(value, 0)) return value
    // Of a numeric with more digits than are read nothing is shown.
    const digits = Buffer.from(codec.decode(value) ?? '', 'latin1')
    return digits.length > 0 && cleanser.cleanse(digits) === digits ? value : hidden
  }
}

/** NaN and infinities have no weight. */
const isShort = (bytes: Uint8Array, start: number) => {
  const weight = (((bytes[start + 2] ?? 0) << 24) >> 16) | (bytes[start + 3] ?? 0)
  return weight < MIN_WEIGHT
}

const isSmall = (bytes: Uint8Array, start: number) => {
  const byte = (place: number) => bytes[start + place] ?? 0
  const high = (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)
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
  const quick = format === 'text' && !holdsBytea(type)
  return (value) => {
    if (quick && !cleanser.suspects(value, 0, value.length)) return value
    return mapArray(value, format, each) ?? type[format]
  }
}
