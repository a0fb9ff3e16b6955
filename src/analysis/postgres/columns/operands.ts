// Operands that are computed only where those before them leave the result open, and what comparing values may fail on.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Deps, Mentions } from './mentions.ts'
import type { Resolver, Scope } from './scope.ts'

/** What is needed of the reading. */
interface Known {
  readonly mentions: Mentions
  readonly resolver: Resolver
}

const isConstant = (node: Node): boolean =>
  'A_Const' in node || 'ParamRef' in node || 'SQLValueFunction' in node

/** A view's column, and a generated one, is computed where it is used, too: only the catalog knows. */
function isColumn(node: Node, scope: Scope, { resolver }: Known): boolean {
  if (!('ColumnRef' in node)) return false
  const fields = node.ColumnRef.fields ?? []
  const names = strings(fields.slice(-2))
  const name = names.at(-1)
  if (name === undefined || names.length !== Math.min(fields.length, 2)) return false
  return resolver.isOfRelation(names.length > 1 ? names[0] : undefined, name, scope)
}

/** Uses what `deps` are by what computing the later operands could tell of them. */
export function guard(deps: Deps, later: readonly Node[], scope: Scope, reading: Known): void {
  if (later.every(isConstant)) return
  const known = later.every((node) => isConstant(node) || isColumn(node, scope, reading))
  reading.mentions.use(deps, known ? 'guarding' : 'predicate')
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

const itemsOf = (node: Node | undefined): readonly Node[] =>
  node !== undefined && 'List' in node ? (node.List.items ?? []) : []

/** `a BETWEEN b AND c` is two comparisons with AND, `a IN (b, c)` as many with OR, and rows are compared member by member. */
export function compared(body: Body<'A_Expr'>, deps: Deps, scope: Scope, reading: Known): void {
  const { lexpr, rexpr, kind } = body
  const sides = [lexpr, rexpr, ...itemsOf(rexpr)]
  if (sides.some((node) => node !== undefined && 'RowExpr' in node)) reading.mentions.use(deps, 'predicate')
  const listed = kind === 'AEXPR_IN' || kind?.includes('BETWEEN') === true
  const items = listed ? itemsOf(rexpr) : []
  if (items.length > 1) guard(deps, items, scope, reading)
  reading.mentions.compare(deps)
}
