// The `fixed` strategy: a configured value, where the column's type can have it. Made once for a result.
import { Buffer } from 'node:buffer'
import { type CodecKind, codecOf, type Format, MAX_INTEGER } from './codecs.ts'
import { MAX_DIGITS } from './numeric.ts'
import type { HiddenType, MomentKind } from './postgres-types.ts'

/** @returns undefined when the type cannot have the value: it is redacted then */
export function fixedValue(type: HiddenType, format: Format, value: string): Uint8Array | undefined {
  const { kind } = type
  switch (kind) {
    case 'characters':
    case 'blank-padded':
      return value.includes('\0') ? undefined : Buffer.from(value)
    case 'json':
    case 'jsonb':
      return fixedJson(value, kind === 'jsonb' && format === 'binary')
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
    case 'uuid':
    case 'bytea': {
      const text = textOf(kind, value)
      return text === undefined ? undefined : codecOf(kind, format).encode(text)
    }
    case 'bool':
      return fixedBool(value, format)
    case 'float4':
    case 'float8':
      return fixedFloat(value, format, kind === 'float4')
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return fixedMoment(kind, value, format)
    case 'array':
    case 'plain':
      return undefined
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The value as the codec of its kind reads it. */
function textOf(kind: CodecKind, value: string): string | undefined {
  switch (kind) {
    case 'int2':
    case 'int4':
    case 'int8': {
      const number = /^-?[0-9]{1,19}$/.test(value) ? BigInt(value) : MAX_INTEGER[kind] + 1n
      return number <= MAX_INTEGER[kind] && number >= -MAX_INTEGER[kind] - 1n ? number.toString() : undefined
    }
    case 'numeric':
      return /^-?[0-9]+(\.[0-9]+)?$/.test(value) && value.length <= MAX_DIGITS ? value : undefined
    case 'uuid':
      return UUID.test(value.toLowerCase()) ? value.toLowerCase() : undefined
    case 'bytea':
      return /^\\x(?:[0-9a-f]{2})*$/i.test(value) ? value.slice(2) : undefined
  }
}

/** Written anew, so that its numbers are in range. jsonb has no \u0000 and no half of a surrogate pair. */
function fixedJson(value: string, versioned: boolean): Uint8Array | undefined {
  try {
    const json = JSON.stringify(JSON.parse(value))
    return json.includes('\\u') ? undefined : Buffer.from(`${versioned ? '\u0001' : ''}${json}`)
  } catch {
    return undefined
  }
}

function fixedBool(value: string, format: Format): Uint8Array | undefined {
  const truth = { true: true, t: true, false: false, f: false }[value]
  if (truth === undefined) return undefined
  return format === 'text' ? Buffer.from(truth ? 't' : 'f') : Uint8Array.of(truth ? 1 : 0)
}

function fixedFloat(value: string, format: Format, single: boolean): Uint8Array | undefined {
  if (!/^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,3})?$/i.test(value)) return undefined
  const number = single ? Math.fround(Number(value)) : Number(value)
  // Too small becomes zero, which the server takes for out of range.
  if (!Number.isFinite(number) || (number === 0 && /[1-9]/.test(value.split(/e/i)[0] ?? ''))) return undefined
  if (format === 'text') return Buffer.from(String(number))
  const out = Buffer.alloc(single ? 4 : 8)
  if (single) out.writeFloatBE(number)
  else out.writeDoubleBE(number)
  return out
}

const MOMENT: Readonly<Record<MomentKind, RegExp>> = {
  date: /^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})$/,
  time: /^(?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})$/,
  timestamp: /^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})$/,
  timestamptz: /^(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:Z|\+00)$/,
}
/** 2000-01-01 in milliseconds: PostgreSQL's epoch. */
const EPOCH = Date.UTC(2000, 0, 1)
const DAY = 86_400_000

function fixedMoment(kind: MomentKind, value: string, format: Format): Uint8Array | undefined {
  const { date = '2000-01-01', time = '00:00:00' } = MOMENT[kind].exec(value)?.groups ?? {}
  const at = Date.parse(`${date}T${time}Z`)
  // Date.parse takes 24:00:00 and turns 30 February into March; year 0 is none of PostgreSQL's.
  const same = Number.isFinite(at) && new Date(at).toISOString() === `${date}T${time}.000Z`
  if (!MOMENT[kind].test(value) || !same || date.startsWith('0000')) return undefined
  if (format === 'text') {
    return Buffer.from({ date, time, timestamp: `${date} ${time}`, timestamptz: `${date} ${time}+00` }[kind])
  }
  return kind === 'date' ? int32((at - EPOCH) / DAY) : int64((at - EPOCH) * 1000)
}

function int32(value: number): Uint8Array {
  const out = Buffer.alloc(4)
  out.writeInt32BE(value)
  return out
}

function int64(microseconds: number): Uint8Array {
  const out = Buffer.alloc(8)
  out.writeBigInt64BE(BigInt(microseconds))
  return out
}
