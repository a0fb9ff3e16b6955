// Operands: those that are computed only where others leave the result open, those that become values of another's type, and what
// comparing values may fail on.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Work } from '../work.ts'
import { collated } from './collations.ts'
import type { Kind } from './kind.ts'
import { isText, kindOf } from './kinds.ts'
import type { Deps, Mentions } from './mentions.ts'
import type { Resolver, Scope } from './scope.ts'

/** What is needed of the reading. */
interface Known {
  readonly mentions: Mentions
  readonly resolver: Resolver
  readonly work: Work
  value(item: unknown, scope: Scope): Deps
}

/** One of several values that become values of one type. */
export interface Part {
  readonly deps: Deps
  readonly kind: Kind
}

export interface Operand extends Part {
  readonly node: Node
}

export const operandsOf = (
  nodes: readonly (Node | undefined)[],
  scope: Scope,
  reading: Known,
): readonly Operand[] =>
  nodes.flatMap((node) =>
    node === undefined
      ? []
      : [{ node, deps: reading.value(node, scope), kind: kindOf(node, scope, reading) }],
  )

export const depsOf = (parts: readonly Part[], { mentions }: Known): Deps =>
  mentions.union(...parts.map(({ deps }) => deps))

const isLike = ({ kind }: Part) => kind === 'column' || kind === 'like-column'

/** Values that become values of one type, or are compared: of what type that is, all but constants say. */
export function beside(parts: readonly Part[], { mentions }: Pick<Known, 'mentions'>): void {
  const telling = parts.filter((part) => part.kind === 'open' || isLike(part))
  if (telling.length < 2) return
  for (const { deps, kind } of telling)
    mentions.use(deps, kind === 'column' ? 'converted' : kind === 'like-column' ? 'recast' : 'fallible')
}

const isConstant = ({ node }: Operand): boolean => 'A_Const' in node || 'SQLValueFunction' in node
const isParameter = ({ node }: Operand): boolean => 'ParamRef' in node

/** A view's column, and a generated one, is computed where it is used, too: only the catalog knows. */
function isColumn(node: Node, scope: Scope, { resolver }: Known): boolean {
  if (!('ColumnRef' in node)) return false
  const fields = node.ColumnRef.fields ?? []
  const names = strings(fields.slice(-2))
  const name = names.at(-1)
  if (name === undefined || names.length !== Math.min(fields.length, 2)) return false
  return resolver.isOfRelation(names.length > 1 ? names[0] : undefined, name, scope)
}

/**
 * What decides is used by what computing the later operands, or making them values of its type, could tell of it.
 *
 * @param plain no conversion can fail, or nothing decides but whether columns are NULL
 */
function guard(
  all: readonly Operand[],
  later: readonly Operand[],
  plain: boolean,
  scope: Scope,
  reading: Known,
): void {
  const { mentions } = reading
  const computed = later.filter((one) => !isConstant(one))
  if (computed.length === 0) return
  const columns = computed.filter(({ node }) => isColumn(node, scope, reading))
  if (computed.some((one) => !isParameter(one) && !columns.includes(one)))
    return mentions.use(depsOf(all, reading), 'predicate')
  if (columns.length > 0) mentions.use(depsOf(all, reading), 'guarding')
  if (plain) return
  mentions.use(depsOf(columns, reading), 'lazy')
  // Whoever sends a parameter says of what type it is.
  if (computed.some(isParameter))
    for (const one of all) mentions.use(one.deps, isLike(one) ? 'recast' : 'predicate')
}

/** COALESCE computes what follows only where what stands before it is NULL. */
export function coalesced(args: readonly Operand[], scope: Scope, reading: Known): void {
  beside(args, reading)
  const told = args
    .slice(0, -1)
    .every((one) => isConstant(one) || isParameter(one) || isColumn(one.node, scope, reading))
  guard(args, args.slice(1), told || args.some(({ node }) => isText(node)), scope, reading)
}

/**
 * Subscripts are computed only where what they are of is not NULL, and fail where they are no number of four bytes. Whether
 * a column is NULL is told anyway.
 */
export function subscripted(
  { arg, indirection = [] }: Body<'A_Indirection'>,
  deps: Deps,
  scope: Scope,
  reading: Known,
): void {
  const subscripts = indirection.flatMap((step) =>
    'A_Indices' in step ? [step.A_Indices.lidx, step.A_Indices.uidx] : [],
  )
  if (subscripts.every((node) => node === undefined || 'A_Const' in node)) return
  const told = arg !== undefined && isColumn(arg, scope, reading)
  reading.mentions.use(deps, told ? 'guarding' : 'predicate')
}

/** Both sides; of a list each that is in it. */
export const sidesOf = ({ lexpr, rexpr }: Body<'A_Expr'>): readonly (Node | undefined)[] => [
  lexpr,
  ...(rexpr !== undefined && 'List' in rexpr ? (rexpr.List.items ?? []) : [rexpr]),
]

/** `a BETWEEN b AND c` is two comparisons with AND, `a IN (b, c)` as many with OR, and rows are compared member by member. */
export function compared(
  body: Body<'A_Expr'>,
  operands: readonly Operand[],
  scope: Scope,
  reading: Known,
): void {
  const { lexpr, kind } = body
  const deps = depsOf(operands, reading)
  if (operands.some(({ node }) => 'RowExpr' in node)) reading.mentions.use(deps, 'predicate')
  beside(operands, reading)
  const listed = kind === 'AEXPR_IN' || kind?.includes('BETWEEN') === true
  const items = listed ? operands.slice(lexpr === undefined ? 0 : 1) : []
  if (items.length > 1) guard(operands, items, isText(lexpr), scope, reading)
  reading.mentions.compare(deps)
  collated(
    operands.map(({ node }) => node),
    deps,
    scope,
    reading,
  )
}
