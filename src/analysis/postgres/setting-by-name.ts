// SELECT set_config(name, 'value', false) FROM pg_settings WHERE name = 'setting': how pg_dump and its like change a setting
// that only some servers have. The name is computed, and yet the condition says which it is.
import type { Node } from 'libpg-query'
import { constantText, rangeName, strings } from './names.ts'
import type { Body } from './nodes.ts'
import { isSettingsView, settingAccess } from './settings.ts'
import type { Walk } from './walk.ts'

/** Whatever else a SELECT may have could give another row, or run something. */
const PLAIN: ReadonlySet<string> = new Set(['targetList', 'fromClause', 'whereClause', 'limitOption', 'op'])

/** @returns whether the statement is one of these; then nothing of it is left to be visited */
export function setsByName(body: Body<'SelectStmt'>, walk: Walk): boolean {
  if (Object.keys(body).some((key) => !PLAIN.has(key))) return false
  const [[target, ...targets], [from, ...others]] = [body.targetList ?? [], body.fromClause ?? []]
  if (targets.length > 0 || others.length > 0 || from === undefined || !('RangeVar' in from)) return false
  const view = rangeName(from.RangeVar)
  if (from.RangeVar.alias !== undefined || walk.ctes.has(view.name) || !isSettingsView(view)) return false
  const name = nameOf(body.whereClause)
  const value = target && 'ResTarget' in target ? newValue(target.ResTarget.val) : undefined
  if (name === undefined || value === undefined) return false
  walk.facts.onRelation('read', view)
  walk.facts.mention()
  walk.facts.usesOperator('=')
  walk.facts.usesFunction('set_config')
  // Of another relation by that name, the condition might hold for any name.
  if (view.schema === undefined) walk.facts.catalogsOwn(view.name)
  walk.facts.access(settingAccess(name, value))
  return true
}

const isName = (node: Node | undefined) =>
  node !== undefined && 'ColumnRef' in node && strings(node.ColumnRef.fields).join('.') === 'name'

function nameOf(condition: Node | undefined): string | undefined {
  if (condition === undefined || !('A_Expr' in condition)) return undefined
  const { kind, name, lexpr, rexpr } = condition.A_Expr
  const isEqual = kind === 'AEXPR_OP' && strings(name).join('.') === '='
  return isEqual && isName(lexpr) && rexpr !== undefined && 'A_Const' in rexpr
    ? constantText(rexpr)
    : undefined
}

function newValue(call: Node | undefined): string | undefined {
  if (call === undefined || !('FuncCall' in call)) return undefined
  const { funcname, args = [] } = call.FuncCall
  const plain = Object.keys(call.FuncCall).every((key) =>
    ['funcname', 'args', 'funcformat', 'location'].includes(key),
  )
  const [name, value, local] = args
  const isCall = plain && ['set_config', 'pg_catalog.set_config'].includes(strings(funcname).join('.'))
  if (!isCall || args.length !== 3 || !isName(name) || constantText(local) === undefined) return undefined
  return value !== undefined && 'A_Const' in value ? constantText(value) : undefined
}
