// Random expressions of a type, from columns in scope and from whatever PostgreSQL can compute.
import type { Random } from '../fuzz/mutate.ts'
import { type Callable, CONSTANTS, type Known, TYPES } from './catalog.ts'

export interface Column {
  /** as a statement names it */
  readonly sql: string
  readonly type: string
  readonly masked: boolean
}

export interface Expressions {
  /** @param hot masked columns may stand in it */
  of(type: string, columns: readonly Column[], hot: boolean, depth?: number): string
  /** any type: one that a column has, mostly */
  typeOf(columns: readonly Column[]): string
}

export const pick = <T>(items: readonly T[], next: Random): T => items[next(items.length)] as T

/** `hot` columns come first so often, of ten. */
const HOT = 8
const DEPTH = 2
/** What gives one value for any argument is judged otherwise than the rest, so it comes more often. */
const USUAL: ReadonlySet<string> = new Set(
  `ascii bit_length btrim char_length concat concat_ws initcap json_build_array length jsonb_build_array lower ltrim md5 num_nonnulls
   num_nulls octet_length pg_typeof quote_ident quote_literal quote_nullable reverse row_to_json rtrim to_json to_jsonb upper
   pg_column_size = <> < > <= >= ||`.split(/\s+/),
)

export const literal = (type: string, next: Random) => pick(CONSTANTS[type] ?? ['null'], next)

/** Types that stand for those of a polymorphic function, with its element type chosen. */
export function concrete(type: string, element: string): string | undefined {
  switch (type) {
    case 'any':
    case 'anyelement':
    case 'anynonarray':
    case 'anycompatible':
    case 'anycompatiblenonarray':
      return element
    case 'anyarray':
    case 'anycompatiblearray':
      return TYPES.includes(`_${element}`) ? `_${element}` : undefined
    case 'anyrange':
    case 'anycompatiblerange':
      return element === 'int4' ? 'int4range' : undefined
    case 'anyenum':
      return 'mood'
    case 'record':
      return 'pair'
    default:
      return type
  }
}

const BARE = /^[a-z_]+$/

export function callOf(
  { name, kind, arguments: types }: Callable,
  args: readonly string[],
  next: Random,
): string {
  const [first = '', second] = args
  if (kind === 'operator') return second === undefined ? `(${name} ${first})` : `(${first} ${name} ${second})`
  // A name that the grammar has as a word is another function.
  const call = `${BARE.test(name) ? `"${name}"` : name}(${types.length === 0 ? '' : args.join(', ')})`
  if (kind === 'window') return `${call} over (order by 1)`
  return kind === 'aggregate' && next(3) === 0 ? `${call} over ()` : call
}

export function createExpressions({ callables, casts }: Known, next: Random): Expressions {
  const byResult = new Map<string, Callable[]>()
  for (const one of callables) {
    const results = ['anyelement', 'anycompatible', 'record'].includes(one.result) ? TYPES : [one.result]
    for (const result of results) byResult.set(result, [...(byResult.get(result) ?? []), one])
  }

  function column(type: string, columns: readonly Column[], hot: boolean): string | undefined {
    const fitting = columns.filter((one) => one.type === type && (hot || !one.masked))
    const masked = fitting.filter((one) => one.masked)
    if (hot && masked.length > 0 && next(10) < HOT) return pick(masked, next).sql
    return fitting.length === 0 ? undefined : pick(fitting, next).sql
  }

  const leaf = (type: string, columns: readonly Column[], hot: boolean) =>
    (next(5) === 0 ? undefined : column(type, columns, hot)) ?? literal(type, next)

  function called(type: string, columns: readonly Column[], hot: boolean, depth: number): string | undefined {
    const found = byResult.get(type) ?? []
    const usual = found.filter(({ name }) => USUAL.has(name))
    const choice = usual.length > 0 && next(2) === 0 ? usual : found
    if (choice.length === 0) return undefined
    const one = pick(choice, next)
    // Aggregates need what they stand in to be grouped: statements place them.
    if (one.kind !== 'function' && one.kind !== 'operator') return undefined
    const element = one.result === 'anyelement' || one.result === 'anycompatible' ? type : typeOf(columns)
    const types = one.arguments.map((argument) => concrete(argument, element))
    if (types.includes(undefined)) return undefined
    return callOf(
      one,
      types.map((argument) => of(argument ?? 'text', columns, hot, depth - 1)),
      next,
    )
  }

  function casted(type: string, columns: readonly Column[], hot: boolean, depth: number): string {
    const from = casts.filter(({ to }) => to === type)
    const source = from.length > 0 && next(2) === 0 ? pick(from, next).from : typeOf(columns)
    return `(${of(source, columns, hot, depth - 1)})::${nameOf(type)}`
  }

  const sub = (type: string, columns: readonly Column[], hot: boolean, depth: number) =>
    of(type, columns, hot, depth - 1)

  const FORMS: readonly ((...given: Parameters<typeof sub>) => string | undefined)[] = [
    called,
    called,
    called,
    called,
    casted,
    (...given) => `coalesce(${sub(...given)}, ${leaf(given[0], given[1], given[2])})`,
    (...given) => `nullif(${sub(...given)}, ${sub(...given)})`,
    (...given) => `${pick(['greatest', 'least'], next)}(${sub(...given)}, ${sub(...given)})`,
    (type, columns, hot, depth) =>
      `case when ${of('bool', columns, hot && next(8) === 0, depth - 1)} then ${sub(type, columns, hot, depth)} else ${sub(type, columns, hot, depth)} end`,
    (...given) => `(select ${sub(...given)})`,
    (type, columns, hot, depth) =>
      type.startsWith('_')
        ? `${pick(['array[', 'array[null, '], next)}${sub(type.slice(1), columns, hot, depth)}, ${sub(type.slice(1), columns, hot, depth)}]`
        : type === 'bool'
          ? `(${sub('text', columns, hot, depth)} is ${pick(['null', 'not null', 'distinct from null'], next)})`
          : undefined,
    (type, columns, hot, depth) =>
      TYPES.includes(`_${type}`)
        ? `(${sub(`_${type}`, columns, hot, depth)})[${next(3)}]`
        : type === 'jsonb'
          ? pick(
              [
                `json_object('a': ${sub('text', columns, hot, depth)} returning jsonb)`,
                `json_array(${sub('int4', columns, hot, depth)}, ${sub('text', columns, hot, depth)} returning jsonb)`,
                `json_query(${sub('jsonb', columns, hot, depth)}, '$.a')::jsonb`,
              ],
              next,
            )
          : undefined,
  ]

  function of(type: string, columns: readonly Column[], hot: boolean, depth = DEPTH): string {
    if (depth <= 0 || next(3) === 0) return leaf(type, columns, hot)
    return pick(FORMS, next)(type, columns, hot, depth) ?? leaf(type, columns, hot)
  }

  function typeOf(columns: readonly Column[]): string {
    return columns.length > 0 && next(4) > 0 ? pick(columns, next).type : pick(TYPES, next)
  }

  return { of, typeOf }
}

export const nameOf = (type: string) => type.replace(/^_(.*)/, '$1[]')
