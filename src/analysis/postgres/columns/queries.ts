// What the outputs of SELECT, VALUES and of changes with RETURNING depend on, and what their clauses do with columns.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import { change } from './changes.ts'
import type { Reading } from './expressions.ts'
import { enterFrom } from './from.ts'
import { anyOf, type Kind } from './kind.ts'
import { kindOf } from './kinds.ts'
import { type Deps, NOTHING } from './mentions.ts'
import { beside, type Part } from './operands.ts'
import { childScope, type Output, type Scope } from './scope.ts'
import { targets } from './targets.ts'
import { enterWith, everything } from './with.ts'

/** The outputs of any statement that gives rows. */
export function readQuery(node: Node | undefined, scope: Scope, reading: Reading): readonly Output[] {
  if (node === undefined) return []
  reading.work.spend(1)
  if ('SelectStmt' in node) return select(node.SelectStmt, scope, reading)
  return (
    change(node, scope, reading) ?? [{ name: undefined, deps: reading.value(node, scope), direct: false }]
  )
}

function select(body: Body<'SelectStmt'>, parent: Scope, reading: Reading): readonly Output[] {
  const scope = enterWith(body.withClause, parent, reading)
  const outputs = outputsOf(body, scope, reading)
  const { mentions } = reading
  const ordered = (nodes: readonly Node[] | undefined) =>
    mentions.union(...(nodes ?? []).map((node) => orderedBy(node, outputs, scope, reading)))
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
  const all = reading.mentions.union(...arms.map((outputs) => everything(outputs, reading)))
  if (body.op !== 'SETOP_UNION' || body.all !== true) reading.mentions.use(all, 'compare')
  const [left = [], right = []] = arms
  const paired = left.length === right.length && ![...left, ...right].some(({ star }) => star !== undefined)
  if (!paired) {
    const kinds = arms.map((outputs) => kindOfAll(outputs, reading))
    beside(
      arms.map((outputs, n) => ({ deps: everything(outputs, reading), kind: kinds[n] ?? 'open' })),
      reading,
    )
    return [{ name: undefined, deps: all, kind: anyOf(kinds), direct: false }]
  }
  return left.map((output, index) => {
    const parts = [output, right[index]].map((one) => ({
      deps: one?.deps ?? NOTHING,
      kind: one?.kind ?? 'open',
    }))
    beside(parts, reading)
    return {
      name: output.name,
      deps: reading.mentions.union(...parts.map(({ deps }) => deps)),
      kind: anyOf(parts.map(({ kind }) => kind)),
      // Their values have no column as their origin any more.
      direct: false,
    }
  })
}

const kindOfAll = (outputs: readonly Output[], { resolver }: Reading): Kind =>
  anyOf(outputs.map(({ star, kind = 'open' }) => (star === undefined ? kind : resolver.kindOfRows(star))))

function values(rows: readonly Node[], scope: Scope, reading: Reading): readonly Output[] {
  const columns: Part[][] = []
  for (const row of rows) {
    const items = 'List' in row ? (row.List.items ?? []) : [row]
    items.forEach((item, index) => {
      const part = { deps: reading.value(item, scope), kind: kindOf(item, scope, reading) }
      const column = columns[index]
      if (column === undefined) columns[index] = [part]
      else column.push(part)
    })
  }
  return columns.map((parts, index) => {
    beside(parts, reading)
    const deps = reading.mentions.union(...parts.map((part) => part.deps))
    return {
      name: `column${index + 1}`,
      deps,
      kind: anyOf(parts.map(({ kind }) => kind)),
      direct: false,
    }
  })
}

/** A plain name may be an output's, a whole number is an output's place. */
function orderedBy(node: Node, outputs: readonly Output[], scope: Scope, reading: Reading): Deps {
  const item = 'SortBy' in node ? node.SortBy.node : node
  if (item === undefined) return NOTHING
  const parts = listed(item)
  if (parts !== undefined)
    return reading.mentions.union(...parts.map((one) => orderedBy(one, outputs, scope, reading)))
  const read = reading.value(item, scope)
  if ('ColumnRef' in item) {
    const names = strings(item.ColumnRef.fields)
    return names.length === 1
      ? reading.mentions.union(read, reading.resolver.outputs(outputs, names[0] ?? ''))
      : read
  }
  if ('A_Const' in item && item.A_Const.ival !== undefined) {
    const place = (item.A_Const.ival.ival ?? 0) - 1
    reading.work.spend(outputs.length)
    const shifted = outputs.slice(0, place + 1).some(({ star }) => star !== undefined)
    const output = shifted ? undefined : outputs[place]
    // Arms with stars, and what cannot be told, are one output that stands for all.
    return output?.deps ?? everything(outputs, reading)
  }
  return read
}

/** GROUP BY takes what is in a set, and in a row without the word ROW, as though it stood there by itself. */
function listed(item: Node): readonly Node[] | undefined {
  if ('GroupingSet' in item) return item.GroupingSet.content ?? []
  return 'RowExpr' in item ? (item.RowExpr.args ?? []) : undefined
}
