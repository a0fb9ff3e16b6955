// What the outputs of SELECT, VALUES and of changes with RETURNING depend on, and what their clauses do with columns.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import { change } from './changes.ts'
import type { Reading } from './expressions.ts'
import { enterFrom } from './from.ts'
import { type Deps, NOTHING, union } from './mentions.ts'
import { type Cte, childScope, type Output, type Scope } from './scope.ts'

/** The outputs of any statement that gives rows. */
export function readQuery(node: Node | undefined, scope: Scope, reading: Reading): readonly Output[] {
  if (node === undefined) return []
  reading.step()
  if ('SelectStmt' in node) return select(node.SelectStmt, scope, reading)
  return (
    change(node, scope, reading) ?? [{ name: undefined, deps: reading.value(node, scope), direct: false }]
  )
}

/** The same order as in the walk: each sees those before it, with RECURSIVE all. */
export function enterWith(
  clause: Body<'WithClause'> | undefined,
  parent: Scope | undefined,
  reading: Reading,
): Scope {
  if (clause === undefined) return childScope(parent)
  const expressions = (clause.ctes ?? []).flatMap((node) =>
    'CommonTableExpr' in node ? [node.CommonTableExpr] : [],
  )
  const recursive = clause.recursive === true ? recursiveDeps(expressions, parent, reading) : undefined
  let ctes = new Map<string, Cte>(parent?.ctes)
  if (recursive) for (const { ctename = '' } of expressions) ctes.set(ctename, { deps: recursive })
  for (const expression of expressions) {
    const outputs = cte(expression, childScope(parent, ctes), reading)
    ctes = new Map(ctes).set(expression.ctename ?? '', { outputs })
  }
  return childScope(parent, ctes)
}

/** What any of them depends on: read once without one another, which finds all that does not come from themselves. */
function recursiveDeps(
  expressions: readonly Body<'CommonTableExpr'>[],
  parent: Scope | undefined,
  reading: Reading,
): Deps {
  const ctes = new Map<string, Cte>(parent?.ctes)
  for (const { ctename = '' } of expressions) ctes.set(ctename, { deps: NOTHING })
  const found = expressions.map((expression) =>
    everything(cte(expression, childScope(parent, ctes), reading), reading),
  )
  return union(...found)
}

function cte(body: Body<'CommonTableExpr'>, scope: Scope, reading: Reading): readonly Output[] {
  const outputs = readQuery(body.ctequery, scope, reading)
  const { search_clause, cycle_clause } = body
  // SEARCH and CYCLE compare rows, and add columns made of them.
  if (search_clause !== undefined || cycle_clause !== undefined) {
    const deps = union(everything(outputs, reading), reading.value(cycle_clause, scope))
    reading.mentions.use(deps, 'predicate')
    return [{ name: undefined, deps, direct: false }]
  }
  return renamed(outputs, strings(body.aliascolnames), reading)
}

function renamed(outputs: readonly Output[], names: readonly string[], reading: Reading): readonly Output[] {
  if (names.length === 0) return outputs
  if (outputs.some((output) => output.star !== undefined)) {
    return [{ name: undefined, deps: everything(outputs, reading), direct: false }]
  }
  return outputs.map((output, index) => ({ ...output, name: names[index] ?? output.name }))
}

/** What all the outputs depend on. */
export function everything(outputs: readonly Output[], { resolver }: Reading): Deps {
  return union(...outputs.map(({ star, deps }) => (star === undefined ? deps : resolver.rowsOf(star))))
}

function select(body: Body<'SelectStmt'>, parent: Scope, reading: Reading): readonly Output[] {
  const scope = enterWith(body.withClause, parent, reading)
  const outputs = outputsOf(body, scope, reading)
  const { mentions } = reading
  const ordered = (nodes: readonly Node[] | undefined) =>
    union(...(nodes ?? []).map((node) => orderedBy(node, outputs, scope, reading)))
  mentions.use(ordered(body.sortClause), 'sort')
  mentions.use(ordered(body.groupClause), 'group')
  // DISTINCT without ON is a list of one node without fields.
  const distinct = (body.distinctClause ?? []).filter((node) => Object.keys(node).length > 0)
  mentions.use(ordered(distinct), 'group')
  const whole = (body.distinctClause ?? []).length > 0 && distinct.length === 0
  if (whole || body.groupDistinct === true) mentions.use(everything(outputs, reading), 'group')
  const conditions = [body.whereClause, body.havingClause, body.limitCount, body.limitOffset]
  mentions.use(reading.value(conditions, scope), 'predicate')
  reading.value(body.windowClause, scope)
  return outputs
}

function outputsOf(body: Body<'SelectStmt'>, scope: Scope, reading: Reading): readonly Output[] {
  if (body.op !== undefined && body.op !== 'SETOP_NONE') return setOperation(body, scope, reading)
  for (const item of body.fromClause ?? []) enterFrom(item, scope, reading)
  if (body.valuesLists !== undefined) return values(body.valuesLists, scope, reading)
  return targets(body.targetList, scope, reading)
}

function setOperation(body: Body<'SelectStmt'>, scope: Scope, reading: Reading): readonly Output[] {
  const arms = [body.larg, body.rarg].map((arm) =>
    arm === undefined ? [] : select(arm, childScope(scope), reading),
  )
  const all = union(...arms.map((outputs) => everything(outputs, reading)))
  if (body.op !== 'SETOP_UNION' || body.all !== true) reading.mentions.use(all, 'compare')
  const [left = [], right = []] = arms
  const paired = left.length === right.length && ![...left, ...right].some(({ star }) => star !== undefined)
  if (!paired) return [{ name: undefined, deps: all, direct: false }]
  return left.map((output, index) => ({
    name: output.name,
    deps: union(output.deps, right[index]?.deps ?? NOTHING),
    // Their values have no column as their origin any more.
    direct: false,
  }))
}

function values(rows: readonly Node[], scope: Scope, reading: Reading): readonly Output[] {
  const columns: Deps[] = []
  for (const row of rows) {
    const items = 'List' in row ? (row.List.items ?? []) : [row]
    items.forEach((item, index) => {
      columns[index] = union(columns[index] ?? NOTHING, reading.value(item, scope))
    })
  }
  return columns.map((deps, index) => ({ name: `column${index + 1}`, deps, direct: false }))
}

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
    return { name: target.name ?? nameOf(target.val), deps, direct: isColumn }
  })
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
  if (alias === undefined) return [...scope.sources]
  const found = reading.resolver.starOf(alias, scope)
  if (found !== undefined) return found
  return [{ kind: 'open', alias, renames: [], deps: reading.resolver.qualified(alias, '*', scope) }]
}

/** The name that PostgreSQL gives to an entry without AS; undefined where this does not follow it. */
function nameOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined
  if ('ColumnRef' in node) return strings(node.ColumnRef.fields).at(-1)
  if ('FuncCall' in node) return strings(node.FuncCall.funcname).at(-1)
  return undefined
}

/** A plain name may be an output's, a whole number is an output's place. */
function orderedBy(node: Node, outputs: readonly Output[], scope: Scope, reading: Reading): Deps {
  const item = 'SortBy' in node ? node.SortBy.node : node
  if (item === undefined) return NOTHING
  if ('GroupingSet' in item) {
    return union(...(item.GroupingSet.content ?? []).map((one) => orderedBy(one, outputs, scope, reading)))
  }
  const read = reading.value(item, scope)
  if ('ColumnRef' in item) {
    const names = strings(item.ColumnRef.fields)
    return names.length === 1 ? union(read, reading.resolver.outputs(outputs, names[0] ?? '')) : read
  }
  if ('A_Const' in item && item.A_Const.ival !== undefined) {
    const place = (item.A_Const.ival.ival ?? 0) - 1
    const shifted = outputs.slice(0, place + 1).some(({ star }) => star !== undefined)
    return shifted ? everything(outputs, reading) : (outputs[place]?.deps ?? NOTHING)
  }
  return read
}
