// Common table expressions: what a reference to one depends on, also where it refers to itself.
import { strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Reading } from './expressions.ts'
import { type Deps, NOTHING } from './mentions.ts'
import { type Cte, childScope, type Output, type Scope } from './scope.ts'

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
    reading.work.spend(ctes.size)
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
  return reading.mentions.union(...found)
}

function cte(body: Body<'CommonTableExpr'>, scope: Scope, reading: Reading): readonly Output[] {
  const outputs = reading.query(body.ctequery, scope)
  const { search_clause, cycle_clause } = body
  // SEARCH and CYCLE compare rows, and add columns made of them.
  if (search_clause !== undefined || cycle_clause !== undefined) {
    const deps = reading.mentions.union(everything(outputs, reading), reading.value(cycle_clause, scope))
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
export function everything(outputs: readonly Output[], { resolver, mentions }: Reading): Deps {
  return mentions.union(
    ...outputs.map(({ star, deps }) => (star === undefined ? deps : resolver.rowsOf(star))),
  )
}
