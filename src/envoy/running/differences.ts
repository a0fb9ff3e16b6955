// Where a part of a running Envoy's configuration is not what was generated. Envoy leaves out of its dump what has its default.
import type { EnvoyObject, EnvoyValue } from '../envoy-object.ts'
import { isRecord, type Json } from './dump.ts'

export interface Difference {
  readonly path: readonly (string | number)[]
  /** undefined: it was not generated, or is not there */
  readonly wanted: EnvoyValue | undefined
  readonly found: Json | undefined
}

type Path = readonly (string | number)[]

export function differences(wanted: EnvoyObject, found: Json | undefined, path: Path = []): Difference[] {
  if (!isRecord(found)) return [{ path, wanted, found }]
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) => {
    // Of a whole listener or cluster the dump says what it is.
    if (path.length === 0 && key === '@type') return []
    return compared(wanted[key], found[key], [...path, key])
  })
}

function compared(wanted: EnvoyValue | undefined, found: Json | undefined, path: Path): Difference[] {
  const difference = [{ path, wanted, found }]
  if (wanted === undefined) return difference
  if (found === undefined) return isDefault(wanted) ? [] : difference
  if (isList(wanted)) return isJsonList(found) ? listsCompared(wanted, found, path) : difference
  if (typeof wanted === 'object') return differences(wanted, found, path)
  return typeof found !== 'object' && same(wanted, found) ? [] : difference
}

/** Lists of other parts, or in another order, are one difference: what stands at the same place is something else then. */
function listsCompared(wanted: readonly EnvoyValue[], found: readonly Json[], path: Path): Difference[] {
  const names = wanted.map(nameOf)
  if (wanted.length !== found.length || names.some((name, index) => name !== nameOf(found[index]))) {
    return [
      {
        path,
        wanted: wanted.map((one) => nameOf(one) ?? one),
        found: found.map((one) => nameOf(one) ?? one),
      },
    ]
  }
  return wanted.flatMap((one, index) => compared(one, found[index], [...path, index]))
}

/** Some are numbers: those of socket options. */
const nameOf = (value: EnvoyValue | Json | undefined) =>
  isRecord(value) && value['name'] !== undefined ? String(value['name']) : undefined

const isList = (value: EnvoyValue): value is readonly EnvoyValue[] => Array.isArray(value)
const isJsonList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** Values of enums that stand for themselves when they are left out. */
const DEFAULT_NAMES: ReadonlySet<EnvoyValue> = new Set(['STREAMED', 'STATIC'])

function isDefault(value: EnvoyValue): boolean {
  if (value === false || value === 0 || value === '' || DEFAULT_NAMES.has(value)) return true
  if (isList(value)) return value.length === 0
  return typeof value === 'object' && Object.values(value).every(isDefault)
}

const DURATION = /^\d+(?:\.\d+)?s$/

/** 64-bit numbers are texts in JSON, and durations have trailing zeros. */
function same(wanted: string | number | boolean, found: string | number | boolean | null): boolean {
  const [one, other] = [String(wanted), String(found)]
  if (DURATION.test(one) && DURATION.test(other)) return Number.parseFloat(one) === Number.parseFloat(other)
  return one === other
}
