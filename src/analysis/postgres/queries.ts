// Handlers for SELECT, VALUES, INSERT, UPDATE, DELETE and MERGE, with their common table expressions.

import type { Node } from 'libpg-query'
import type { RelationName } from '../../core/facts.ts'
import { copyRows } from './copy-rows.ts'
import { createdName, rangeName } from './names.ts'
import type { Body } from './nodes.ts'
import { setsByName } from './setting-by-name.ts'
import { isSettingsView } from './settings.ts'
import type { Walk } from './walk.ts'

/** Common table expressions of a WITH clause see those before them, with RECURSIVE all; the statement sees all. */
function enterWith(clause: Body<'WithClause'> | undefined, walk: Walk): Walk {
  const expressions = (clause?.ctes ?? []).flatMap((node) =>
    'CommonTableExpr' in node ? [node.CommonTableExpr] : [],
  )
  const names = expressions.map((expression) => expression.ctename ?? '')
  let scope = clause?.recursive === true ? walk.withCtes(names) : walk
  for (const expression of expressions) {
    scope.visit(expression.ctequery)
    scope.enter('CTECycleClause', expression.cycle_clause)
    if (clause?.recursive !== true) scope = scope.withCtes([expression.ctename ?? ''])
  }
  return scope
}

/** Only for completeness: every statement that may carry WITH calls enterWith itself. */
function withClause(body: Body<'WithClause'>, walk: Walk): void {
  enterWith(body, walk)
}

function select(body: Body<'SelectStmt'>, walk: Walk): string {
  if (setsByName(body, walk)) return 'SELECT'
  const scope = enterWith(body.withClause, walk)
  scope.enter('SelectStmt', body.larg)
  scope.enter('SelectStmt', body.rarg)
  scope.attributes.selectsFrom(body)
  scope.children('SelectStmt', body, ['withClause', 'larg', 'rarg', 'intoClause', 'lockingClause'])
  for (const clause of body.lockingClause ?? []) {
    if ('LockingClause' in clause) lockRows(clause.LockingClause, body, scope)
  }
  if (body.intoClause === undefined) return 'SELECT'
  scope.enter('IntoClause', body.intoClause)
  return 'SELECT INTO'
}

/** FOR UPDATE and its like lock the tables of FROM, or those that OF names by their name there. */
function lockRows(clause: Body<'LockingClause'>, body: Body<'SelectStmt'>, walk: Walk): void {
  const wanted = new Set(
    (clause.lockedRels ?? []).flatMap((node) => ('RangeVar' in node ? [node.RangeVar.relname ?? ''] : [])),
  )
  const tables = tablesOf(body.fromClause ?? [])
  const known = new Set(tables.map(({ alias }) => alias))
  // A name that is none of these is a subquery's: then any table in it may be meant.
  const all = wanted.size === 0 || [...wanted].some((name) => !known.has(name))
  for (const { alias, range } of tables) {
    const name = rangeName(range)
    const isTable = name.schema !== undefined || !walk.ctes.has(name.name)
    if (isTable && (all || wanted.has(alias))) walk.facts.onRelation('lock', name)
  }
}

interface TableInFrom {
  readonly alias: string
  readonly range: Body<'RangeVar'>
}

function tablesOf(from: readonly (Node | undefined)[]): TableInFrom[] {
  return from.flatMap((node) => {
    if (node === undefined) return []
    if ('RangeVar' in node) {
      const range = node.RangeVar
      return [{ alias: range.alias?.aliasname ?? range.relname ?? '', range }]
    }
    if ('JoinExpr' in node) return tablesOf([node.JoinExpr.larg, node.JoinExpr.rarg])
    if ('RangeTableSample' in node) return tablesOf([node.RangeTableSample.relation])
    if ('RangeSubselect' in node) {
      const query = node.RangeSubselect.subquery
      return query !== undefined && 'SelectStmt' in query ? tablesOf(query.SelectStmt.fromClause ?? []) : []
    }
    return []
  })
}

/** The target of a change is never a common table expression. Its name can stand for its whole row. */
function target(range: Body<'RangeVar'> | undefined, walk: Walk): ReturnType<typeof rangeName> {
  const name = rangeName(range)
  walk.facts.rangeName(range?.alias?.aliasname ?? name.name)
  return name
}

function insert(body: Body<'InsertStmt'>, walk: Walk): string {
  const scope = enterWith(body.withClause, walk)
  const name = target(body.relation, scope)
  scope.facts.onRelation('insert', name)
  scope.visit(body.selectStmt)
  const conflict = body.onConflictClause
  // A conflict tells that a row with these values exists, which PostgreSQL counts as reading as well.
  if (conflict !== undefined || body.returningClause !== undefined) scope.facts.onRelation('read', name)
  if (conflict?.action === 'ONCONFLICT_UPDATE') scope.facts.onRelation('update', name)
  if (conflict !== undefined) scope.children('OnConflictClause', conflict)
  for (const column of body.cols ?? [])
    if ('ResTarget' in column) scope.visitAll(column.ResTarget.indirection)
  scope.enter('ReturningClause', body.returningClause)
  return 'INSERT'
}

/** A change whose expressions mention columns reads its target, as PostgreSQL's own privileges have it. */
function reads(mentionsBefore: number, walk: Walk): boolean {
  return walk.facts.mentions() > mentionsBefore
}

/** INSERT … ON CONFLICT DO UPDATE is not among it: the server refuses to move a row by that. */
function reassign(targets: Body<'UpdateStmt'>['targetList'], relation: RelationName, walk: Walk): void {
  for (const node of targets ?? []) {
    const column = 'ResTarget' in node ? node.ResTarget.name : undefined
    walk.facts.reassign({ relation, column: column ?? '*' })
  }
}

function update(body: Body<'UpdateStmt'>, walk: Walk): string {
  const scope = enterWith(body.withClause, walk)
  const name = target(body.relation, scope)
  scope.facts.onRelation('update', name)
  reassign(body.targetList, name, scope)
  if (isSettingsView(name)) scope.facts.incomplete('it updates pg_settings')
  const before = scope.facts.mentions()
  scope.visitAll(body.targetList)
  scope.visitAll(body.fromClause)
  scope.visit(body.whereClause)
  scope.enter('ReturningClause', body.returningClause)
  if (reads(before, scope)) scope.facts.onRelation('read', name)
  return 'UPDATE'
}

function remove(body: Body<'DeleteStmt'>, walk: Walk): string {
  const scope = enterWith(body.withClause, walk)
  const name = target(body.relation, scope)
  scope.facts.onRelation('delete', name)
  const before = scope.facts.mentions()
  scope.visitAll(body.usingClause)
  scope.visit(body.whereClause)
  scope.enter('ReturningClause', body.returningClause)
  if (reads(before, scope)) scope.facts.onRelation('read', name)
  return 'DELETE'
}

const MERGE_EFFECTS = { CMD_INSERT: 'insert', CMD_UPDATE: 'update', CMD_DELETE: 'delete' } as const

function merge(body: Body<'MergeStmt'>, walk: Walk): string {
  const scope = enterWith(body.withClause, walk)
  const name = target(body.relation, scope)
  scope.facts.onRelation('read', name)
  scope.visit(body.sourceRelation)
  scope.visit(body.joinCondition)
  for (const clause of body.mergeWhenClauses ?? []) {
    if (!('MergeWhenClause' in clause)) continue
    const { commandType, condition, targetList, values } = clause.MergeWhenClause
    for (const [command, effect] of Object.entries(MERGE_EFFECTS)) {
      if (commandType === command) scope.facts.onRelation(effect, name)
    }
    if (commandType === 'CMD_UPDATE') reassign(targetList, name, scope)
    scope.visit(condition)
    scope.visitAll(targetList)
    scope.visitAll(values)
  }
  scope.enter('ReturningClause', body.returningClause)
  return 'MERGE'
}

function copy(body: Body<'CopyStmt'>, walk: Walk): string {
  const into = body.is_from === true
  const name = rangeName(body.relation)
  if (body.relation !== undefined) {
    walk.facts.onRelation(into ? 'insert' : 'read', name)
  }
  if (body.filename === undefined) {
    walk.facts.copy(into ? 'in' : 'out', into ? undefined : copyRows(body))
  } else {
    walk.facts.onObject(body.is_program === true ? 'server-program' : 'server-file', body.filename)
  }
  walk.visit(body.query)
  walk.visitAll(body.options)
  walk.visit(body.whereClause)
  return 'COPY'
}

export const queries = {
  SelectStmt: select,
  InsertStmt: insert,
  UpdateStmt: update,
  DeleteStmt: remove,
  MergeStmt: merge,
  CopyStmt: copy,
  WithClause: withClause,
  IntoClause: (body: Body<'IntoClause'>, walk: Walk): void =>
    walk.facts.onRelation('create', createdName(body.rel), 'table'),
  CommonTableExpr: (body: Body<'CommonTableExpr'>, walk: Walk) => walk.visit(body.ctequery),
  OnConflictClause: (body: Body<'OnConflictClause'>, walk: Walk): void =>
    walk.children('OnConflictClause', body),
  MergeWhenClause: (body: Body<'MergeWhenClause'>, walk: Walk): void =>
    walk.children('MergeWhenClause', body),
}
