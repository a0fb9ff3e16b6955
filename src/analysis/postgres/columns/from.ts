// FROM items: what each stands for, and the columns that joining them compares.
import type { Node } from 'libpg-query'
import { rangeName, strings } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Reading } from './expressions.ts'
import type { Cte, Scope, Source } from './scope.ts'

/** Adds the item's sources to the scope, so that items after it, LATERAL or not, may name them. */
export function enterFrom(node: Node | undefined, scope: Scope, reading: Reading): readonly Source[] {
  const before = scope.sources.length
  reading.work.spend(1)
  if (node === undefined) return []
  if ('RangeVar' in node) scope.sources.push(table(node.RangeVar, scope))
  else if ('RangeSubselect' in node) {
    const { subquery, alias } = node.RangeSubselect
    scope.sources.push({ kind: 'derived', ...named(alias), outputs: reading.query(subquery, scope) })
  } else if ('JoinExpr' in node) join(node.JoinExpr, scope, reading)
  else if ('RangeTableSample' in node) {
    const { relation, args, repeatable } = node.RangeTableSample
    enterFrom(relation, scope, reading)
    reading.mentions.use(reading.value([args, repeatable], scope), 'predicate')
  } else open(node, scope, reading)
  return scope.sources.slice(before)
}

function named(alias: Body<'Alias'> | undefined): Pick<Source, 'alias' | 'renames'> {
  return { alias: alias?.aliasname, renames: strings(alias?.colnames) }
}

function table(range: Body<'RangeVar'>, scope: Scope): Source {
  const relation = rangeName(range)
  const own = { alias: range.alias?.aliasname ?? relation.name, renames: strings(range.alias?.colnames) }
  const cte: Cte | undefined = relation.schema === undefined ? scope.ctes.get(relation.name) : undefined
  if (cte === undefined) return { kind: 'relation', ...own, relation }
  return 'deps' in cte
    ? { kind: 'open', ...own, deps: cte.deps }
    : { kind: 'derived', ...own, outputs: cte.outputs }
}

/** A function's arguments say how many rows it gives. */
function open(node: Node, scope: Scope, reading: Reading): void {
  const deps = reading.value(node, scope)
  reading.mentions.use(deps, 'predicate')
  for (const body of Object.values(node)) {
    const alias: unknown =
      typeof body === 'object' && body !== null && 'alias' in body ? body.alias : undefined
    scope.sources.push({ kind: 'open', alias: aliasName(alias), renames: [], deps })
  }
}

/** Without an alias, a function's own name is one: `SELECT unnest FROM unnest(…)`; any name may mean its column. */
function aliasName(alias: unknown): string | undefined {
  if (typeof alias !== 'object' || alias === null || !('aliasname' in alias)) return undefined
  return typeof alias.aliasname === 'string' ? alias.aliasname : undefined
}

function join(body: Body<'JoinExpr'>, scope: Scope, reading: Reading): void {
  const { mentions, resolver } = reading
  const left = enterFrom(body.larg, scope, reading)
  const right = enterFrom(body.rarg, scope, reading)
  reading.work.spend(left.length + right.length)
  const both = [...left, ...right]
  // Every column that both sides share is compared.
  if (body.isNatural === true) mentions.use(resolver.rowsOf(both), 'predicate')
  for (const name of strings(body.usingClause)) mentions.use(resolver.columnOf(both, name), 'predicate')
  mentions.use(reading.value(body.quals, scope), 'predicate')
  for (const alias of [body.alias, body.join_using_alias]) {
    if (alias !== undefined) scope.sources.push({ kind: 'joined', ...named(alias), sources: both })
  }
}
