// What the value of an expression depends on, and how what it depends on is used inside of it.
import type { Node } from 'libpg-query'
import type { StoredIn } from '../../../core/facts.ts'
import { strings } from '../names.ts'
import type { Body, NodeTag } from '../nodes.ts'
import type { Work } from '../work.ts'
import { COLLATED_FUNCTIONS, collated } from './collations.ts'
import {
  AGGREGATES,
  SHAPED_FUNCTIONS,
  STORING_FUNCTIONS,
  TEXT_TYPES,
  TOTAL_FUNCTIONS,
  TOTAL_OPERATORS,
} from './functions.ts'
import { resultsOf } from './kinds.ts'
import { type Deps, type Mentions, NOTHING } from './mentions.ts'
import { beside, coalesced, compared, depsOf, operandsOf, sidesOf, subscripted } from './operands.ts'
import type { Output, Resolver, Scope } from './scope.ts'

/** What expressions and queries need of each other. */
export interface Reading {
  readonly mentions: Mentions
  readonly resolver: Resolver
  /** what the value of an expression, or of several, depends on */
  value(item: unknown, scope: Scope): Deps
  /** a query's outputs */
  query(node: Node | undefined, scope: Scope): readonly Output[]
  readonly work: Work
}

type Reader<K extends NodeTag> = (body: Body<K>, scope: Scope, reading: Reading) => Deps

/** Which relation they change is one of their arguments. */
const SOMEWHERE: StoredIn = { relation: { name: '*' }, column: '*' }

const CONCATENATION = '||'

const constant = (): Deps => NOTHING

/** It has a value for any value of its parts. */
const total = (body: object, scope: Scope, reading: Reading): Deps => children(body, scope, reading)

/** Whatever its parts are, it may fail on them, take its time, or give as many rows as they say. */
function fallible(body: object, scope: Scope, reading: Reading): Deps {
  const deps = children(body, scope, reading)
  reading.mentions.use(deps, 'fallible')
  return deps
}

/** Arrays fit together by their dimensions alone, and what is no array does whatever it is. */
function array(body: Body<'A_ArrayExpr'>, scope: Scope, reading: Reading): Deps {
  const elements = operandsOf(body.elements ?? [], scope, reading)
  beside(elements, reading)
  const deps = depsOf(elements, reading)
  reading.mentions.use(deps, 'shaped')
  return deps
}

function children(body: object, scope: Scope, reading: Reading): Deps {
  return reading.mentions.union(...Object.values(body).map((item) => reading.value(item, scope)))
}

function predicate(item: unknown, scope: Scope, { value, mentions }: Reading): Deps {
  const deps = value(item, scope)
  mentions.use(deps, 'predicate')
  return deps
}

function columnRef(body: Body<'ColumnRef'>, scope: Scope, reading: Reading): Deps {
  const { resolver } = reading
  const fields = body.fields ?? []
  const last = fields.at(-1)
  const [alias, name] = strings(fields.slice(-2))
  if (last === undefined || !('String' in last)) {
    // A star where a value is due: `count(t.*)`, `ROW(t.*)`.
    if (fields.length <= 1 || alias === undefined) return resolver.rowsOf(scope.sources)
    const sources = resolver.starOf(alias, scope)
    return sources === undefined ? resolver.qualified(alias, '*', scope) : resolver.rowsOf(sources)
  }
  if (alias === undefined || name === undefined) return resolver.unqualified(last.String.sval ?? '', scope)
  return calledAs(name, resolver.qualified(alias, name, scope), reading)
}

/** `row.to_jsonb` calls the function. */
function calledAs(name: string, deps: Deps, { mentions }: Reading): Deps {
  if (SHAPED_FUNCTIONS.has(name)) mentions.use(deps, 'shaped')
  return deps
}

function indirection(body: Body<'A_Indirection'>, scope: Scope, reading: Reading): Deps {
  const deps = partOf(body, scope, reading)
  subscripted(body, deps, scope, reading)
  return deps
}

/** `(c).ssn` of a whole row is that column; anything else may be any part of its argument. */
function partOf(body: Body<'A_Indirection'>, scope: Scope, reading: Reading): Deps {
  const { value, resolver } = reading
  const steps = value(body.indirection, scope)
  const [field] = body.indirection ?? []
  if (field !== undefined && 'String' in field && body.arg !== undefined && 'ColumnRef' in body.arg) {
    const [alias, ...more] = strings(body.arg.ColumnRef.fields)
    const sources = alias === undefined || more.length > 0 ? undefined : resolver.starOf(alias, scope)
    // The row's name may also be that of a column, of a composite type.
    if (alias !== undefined && sources !== undefined) {
      const column = resolver.columnOf(reading.resolver.starOf(alias, scope) ?? [], alias)
      const name = field.String.sval ?? ''
      const named = calledAs(name, resolver.qualified(alias, name, scope), reading)
      return reading.mentions.union(named, column, steps)
    }
  }
  return reading.mentions.union(value(body.arg, scope), steps)
}

function operator(body: Body<'A_Expr'>, scope: Scope, reading: Reading): Deps {
  const { mentions } = reading
  const operands = operandsOf(sidesOf(body), scope, reading)
  const deps = depsOf(operands, reading)
  const name = strings(body.name)
  const known = name.every((part) => part === 'pg_catalog' || TOTAL_OPERATORS.has(part))
  const spelled = body.kind?.includes('BETWEEN') === true
  if (name.at(-1) === CONCATENATION) {
    // What is put into an array becomes of the type of its elements.
    beside(operands, reading)
    mentions.use(deps, 'shaped')
  } else if (known || spelled) compared(body, operands, scope, reading)
  if (!known && !spelled) mentions.use(deps, 'fallible')
  return deps
}

/** The second side of AND and OR, and what follows in COALESCE, is computed only where the first leaves it open. */
function shortCircuit(body: Body<'BoolExpr'>, scope: Scope, reading: Reading): Deps {
  if (body.boolop === 'NOT_EXPR') return total(body, scope, reading)
  return predicate(body.args, scope, reading)
}

function coalesce(body: Body<'CoalesceExpr'>, scope: Scope, reading: Reading): Deps {
  const args = operandsOf(body.args ?? [], scope, reading)
  coalesced(args, scope, reading)
  return depsOf(args, reading)
}

/** GREATEST and LEAST. */
function extreme(body: Body<'MinMaxExpr'>, scope: Scope, reading: Reading): Deps {
  const args = operandsOf(body.args ?? [], scope, reading)
  beside(args, reading)
  const deps = depsOf(args, reading)
  reading.mentions.compare(deps)
  collated(body.args, deps, scope, reading)
  return deps
}

function row(body: Body<'RowExpr'>, scope: Scope, reading: Reading): Deps {
  const deps = total(body, scope, reading)
  reading.mentions.makeRow(deps)
  return deps
}

function caseOf(body: Body<'CaseExpr'>, scope: Scope, reading: Reading): Deps {
  const whens = (body.args ?? []).flatMap((node) => ('CaseWhen' in node ? [node.CaseWhen] : []))
  const tested = predicate([body.arg, ...whens.map((when) => when.expr)], scope, reading)
  const results = operandsOf(resultsOf(body), scope, reading)
  beside(results, reading)
  return reading.mentions.union(tested, depsOf(results, reading))
}

/** The length of bytes in an encoding is that of none where they are no text in it. */
function isTotal(name: string, args: readonly Node[] = []): boolean {
  return TOTAL_FUNCTIONS.has(name) && (name !== 'length' || args.length === 1)
}

function call(body: Body<'FuncCall'>, scope: Scope, reading: Reading): Deps {
  const { mentions, value, resolver } = reading
  const name = strings(body.funcname)
  // A word of the grammar since PostgreSQL 16: in 15 it is a column's name like any other.
  if (body.funcformat === 'COERCE_SQL_SYNTAX' && name.at(-1) === 'system_user')
    return resolver.unqualified('system_user', scope)
  const own = name.length === 1 || name[0] === 'pg_catalog'
  const args = value(body.args, scope)
  const ordered = value(body.agg_order, scope)
  const filter = predicate(body.agg_filter, scope, reading)
  const over = value(body.over === undefined ? undefined : { WindowDef: body.over }, scope)
  const isAggregate = AGGREGATES.has(name.at(-1) ?? '') && own
  if (isAggregate || body.over !== undefined || ordered.size > 0) mentions.use(args, 'aggregate')
  else if (!own || !isTotal(name.at(-1) ?? '', body.args)) mentions.use(args, 'fallible')
  if (SHAPED_FUNCTIONS.has(name.at(-1) ?? '')) mentions.use(args, 'shaped')
  if (COLLATED_FUNCTIONS.has(name.at(-1) ?? '')) collated(body.args, args, scope, reading)
  if (STORING_FUNCTIONS.has(name.at(-1) ?? '')) mentions.store(args, SOMEWHERE)
  if (body.agg_distinct === true) mentions.use(args, 'group')
  mentions.use(ordered, 'sort')
  return mentions.union(args, ordered, filter, over)
}

function window(body: Body<'WindowDef'>, scope: Scope, reading: Reading): Deps {
  const { mentions, value } = reading
  const partitions = value(body.partitionClause, scope)
  const order = value(body.orderClause, scope)
  mentions.use(partitions, 'group')
  mentions.use(order, 'sort')
  return mentions.union(partitions, order, predicate([body.startOffset, body.endOffset], scope, reading))
}

function cast(body: Body<'TypeCast'>, scope: Scope, { value, mentions }: Reading): Deps {
  const deps = value(body.arg, scope)
  const name = strings(body.typeName?.names)
  const isText = TEXT_TYPES.has(name.at(-1) ?? '') && (name.length === 1 || name[0] === 'pg_catalog')
  const isArray = (body.typeName?.arrayBounds ?? []).length > 0
  if (!isText || isArray) mentions.use(deps, 'fallible')
  return deps
}

function subquery(body: Body<'SubLink'>, scope: Scope, reading: Reading): Deps {
  const { mentions, resolver } = reading
  const outputs = reading.query(body.subselect, scope)
  const given = mentions.union(
    ...outputs.map(({ star, deps }) => (star === undefined ? deps : resolver.rowsOf(star))),
  )
  const tested = reading.value(body.testexpr, scope)
  // What EXISTS selects is never looked at.
  if (body.subLinkType === 'EXISTS_SUBLINK') return NOTHING
  const compares = ['ANY_SUBLINK', 'ALL_SUBLINK', 'ROWCOMPARE_SUBLINK'].includes(body.subLinkType ?? '')
  if (compares) mentions.use(mentions.union(given, tested), 'predicate')
  if (body.subLinkType === 'ARRAY_SUBLINK') mentions.use(given, 'shaped')
  return mentions.union(given, tested)
}

/** What is not here may fail. */
const READERS: { readonly [K in NodeTag]?: Reader<K> } = {
  A_Const: constant,
  A_Star: constant,
  String: constant,
  Integer: constant,
  Float: constant,
  Boolean: constant,
  BitString: constant,
  ParamRef: constant,
  SetToDefault: constant,
  SQLValueFunction: constant,
  MergeSupportFunc: constant,
  CurrentOfExpr: constant,
  TypeName: constant,
  Alias: constant,
  ColumnRef: columnRef,
  A_Indirection: indirection,
  A_Expr: operator,
  A_ArrayExpr: array,
  BoolExpr: shortCircuit,
  BooleanTest: total,
  CaseExpr: caseOf,
  CoalesceExpr: coalesce,
  CollateClause: (body, scope, { value }) => value(body.arg, scope),
  FuncCall: call,
  GroupingFunc: total,
  GroupingSet: total,
  List: total,
  MinMaxExpr: extreme,
  MultiAssignRef: total,
  NamedArgExpr: total,
  NullTest: total,
  ResTarget: (body, scope, { value, mentions }) =>
    mentions.union(value(body.indirection, scope), value(body.val, scope)),
  RowExpr: row,
  SortBy: (body, scope, { value }) => value(body.node, scope),
  SubLink: subquery,
  TypeCast: cast,
  WindowDef: window,
}

/** The reader of a node, by its tag. Keys that every object has, such as `constructor`, are none. */
export function readerOf(tag: string): (body: object, scope: Scope, reading: Reading) => Deps {
  if (!Object.hasOwn(READERS, tag)) return fallible
  // The table pairs each tag with the reader of that tag's body; the parser pairs tag and body.
  return READERS[tag as NodeTag] as (body: object, scope: Scope, reading: Reading) => Deps
}
