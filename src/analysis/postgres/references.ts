// Handlers for names: of columns, and of what stands in FROM.
import { visitCode } from './functions.ts'
import { dotted, rangeName, strings } from './names.ts'
import type { Body } from './nodes.ts'
import type { Walk } from './walk.ts'

export function columnRef(body: Body<'ColumnRef'>, walk: Walk): void {
  const { fields = [] } = body
  const last = fields.at(-1)
  walk.facts.mention()
  if (last === undefined || !('String' in last)) return
  const name = last.String.sval ?? ''
  const [source] = strings(fields)
  if (fields.length === 2 && source !== undefined) walk.attributes.ofSource(source, name)
}

export function indirection(body: Body<'A_Indirection'>, walk: Walk): void {
  walk.visit(body.arg)
  let value = body.arg
  for (const step of body.indirection ?? []) {
    if ('String' in step) {
      const name = step.String.sval ?? ''
      walk.facts.mention()
      walk.attributes.ofValue(value, name)
    } else if ('A_Star' in step) walk.facts.mention()
    else walk.visit(step)
    value = undefined
  }
}

/** A relation that is read. Common table expressions are found before tables, but never under a schema. */
export function rangeVar(body: Body<'RangeVar'>, walk: Walk): void {
  const name = rangeName(body)
  walk.attributes.tableInFrom(body.alias?.aliasname ?? name.name)
  if (name.schema === undefined && walk.ctes.has(name.name)) return
  walk.facts.onRelation('read', name)
  walk.facts.rangeName(body.alias?.aliasname ?? name.name)
}

export function join(body: Body<'JoinExpr'>, walk: Walk): void {
  if (body.isNatural === true || body.usingClause !== undefined) {
    walk.facts.mention()
    walk.facts.usesOperator('=')
  }
  // The alias of a join stands for the rows of both sides.
  if (body.alias?.aliasname !== undefined) walk.facts.rangeName(body.alias.aliasname)
  walk.children('JoinExpr', body, ['usingClause', 'join_using_alias', 'alias'])
}

const SAMPLING: ReadonlySet<string> = new Set(['system', 'bernoulli'])

export function sample(body: Body<'RangeTableSample'>, walk: Walk): void {
  const method = strings(body.method)
  if (!SAMPLING.has(dotted(method).replace(/^pg_catalog\./, ''))) {
    visitCode(method, 'function', walk)
  }
  walk.children('RangeTableSample', body, ['method'])
}

export function rangeFunction(body: Body<'RangeFunction'>, walk: Walk): void {
  walk.attributes.functionInFrom(body)
  walk.children('RangeFunction', body)
}

export function rangeSubselect(body: Body<'RangeSubselect'>, walk: Walk): void {
  walk.attributes.subqueryInFrom(body)
  walk.children('RangeSubselect', body)
}

export function rangeTableFunc(body: Body<'RangeTableFunc'>, walk: Walk): void {
  walk.attributes.tableInFrom(body.alias?.aliasname ?? '')
  walk.children('RangeTableFunc', body)
}

export function jsonTable(body: Body<'JsonTable'>, walk: Walk): void {
  walk.attributes.tableInFrom(body.alias?.aliasname ?? '')
  walk.children('JsonTable', body)
}
