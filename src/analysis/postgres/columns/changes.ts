// INSERT, UPDATE, DELETE and MERGE: columns that are written, what flows into them, and what decides on it.
import type { Node } from 'libpg-query'
import type { RelationName } from '../../../core/facts.ts'
import { rangeName } from '../names.ts'
import type { Body } from '../nodes.ts'
import type { Reading } from './expressions.ts'
import { enterFrom } from './from.ts'
import { type Deps, NOTHING } from './mentions.ts'
import type { Output, Scope } from './scope.ts'
import { targets } from './targets.ts'
import { enterWith, everything } from './with.ts'

/** What RETURNING gives; undefined for any other statement. */
export function change(node: Node, scope: Scope, reading: Reading): readonly Output[] | undefined {
  if ('InsertStmt' in node) return insert(node.InsertStmt, scope, reading)
  if ('UpdateStmt' in node) return update(node.UpdateStmt, scope, reading)
  if ('DeleteStmt' in node) return remove(node.DeleteStmt, scope, reading)
  if ('MergeStmt' in node) return merge(node.MergeStmt, scope, reading)
  return undefined
}

/** The target is never a common table expression. Its name stands for its row. */
function enterTarget(range: Body<'RangeVar'> | undefined, scope: Scope, ...aliases: string[]): RelationName {
  const relation = rangeName(range)
  for (const alias of [range?.alias?.aliasname ?? relation.name, ...aliases]) {
    scope.sources.push({ kind: 'relation', alias, renames: [], relation })
  }
  return relation
}

/** OLD and NEW, by these names or others, are rows of the target. */
function returning(
  clause: Body<'ReturningClause'> | undefined,
  relation: RelationName,
  scope: Scope,
  reading: Reading,
): readonly Output[] {
  const given = (clause?.options ?? []).flatMap((option) =>
    'ReturningOption' in option ? [option.ReturningOption.value ?? ''] : [],
  )
  const rows = ['old', 'new', ...given].map(
    (alias) => ({ kind: 'relation', alias, renames: [], relation }) as const,
  )
  return targets(clause?.exprs, { ...scope, sources: [...scope.sources, ...rows] }, reading)
}

const targetOf = (node: Node | undefined): string =>
  node !== undefined && 'ResTarget' in node ? (node.ResTarget.name ?? '*') : '*'

/** `a[1]`, `a.b` */
const isWithin = (node: Node): boolean => 'ResTarget' in node && (node.ResTarget.indirection ?? []).length > 0

/** SET lists and the columns of INSERT. @returns what they write */
function assign(
  list: readonly Node[] | undefined,
  relation: RelationName,
  scope: Scope,
  { mentions, value }: Reading,
): Deps {
  const written = new Set((list ?? []).map((node) => mentions.of(targetOf(node), relation)))
  mentions.use(written, 'written')
  // Into what is there: an element of a document that has none, or a field under a domain's condition, fails.
  const within = (list ?? []).filter(isWithin).map((node) => mentions.of(targetOf(node), relation))
  mentions.use(new Set(within), 'fallible')
  for (const node of list ?? []) mentions.store(value(node, scope), { relation, column: targetOf(node) })
  return written
}

/** What a query gives, to columns by their place, or by the names of what it gives where a relation is made of it. */
export function store(
  outputs: readonly Output[],
  columns: readonly (string | undefined)[],
  relation: RelationName,
  reading: Reading,
): void {
  // What a star stands for has no place.
  const placed = !outputs.some(({ star }) => star !== undefined)
  for (const [index, output] of outputs.entries()) {
    const column = (placed ? columns[index] : undefined) ?? '*'
    reading.mentions.store(everything([output], reading), { relation, column })
  }
}

function insert(body: Body<'InsertStmt'>, parent: Scope, reading: Reading): readonly Output[] {
  const { mentions } = reading
  const outer = enterWith(body.withClause, parent, reading)
  const outputs = reading.query(body.selectStmt, outer)
  store(outputs, (body.cols ?? []).map(targetOf), rangeName(body.relation), reading)
  const scope: Scope = { ...outer, sources: [] }
  const relation = enterTarget(body.relation, scope, 'excluded')
  const named = assign(body.cols, relation, scope, reading)
  // DEFAULT VALUES writes nothing that the client chooses.
  const every = () => (body.selectStmt === undefined ? NOTHING : new Set([mentions.of('*', relation)]))
  const written = named.size > 0 ? named : every()
  mentions.use(written, 'written')
  conflict(body.onConflictClause, written, relation, scope, reading)
  return returning(body.returningClause, relation, scope, reading)
}

/** Whether a row conflicts tells that its values exist. */
function conflict(
  clause: Body<'OnConflictClause'> | undefined,
  written: Deps,
  relation: RelationName,
  scope: Scope,
  reading: Reading,
): void {
  if (clause === undefined) return
  const { mentions, value } = reading
  const { indexElems, whereClause } = clause.infer ?? {}
  const inferred = (indexElems ?? []).flatMap((node) => {
    if (!('IndexElem' in node)) return []
    const { name, expr } = node.IndexElem
    return [name ? new Set([mentions.of(name, relation)]) : value(expr, scope)]
  })
  // Without columns, or by a constraint's name, any index may be the one: then what is written counts.
  mentions.use(mentions.union(...inferred, inferred.length > 0 ? NOTHING : written), 'predicate')
  mentions.use(value([whereClause, clause.whereClause], scope), 'predicate')
  assign(clause.targetList, relation, scope, reading)
}

function update(body: Body<'UpdateStmt'>, parent: Scope, reading: Reading): readonly Output[] {
  const scope = enterWith(body.withClause, parent, reading)
  const relation = enterTarget(body.relation, scope)
  for (const item of body.fromClause ?? []) enterFrom(item, scope, reading)
  assign(body.targetList, relation, scope, reading)
  reading.mentions.use(reading.value(body.whereClause, scope), 'predicate')
  return returning(body.returningClause, relation, scope, reading)
}

function remove(body: Body<'DeleteStmt'>, parent: Scope, reading: Reading): readonly Output[] {
  const scope = enterWith(body.withClause, parent, reading)
  const relation = enterTarget(body.relation, scope)
  for (const item of body.usingClause ?? []) enterFrom(item, scope, reading)
  reading.mentions.use(reading.value(body.whereClause, scope), 'predicate')
  return returning(body.returningClause, relation, scope, reading)
}

function merge(body: Body<'MergeStmt'>, parent: Scope, reading: Reading): readonly Output[] {
  const { mentions, value } = reading
  const scope = enterWith(body.withClause, parent, reading)
  const relation = enterTarget(body.relation, scope)
  enterFrom(body.sourceRelation, scope, reading)
  mentions.use(value(body.joinCondition, scope), 'predicate')
  for (const node of body.mergeWhenClauses ?? []) {
    if (!('MergeWhenClause' in node)) continue
    const { condition, targetList, values, commandType } = node.MergeWhenClause
    mentions.use(value(condition, scope), 'predicate')
    const named = assign(targetList, relation, scope, reading)
    for (const [index, node] of (values ?? []).entries())
      mentions.store(value(node, scope), { relation, column: targetOf(targetList?.[index]) })
    if (commandType === 'CMD_INSERT' && named.size === 0)
      mentions.use(new Set([mentions.of('*', relation)]), 'written')
  }
  return returning(body.returningClause, relation, scope, reading)
}
