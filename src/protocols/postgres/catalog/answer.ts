// What the rows of the catalog's queries say. The server is trusted with its catalog, not with the shape of its messages.
import { builtInEffect } from '../../../analysis/postgres/built-in.ts'
import { ProtocolError } from '../../../core/errors.ts'
import type { RelationName } from '../../../core/facts.ts'
import type { CastableColumn } from '../../../core/operation.ts'
import { parseJson } from '../../../core/parse-json.ts'
import type { RoutineFacts } from '../../../core/routine.ts'
import { FIRST_USER_OID } from './sql.ts'

export type Named = Required<RelationName>

export interface Behind extends Named {
  /** those of its columns that the view's query mentions; undefined when it may be any */
  readonly columns?: readonly string[]
}

export interface Routine extends Named, Omit<RoutineFacts, 'signature'> {
  /** types of its arguments in SQL's words */
  readonly arguments: readonly string[]
  readonly builtIn: boolean
  /** of an extension, as a superuser brought it, and without privileges of its owner */
  readonly shipped: boolean
  /** it can be called with one row of a relation, as if it were a column */
  readonly ofRow: boolean
  readonly version: string
}

const PARTS = ['query', 'plan', 'run'] as const

/** Code that hangs on a relation or a type. */
export interface Code {
  /** on the relation itself or its children; otherwise on one that is behind it */
  readonly same: boolean
  /** when it runs: read, insert, update, delete, truncate, maintenance, alter, by their first letters, `c` for what is made over its columns, `w` for a whole row */
  readonly events: string
  /** of what: a view's query, a plan (defaults, generated columns, casts, rules), or what does nothing before a plan runs */
  readonly part: (typeof PARTS)[number]
  /** in words: `trigger t of public.orders` */
  readonly place: string
  readonly called: readonly Routine[]
}

/**
 * A table that changes with a row that is deleted (`d`) or updated (`u`), and how: it loses rows, or has them updated. Rows of
 * a partitioned table that is updated so may move (`m`): each partition may lose and get some.
 */
export interface Cascade {
  readonly relation: Named
  readonly began: string
  readonly event: string
}

/** One relation, as a row of the query tells it. */
export interface Entry {
  readonly oid: number
  readonly relation: Named
  readonly columns: ReadonlyMap<number, string>
  /** columns of types whose values do not all fit together: arrays, rows, json */
  readonly shaped: readonly string[]
  /** columns of types that become others without being asked to: numbers, dates, ranges */
  readonly castable: readonly CastableColumn[]
  /** columns of it may be of collations that are in conflict with others */
  readonly collates: boolean
  /** generated columns, each with those that it is computed from */
  readonly generated: ReadonlyMap<string, readonly string[]>
  /** inheritance parents and children, however far: the same columns. Of a view, those of the tables behind it */
  readonly family: readonly Named[]
  /** those of the family, or of what is behind a view, to which rows may move by an update, and from which */
  readonly partitions: readonly Named[]
  /** columns that say which partition a row belongs to; `*` where it may be any */
  readonly keys: readonly string[]
  /** relations that a view's rule reads, however deep */
  readonly behind: readonly Behind[]
  readonly cascades: readonly Cascade[]
  /** a rule makes something else of what is done to it, or to what is behind it */
  readonly rewritten: boolean
  /** a view that calls functions of somebody's own, or that run text: what it reads cannot be told */
  readonly opaque: boolean
  readonly view: boolean
  readonly partitioned: boolean
  /** of the rules of a view, and of those behind it; of a table with rules the same */
  readonly version?: string
  /** of an index: what it is on */
  readonly table?: Named
  readonly code: readonly Code[]
}

export interface OperatorEntry extends Named {
  readonly called: readonly Routine[]
}

export interface TypeEntry extends Named {
  readonly oid: number
  readonly code: readonly Code[]
}

export interface CatalogAnswer {
  readonly entries: readonly Entry[]
  readonly functions: readonly Routine[]
  readonly operators: readonly OperatorEntry[]
  readonly types: readonly TypeEntry[]
  /** how old it may be, in milliseconds */
  readonly age: number
}

type Row = Readonly<Record<string, unknown>>

/** @throws ProtocolError for a row that the queries do not give */
export function decodeAnswer(rows: readonly string[]): CatalogAnswer {
  const all = rows.map((json) => record(parseJson(json)))
  const routines = new Map<number, Routine>()
  for (const row of all) if ('routine' in row) routines.set(count(row.routine), routine(row))
  const called = (oid: unknown) => routines.get(count(oid))
  // A function that was dropped meanwhile is called no more.
  const calls = (value: unknown) => list(value, called).filter((one) => one !== undefined)
  const code = (item: unknown): Code => ({
    same: flag(at(item, 0)),
    events: text(at(item, 1)),
    part: PARTS.find((part) => part === at(item, 2)) ?? unreadable(),
    place: text(at(item, 3)),
    called: calls(at(item, 4)),
  })
  const has = (key: string) => all.filter((row) => key in row)
  const ages = has('age').map((row) => Math.ceil(count(row.age) * 1000))
  return {
    entries: has('oid').map((row) => relation(row, list(row.code, code))),
    functions: [...routines.values()].filter(({ builtIn }) => !builtIn),
    operators: has('operator').map((row) => ({
      schema: text(row.schema),
      name: text(row.operator),
      called: calls([row.called]),
    })),
    types: has('type').map((row) => ({
      oid: count(row.of),
      schema: text(row.schema),
      name: text(row.type),
      code: list(row.code, code),
    })),
    age: Math.max(0, ...ages),
  }
}

function relation(row: Row, code: readonly Code[]): Entry {
  return {
    oid: count(row.oid),
    relation: { schema: text(row.schema), name: text(row.name) },
    columns: new Map(list(row.columns, (pair) => [attribute(at(pair, 0)), text(at(pair, 1))])),
    shaped: list(row.columns, (item) => (flag(at(item, 2)) ? [text(at(item, 1))] : [])).flat(),
    castable: list(row.columns, (item) =>
      at(item, 3) === null ? [] : [{ column: text(at(item, 1)), long: flag(at(item, 3)) }],
    ).flat(),
    collates: list(row.columns, (item) => flag(at(item, 4))).includes(true),
    generated: grouped(list(row.generated, (pair) => [text(at(pair, 0)), text(at(pair, 1))] as const)),
    family: list(row.family, named),
    partitions: list(row.family, (item) => (flag(at(item, 2)) ? [named(item)] : [])).flat(),
    keys: list(row.keys, text),
    behind: list(row.behind, (item) => ({
      ...named(item),
      ...(at(item, 2) !== null && { columns: list(at(item, 2), text) }),
    })),
    cascades: list(row.cascades, (item) => ({
      relation: named(item),
      began: text(at(item, 2)),
      event: text(at(item, 3)),
    })),
    rewritten: flag(row.rewritten),
    opaque: flag(row.opaque) || code.some(runsText),
    view: row.kind === 'v' || row.kind === 'm',
    partitioned: row.kind === 'p',
    ...(row.version !== null && { version: text(row.version) }),
    ...(row.table !== null && { table: named(row.table) }),
    code,
  }
}

function grouped(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, from] of pairs) groups.set(name, [...(groups.get(name) ?? []), from])
  return groups
}

/** Only a view's query gives what it computes; a trigger that runs text gives nothing. */
function runsText({ part, called }: Code): boolean {
  if (part !== 'query') return false
  return called.some((one) => one.builtIn && builtInEffect(one.name, isVolatile(one)) !== undefined)
}

export const isVolatile = ({ volatility }: Pick<Routine, 'volatility'>): boolean => volatility === 'volatile'

const VOLATILITY: ReadonlyMap<unknown, Routine['volatility']> = new Map([
  ['i', 'immutable'],
  ['s', 'stable'],
  ['v', 'volatile'],
] as const)

function routine(row: Row): Routine {
  return {
    schema: text(row.schema),
    name: text(row.name),
    volatility: VOLATILITY.get(row.volatility) ?? unreadable(),
    language: text(row.language),
    owner: text(row.owner),
    securityDefiner: flag(row.definer),
    settings: list(row.settings, text),
    arguments: list(row.arguments, text),
    builtIn: count(row.routine) < FIRST_USER_OID,
    shipped: flag(row.shipped),
    ofRow: flag(row.row),
    version: text(row.version),
  }
}

const named = (item: unknown): Named => ({ schema: text(at(item, 0)), name: text(at(item, 1)) })

function unreadable(): never {
  throw new ProtocolError('the catalog gave a row that cannot be read')
}

const isRecord = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const record = (value: unknown): Row => (isRecord(value) ? value : unreadable())
const text = (value: unknown): string => (typeof value === 'string' ? value : unreadable())
const flag = (value: unknown): boolean => (typeof value === 'boolean' ? value : unreadable())
/** System columns have negative numbers. */
const attribute = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : unreadable()
const count = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : unreadable()
const at = (value: unknown, index: number): unknown => (Array.isArray(value) ? value[index] : unreadable())
/** json_agg over nothing gives null. */
const list = <T>(value: unknown, item: (value: unknown) => T): readonly T[] =>
  value === null ? [] : Array.isArray(value) ? value.map(item) : unreadable()
