// What is known of an expression's type by its form: whether its value can become one of another type without being asked to, and
// fail at that. 5000000000 fails as an oid, 1e400 as a float, a date of the year 300000 as a timestamp.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Work } from '../work.ts'
import { TEXT_TYPES, TOTAL_FUNCTIONS, TOTAL_OPERATORS } from './functions.ts'
import { anyOf, type Kind } from './kind.ts'
import type { Resolver, Scope } from './scope.ts'

/** Of a value that is one of these by what they are: a constant of a column's type may stand for one value of it alone. */
function chosenOf(kinds: readonly Kind[]): Kind {
  const worst = anyOf(kinds)
  if (worst === 'literal') return 'settled'
  return worst === 'column' ? 'like-column' : worst
}

/** Also of ranges, whose bounds they give. */
const OF_RANGES: ReadonlySet<string> = new Set(['lower', 'upper'])

const isOwn = (name: readonly string[]) => name.length === 1 || name[0] === 'pg_catalog'

const totalName = ({ funcname }: Body<'FuncCall'>): string | undefined => {
  const name = strings(funcname)
  const last = name.at(-1) ?? ''
  return isOwn(name) && TOTAL_FUNCTIONS.has(last) ? last : undefined
}

function isTextType({ typeName }: Body<'TypeCast'>): boolean {
  const name = strings(typeName?.names)
  return isOwn(name) && TEXT_TYPES.has(name.at(-1) ?? '') && (typeName?.arrayBounds ?? []).length === 0
}

/** Of a type that all that it stands beside has to be text with. */
export function isText(node: Node | undefined): boolean {
  if (node === undefined) return false
  if ('CollateClause' in node) return true
  if ('TypeCast' in node) return isTextType(node.TypeCast)
  if ('FuncCall' in node) {
    const name = totalName(node.FuncCall)
    return name !== undefined && /^(concat|concat_ws|initcap|md5|quote_[a-z]+)$/.test(name)
  }
  if (!('A_Expr' in node)) return false
  const { kind, name, lexpr, rexpr } = node.A_Expr
  if (kind === 'AEXPR_NULLIF') return isText(lexpr)
  if (strings(name).join('.') !== '||') return false
  return [lexpr, rexpr].some((side) => isText(side) || isString(side))
}

/** No array: `'{1}' || 1` would be one. */
function isString(node: Node | undefined): boolean {
  if (node === undefined || !('A_Const' in node)) return false
  const { sval } = node.A_Const
  return sval !== undefined && !/^\s*[{[]/.test(sval.sval ?? '')
}

interface Known {
  readonly resolver: Resolver
  readonly work: Work
}

export function kindOf(node: Node | undefined, scope: Scope, known: Known): Kind {
  if (node === undefined) return 'literal'
  known.work.spend(1)
  const of = (one: Node | undefined) => kindOf(one, scope, known)
  if (isText(node)) return 'settled'
  if ('A_Const' in node) return node.A_Const.fval === undefined ? 'literal' : 'open'
  if ('ColumnRef' in node) return kindOfName(node.ColumnRef, scope, known.resolver)
  if ('BoolExpr' in node || 'NullTest' in node || 'BooleanTest' in node) return 'settled'
  if ('FuncCall' in node) return kindOfCall(node.FuncCall, of)
  if ('A_Expr' in node) return kindOfOperator(node.A_Expr, of)
  if ('CoalesceExpr' in node) return chosenOf((node.CoalesceExpr.args ?? []).map(of))
  if ('MinMaxExpr' in node) return chosenOf((node.MinMaxExpr.args ?? []).map(of))
  if ('CaseExpr' in node) return chosenOf(resultsOf(node.CaseExpr).map(of))
  return 'open'
}

/** What a CASE may give. */
export const resultsOf = ({ args, defresult }: Body<'CaseExpr'>): readonly (Node | undefined)[] => [
  ...(args ?? []).map((node) => ('CaseWhen' in node ? node.CaseWhen.result : undefined)),
  defresult,
]

function kindOfName(body: Body<'ColumnRef'>, scope: Scope, resolver: Resolver): Kind {
  const fields = body.fields ?? []
  const names = strings(fields.slice(-2))
  const name = names.at(-1)
  // Every relation has a tableoid, which its columns do not tell.
  if (name === undefined || name === 'tableoid' || names.length !== Math.min(fields.length, 2)) return 'open'
  return resolver.kindOf(names.length > 1 ? names[0] : undefined, name, scope)
}

function kindOfCall(body: Body<'FuncCall'>, of: (node: Node | undefined) => Kind): Kind {
  const name = totalName(body)
  if (name === undefined || name === 'pg_typeof') return 'open'
  return OF_RANGES.has(name) ? chosenOf([of(body.args?.[0])]) : 'settled'
}

function kindOfOperator({ kind, name, lexpr }: Body<'A_Expr'>, of: (node: Node | undefined) => Kind): Kind {
  if (kind === 'AEXPR_NULLIF') return chosenOf([of(lexpr)])
  const operator = strings(name)
  const compares = operator.at(-1) !== '||' && TOTAL_OPERATORS.has(operator.at(-1) ?? '')
  return (isOwn(operator) && compares) || kind?.includes('BETWEEN') ? 'settled' : 'open'
}
