// The names that PostgreSQL gives to entries of a target list without AS (FigureColname of parse_target.c).
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'

/** A type's name, or CASE, gives way to what is inside it. */
interface Figured {
  readonly name: string
  readonly weak?: true
}

/** What has no name of its own. */
const NAMELESS = '?column?'

/** @returns undefined where it is not known: any name may then mean the entry */
export function outputName(node: Node | undefined): string | undefined {
  return figured(node)?.name
}

function figured(node: Node | undefined): Figured | undefined {
  if (node === undefined) return undefined
  if ('ColumnRef' in node) return named(strings(node.ColumnRef.fields).at(-1))
  if ('FuncCall' in node) return named(strings(node.FuncCall.funcname).at(-1))
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? { name: 'nullif' } : nameless
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast
    return orElse(figured(arg), strings(typeName?.names).at(-1))
  }
  if ('CollateClause' in node) return figured(node.CollateClause.arg)
  if ('CaseExpr' in node) {
    const { defresult } = node.CaseExpr
    return orElse(defresult === undefined ? nameless : figured(defresult), 'case')
  }
  if ('CoalesceExpr' in node) return { name: 'coalesce' }
  const isNameless = NAMELESS_NODES.some((tag) => tag in node)
  return isNameless ? nameless : undefined
}

const nameless: Figured = { name: NAMELESS, weak: true }
const NAMELESS_NODES = ['A_Const', 'ParamRef', 'BoolExpr', 'NullTest', 'BooleanTest'] as const

const named = (name: string | undefined): Figured | undefined => (name === undefined ? undefined : { name })

function orElse(inner: Figured | undefined, name: string | undefined): Figured | undefined {
  if (inner?.weak !== true || name === undefined) return inner
  return { name, weak: true }
}
