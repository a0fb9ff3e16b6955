// Target lists, of SELECT and of RETURNING: a name and what it depends on for each entry.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Reading } from './expressions.ts'
import { kindOf } from './kinds.ts'
import { NOTHING } from './mentions.ts'
import { outputName } from './output-names.ts'
import type { Output, Scope } from './scope.ts'

/** A target list, or that of RETURNING. */
export function targets(
  list: readonly Node[] | undefined,
  scope: Scope,
  reading: Reading,
): readonly Output[] {
  return (list ?? []).map((node) => {
    const target: Body<'ResTarget'> = 'ResTarget' in node ? node.ResTarget : { val: node }
    const star = starOf(target.val, scope, reading)
    if (star !== undefined) return { name: undefined, deps: NOTHING, star, direct: true }
    const deps = reading.value(target.val, scope)
    const isColumn = target.val !== undefined && 'ColumnRef' in target.val
    const named = {
      name: target.name ?? outputName(target.val),
      deps,
      kind: kindOf(target.val, scope, reading),
      direct: isColumn,
    }
    return isRowsOnly(target.val) ? { ...named, rowsOnly: true } : named
  })
}

/** By its form alone: whatever is not listed here may hold a column's value. */
function isRowsOnly(node: Node | undefined): boolean {
  if (node === undefined) return false
  if ('A_Const' in node || 'ParamRef' in node) return true
  if ('TypeCast' in node) return isRowsOnly(node.TypeCast.arg)
  return 'FuncCall' in node && isRowCount(node.FuncCall)
}

/** `count(*)` and nothing more: a FILTER, an order or a window looks at columns. */
function isRowCount(body: Body<'FuncCall'>): boolean {
  const name = strings(body.funcname)
  if (name.at(-1) !== 'count' || !(name.length === 1 || (name.length === 2 && name[0] === 'pg_catalog')))
    return false
  const more = [body.args, body.agg_filter, body.agg_order, body.over]
  return body.agg_star === true && body.agg_distinct !== true && more.every((part) => part === undefined)
}

/** `*`, `c.*` and `(c).*`; undefined for what gives one value. */
function starOf(node: Node | undefined, scope: Scope, reading: Reading): Output['star'] {
  if (node === undefined) return undefined
  if ('A_Indirection' in node) {
    const last = node.A_Indirection.indirection?.at(-1)
    if (last === undefined || !('A_Star' in last)) return undefined
    return [{ kind: 'open', alias: undefined, renames: [], deps: reading.value(node, scope) }]
  }
  if (!('ColumnRef' in node)) return undefined
  const fields = node.ColumnRef.fields ?? []
  const last = fields.at(-1)
  if (last === undefined || !('A_Star' in last)) return undefined
  const alias = strings(fields.slice(-2, -1))[0]
  // A list: more may be added to the scope later, which the star does not stand for.
  if (alias === undefined) {
    reading.work.spend(scope.sources.length)
    return [...scope.sources]
  }
  const found = reading.resolver.starOf(alias, scope)
  if (found !== undefined) return found
  return [{ kind: 'open', alias, renames: [], deps: reading.resolver.qualified(alias, '*', scope) }]
}
