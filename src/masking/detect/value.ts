// Masks for the values of a column that no rule names: what detectors find in them is masked, by the type that they have.
import type { ResultColumn, ValueMask, ValueWriter } from '../../core/masking.ts'
import { mapArray } from '../arrays.ts'
import { codecOf, type Format } from '../codecs.ts'
import { HIDDEN_TYPES, type HiddenType, type TypeKind } from '../postgres-types.ts'
import type { Cleanser } from './cleanse.ts'
import { cleanseJson } from './json.ts'
import { isShort, isSmall, lookAtNumber } from './number-values.ts'
import { arrayParts, multirangeParts, type Part, rangeParts, recordParts } from './structures.ts'

type Look = (value: Uint8Array) => Uint8Array | null
type Passes = (bytes: Uint8Array, start: number, end: number) => boolean

/** Types without a shape of their own that hold text; the binary form of those in `SAME` is the text. */
const TEXTUAL: ReadonlySet<string> = new Set(['name', 'xml', 'refcursor', 'tsvector', 'tsquery', 'jsonpath'])
const SAME: ReadonlySet<string> = new Set(['name', 'xml', 'refcursor'])

/** Types of numbers that ranges and multiranges have bounds of. */
const BOUNDS: ReadonlyMap<string, number> = new Map([
  ['int8range', 20],
  ['numrange', 1700],
  ['int8multirange', 20],
  ['nummultirange', 1700],
])

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
  if (format === 'text' ? decodes(type) : type === undefined || !LOOKED_AT_IN_BINARY.has(kind ?? 'plain'))
    return undefined
  const version = format === 'binary' && kind === 'jsonb' ? JSONB_VERSION : 0
  return (bytes, start, end) => !cleanser.suspects(bytes, start + version, end)
}

/** Bytes before the text of a binary jsonb. */
const JSONB_VERSION = 1

/** Whose bytes are the text that is looked through. */
const LOOKED_AT_IN_BINARY: ReadonlySet<TypeKind> = new Set<TypeKind>([
  'characters',
  'blank-padded',
  'bytea',
  'json',
  'jsonb',
])

/** Octal escapes put digits before what would be found, and exponents a point between digits. */
const decodes = (type: HiddenType | undefined): boolean =>
  type !== undefined &&
  (type.kind === 'bytea' ||
    type.kind === 'float8' ||
    (type.element !== undefined && decodes(HIDDEN_TYPES.get(type.element))))

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
      return json(cleanser, format === 'binary' ? JSONB_VERSION : 0, type[format])
    case 'int8':
    case 'numeric':
    case 'float8':
      return cleanser.detectors.has('card')
        ? lookAtNumber(type.kind, format, cleanser, type[format])
        : undefined
    case 'array':
      return array(type, format, cleanser)
    case 'plain':
      return plain(type, format, cleanser)
    case 'bool':
    case 'int2':
    case 'int4':
    case 'uuid':
    case 'float4':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return undefined
  }
}

function plain(type: HiddenType, format: Format, cleanser: Cleanser): Look | undefined {
  if (SAME.has(type.name) || (format === 'text' && TEXTUAL.has(type.name))) return cleanser.cleanse
  if (format === 'text' || TEXTUAL.has(type.name)) return whole(cleanser, type[format])
  if (type.name === 'xid8') return lookAtNumber('int8', format, cleanser, type[format])
  const bound = BOUNDS.get(type.name)
  if (bound === undefined) return undefined
  const partsOf = type.name.endsWith('multirange') ? multirangeParts : rangeParts
  return (value) => (anyFound(partsOf(value, bound), cleanser, 0) ? type[format] : value)
}

/** Enums, composites, types of extensions. Their binary form has lengths in it, which a masked piece would belie. */
const unknownType = (format: Format, cleanser: Cleanser): Look =>
  format === 'text' ? cleanser.cleanse : (value) => (isFound(value, cleanser, 0) ? null : value)

/** Composites and arrays in each other that are looked into; what goes deeper is hidden. */
const MAX_DEPTH = 16

/** Of a type that is not known: is something found in it, or in what it is made of? */
function isFound(value: Uint8Array, cleanser: Cleanser, depth: number): boolean {
  if (cleanser.cleanse(value) !== value) return true
  return anyFound(recordParts(value) ?? arrayParts(value), cleanser, depth + 1)
}

function anyFound(parts: readonly Part[] | undefined, cleanser: Cleanser, depth: number): boolean {
  if (parts === undefined) return false
  if (depth > MAX_DEPTH) return true
  return parts.some(({ type: oid, value }) => {
    const type = HIDDEN_TYPES.get(oid)
    if (type === undefined) return isFound(value, cleanser, depth)
    const look = lookOf(type, 'binary', cleanser)
    return look !== undefined && look(value) !== value
  })
}

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

function array(type: HiddenType, format: Format, cleanser: Cleanser): Look | undefined {
  const { element } = type
  const elementType = element === undefined ? undefined : HIDDEN_TYPES.get(element)
  if (element === undefined || elementType === undefined) return undefined
  const look = lookOf(elementType, format, cleanser)
  if (look === undefined) return undefined
  const each = { oid: element, mask: (value: Uint8Array | null) => value && look(value) }
  // In binary the bytes of numbers and lengths say nothing.
  const quick = format === 'text' && !decodes(type)
  return (value) => {
    if (quick && !cleanser.suspects(value, 0, value.length)) return value
    return mapArray(value, format, each) ?? type[format]
  }
}
