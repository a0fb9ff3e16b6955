// Handlers for statements about the session: settings, transactions, prepared statements, cursors, notifications.
import type { Node } from 'libpg-query'
import { type Access, NO_NAMES, type StatementFacts } from '../../core/facts.ts'
import { ownType } from './expressions.ts'
import { visitFunction } from './functions.ts'
import { constantText, rangeName, strings } from './names.ts'
import type { Body } from './nodes.ts'
import { SNAPSHOT_SETTING, settingAccess } from './settings.ts'
import type { Walk } from './walk.ts'

/** Takes over what another statement does, as it is or changed. */
function absorb(facts: StatementFacts, walk: Walk, change?: (access: Access) => Access | undefined): void {
  for (const access of facts.accesses) {
    const changed = change === undefined ? access : change(access)
    if (changed !== undefined) walk.facts.access(changed)
  }
  if (change === undefined) for (const one of facts.reassigned ?? []) walk.facts.reassign(one)
  for (const reference of facts.references) walk.facts.reference(reference)
  const { functions, operators, types, catalogs = [] } = facts.uses ?? NO_NAMES
  for (const name of functions) walk.facts.usesFunction(name)
  for (const name of operators) walk.facts.usesOperator(name)
  for (const type of types) walk.facts.usesType(type)
  for (const name of catalogs) walk.facts.catalogsOwn(name)
  if (facts.incomplete !== undefined) walk.facts.incomplete(facts.incomplete)
}

function set(body: Body<'VariableSetStmt'>, walk: Walk): string {
  // Back to what the login set: the values that Chaperone pins are among those, and a role is not touched.
  if (body.kind === 'VAR_RESET_ALL') return 'RESET'
  const command = body.kind === 'VAR_RESET' ? 'RESET' : 'SET'
  if (body.kind === 'VAR_SET_MULTI') transactionModes(body.args, walk)
  else walk.facts.access(settingAccess(body.name ?? '', singleValue(body)))
  return command
}

function singleValue(body: Body<'VariableSetStmt'>): string | undefined {
  return body.args?.length === 1 ? constantText(body.args[0]) : undefined
}

/** Modes of SET TRANSACTION and BEGIN: settings by another name, so READ WRITE undoes default_transaction_read_only. */
function transactionModes(modes: Body<'TransactionStmt'>['options'], walk: Walk): void {
  for (const mode of modes ?? []) {
    if ('DefElem' in mode)
      walk.facts.access(settingAccess(mode.DefElem.defname ?? '', constantText(mode.DefElem.arg)))
    // SET TRANSACTION SNAPSHOT is one string
    else if ('A_Const' in mode) walk.facts.access(settingAccess(SNAPSHOT_SETTING))
    else walk.visit(mode)
  }
}

const TRANSACTION: Readonly<Record<string, string>> = {
  TRANS_STMT_BEGIN: 'BEGIN',
  TRANS_STMT_START: 'START TRANSACTION',
  TRANS_STMT_COMMIT: 'COMMIT',
  TRANS_STMT_ROLLBACK: 'ROLLBACK',
  TRANS_STMT_SAVEPOINT: 'SAVEPOINT',
  TRANS_STMT_RELEASE: 'RELEASE',
  TRANS_STMT_ROLLBACK_TO: 'ROLLBACK',
  TRANS_STMT_PREPARE: 'PREPARE TRANSACTION',
  TRANS_STMT_COMMIT_PREPARED: 'COMMIT PREPARED',
  TRANS_STMT_ROLLBACK_PREPARED: 'ROLLBACK PREPARED',
}

const PREPARED: ReadonlySet<string> = new Set([
  'TRANS_STMT_PREPARE',
  'TRANS_STMT_COMMIT_PREPARED',
  'TRANS_STMT_ROLLBACK_PREPARED',
])

function transaction(body: Body<'TransactionStmt'>, walk: Walk): string {
  transactionModes(body.options, walk)
  const command = TRANSACTION[body.kind ?? '']
  // The transaction can be another session's: whoever has the same login may end it. One that is prepared keeps its locks
  // when its session is over, and until somebody ends it.
  if (PREPARED.has(body.kind ?? '')) {
    walk.facts.onObject('backend-signal', body.gid ?? '*', 'prepared transaction')
  }
  if (command === undefined) walk.facts.incomplete(`analysis does not know ${body.kind}`)
  return command ?? 'TRANSACTION'
}

/** Judged as though it ran: what was prepared without a question could be executed without one. */
function prepare(body: Body<'PrepareStmt'>, walk: Walk): string {
  if (body.query === undefined) return 'PREPARE'
  const facts = withParameters(walk.separately(body.query), body.argtypes)
  absorb(facts, walk)
  walk.facts.change({ kind: 'prepare', name: body.name ?? '', facts })
  return 'PREPARE'
}

/** EXECUTE makes its values those of the types that PREPARE gave. */
function withParameters(facts: StatementFacts, types: readonly Node[] = []): StatementFacts {
  const own = types.flatMap((node) => ('TypeName' in node ? (ownType(node.TypeName) ?? []) : []))
  if (own.length === 0) return facts
  const uses = facts.uses ?? NO_NAMES
  return { ...facts, uses: { ...uses, types: [...uses.types, ...own] } }
}

function execute(body: Body<'ExecuteStmt'>, walk: Walk): string {
  walk.facts.reference({ kind: 'prepared', name: body.name ?? '' })
  walk.visitAll(body.params)
  return 'EXECUTE'
}

function deallocate(body: Body<'DeallocateStmt'>, walk: Walk): string {
  const { name } = body
  walk.facts.change({ kind: 'deallocate', ...(name !== undefined && body.isall !== true && { name }) })
  return 'DEALLOCATE'
}

function declare(body: Body<'DeclareCursorStmt'>, walk: Walk): string {
  if (body.query === undefined) return 'DECLARE CURSOR'
  const facts = walk.separately(body.query)
  absorb(facts, walk)
  walk.facts.change({ kind: 'declare-cursor', name: body.portalname ?? '', facts })
  return 'DECLARE CURSOR'
}

function fetch(body: Body<'FetchStmt'>, walk: Walk): string {
  walk.facts.reference({ kind: 'cursor', name: body.portalname ?? '' })
  return body.ismove === true ? 'MOVE' : 'FETCH'
}

function discard(body: Body<'DiscardStmt'>, walk: Walk): string {
  if (body.target === 'DISCARD_ALL') walk.facts.change({ kind: 'discard-all' })
  return `DISCARD ${(body.target ?? '').replace('DISCARD_', '')}`
}

/** Effects on relations that a plan alone does not have. */
const PLANNED_ONLY: ReadonlySet<string> = new Set([
  'insert',
  'update',
  'delete',
  'truncate',
  'lock',
  'maintenance',
])

/** Without ANALYZE nothing runs, but names and values are looked up: what would be written is read. */
function planned(access: Access): Access | undefined {
  if (access.relation === undefined) return access
  if (access.effect === 'create') return undefined
  return PLANNED_ONLY.has(access.effect) ? { effect: 'read', relation: access.relation } : access
}

const NO: ReadonlySet<string> = new Set(['false', 'off', '0'])

/** Any ANALYZE that is not clearly off counts: a later option may win over an earlier one. */
function runsPlan(options: Body<'ExplainStmt'>['options']): boolean {
  return (options ?? []).some(
    (option) =>
      'DefElem' in option &&
      ['analyze', 'analyse'].includes(option.DefElem.defname?.toLowerCase() ?? '') &&
      !NO.has(optionText(option.DefElem.arg)),
  )
}

function optionText(node: Body<'DefElem'>['arg']): string {
  if (node !== undefined && 'Integer' in node) return String(node.Integer.ival ?? 0)
  return (constantText(node) ?? 'true').toLowerCase()
}

function explain(body: Body<'ExplainStmt'>, walk: Walk): string {
  if (body.query === undefined) return 'EXPLAIN'
  const facts = walk.separately(body.query)
  const runs = runsPlan(body.options)
  absorb(facts, walk, runs ? undefined : planned)
  if (!runs)
    for (const access of facts.accesses) if (PLANNED_ONLY.has(access.effect)) walk.facts.planned(access)
  return 'EXPLAIN'
}

function anonymousBlock(body: Body<'DoStmt'>, walk: Walk): string {
  const language = (body.args ?? []).flatMap((arg) =>
    'DefElem' in arg && arg.DefElem.defname === 'language' ? [constantText(arg.DefElem.arg) ?? ''] : [],
  )
  walk.facts.onObject('do', language[0] ?? 'plpgsql')
  return 'DO'
}

function callProcedure(body: Body<'CallStmt'>, walk: Walk): string {
  const call = body.funccall
  if (call === undefined) return 'CALL'
  visitFunction(strings(call.funcname), call.args ?? [], walk, 'procedure')
  walk.children('FuncCall', call, ['funcname'])
  return 'CALL'
}

function lockTables(body: Body<'LockStmt'>, walk: Walk): string {
  for (const node of body.relations ?? []) {
    if ('RangeVar' in node) walk.facts.onRelation('lock', rangeName(node.RangeVar))
    else walk.visit(node)
  }
  return 'LOCK TABLE'
}

export const sessionStatements = {
  VariableSetStmt: set,
  VariableShowStmt: () => 'SHOW',
  TransactionStmt: transaction,
  PrepareStmt: prepare,
  ExecuteStmt: execute,
  DeallocateStmt: deallocate,
  DeclareCursorStmt: declare,
  ClosePortalStmt: () => 'CLOSE CURSOR',
  FetchStmt: fetch,
  DiscardStmt: discard,
  ExplainStmt: explain,
  DoStmt: anonymousBlock,
  CallStmt: callProcedure,
  LockStmt: lockTables,
  ConstraintsSetStmt: () => 'SET CONSTRAINTS',
  ListenStmt: (body: Body<'ListenStmt'>, walk: Walk) => {
    walk.facts.onObject('listen', body.conditionname ?? '')
    return 'LISTEN'
  },
  UnlistenStmt: () => 'UNLISTEN',
  NotifyStmt: (body: Body<'NotifyStmt'>, walk: Walk) => {
    walk.facts.onObject('notify', body.conditionname ?? '')
    return 'NOTIFY'
  },
}
