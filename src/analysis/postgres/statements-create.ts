// Handlers for statements that make objects.
import type { Node } from 'libpg-query'
import { visitCode, visitDefinition } from './functions.ts'
import { createdName, dotted, EVERY_RELATION, nameParts, rangeName, strings } from './names.ts'
import type { Body } from './nodes.ts'
import { objectWord, ownedBy } from './objects.ts'
import { schemaElements, schemaName } from './schema-elements.ts'
import { isSettingsView } from './settings.ts'
import type { Handler, Walk } from './walk.ts'

function table(body: Body<'CreateStmt'>, walk: Walk): string {
  walk.facts.onRelation('create', createdName(body.relation), 'table')
  // A new partition or child changes what whoever reads the parent gets.
  for (const parent of body.inhRelations ?? []) {
    if ('RangeVar' in parent) walk.facts.onRelation('alter', rangeName(parent.RangeVar), 'table')
  }
  walk.children('CreateStmt', body, ['relation'])
  return 'CREATE TABLE'
}

function foreignTable(body: Body<'CreateForeignTableStmt'>, walk: Walk): string {
  walk.enter('CreateStmt', body.base)
  walk.facts.onObject('remote', body.servername ?? '', 'foreign server')
  return 'CREATE FOREIGN TABLE'
}

function tableAs(body: Body<'CreateTableAsStmt'>, walk: Walk): string {
  const word = objectWord(body.objtype)
  walk.facts.onRelation('create', createdName(body.into?.rel), word)
  walk.visit(body.query)
  return word === 'table' ? 'CREATE TABLE AS' : `CREATE ${word.toUpperCase()}`
}

function view(body: Body<'ViewStmt'>, walk: Walk): string {
  const name = createdName(body.view)
  walk.facts.onRelation('create', name, 'view')
  // OR REPLACE changes what is there, also for whoever relies on it; a temporary one is the session's own.
  if (body.replace === true && name.schema !== 'pg_temp') walk.facts.onRelation('alter', name, 'view')
  walk.visit(body.query)
  // UPDATE of the view would set what its rows say.
  if (walk.facts.touches(isSettingsView)) walk.facts.incomplete('it makes a view of pg_settings')
  return 'CREATE VIEW'
}

function index(body: Body<'IndexStmt'>, walk: Walk): string {
  walk.facts.onRelation('create', rangeName(body.relation), 'index')
  walk.children('IndexStmt', body, ['relation', 'excludeOpNames'])
  return 'CREATE INDEX'
}

function sequence(body: Body<'CreateSeqStmt'>, walk: Walk): string {
  walk.facts.onRelation('create', createdName(body.sequence), 'sequence')
  ownedBy(body.options, walk)
  return 'CREATE SEQUENCE'
}

function schema(body: Body<'CreateSchemaStmt'>, walk: Walk): string {
  walk.facts.onObject('create', body.schemaname ?? body.authrole?.rolename ?? '', 'schema')
  if (body.authrole !== undefined) walk.facts.onObject('grant', body.authrole.rolename ?? '', 'role')
  const elements = schemaElements(body)
  if (elements.length > 0 && schemaName(body) === undefined)
    walk.facts.incomplete('it makes objects in a schema that it does not name')
  walk.visitAll(elements)
  return 'CREATE SCHEMA'
}

/** The function that something will call later, on behalf of whoever touches the relation or fires the event. */
function willCall(parts: readonly string[], walk: Walk): void {
  if (parts.length > 0) visitCode(parts, 'function', walk)
}

function trigger(body: Body<'CreateTrigStmt'>, walk: Walk): string {
  walk.facts.onRelation('create', rangeName(body.relation), 'trigger')
  if (body.replace === true) walk.facts.onRelation('alter', rangeName(body.relation), 'trigger')
  // FROM of a constraint trigger: the other table of a foreign key made by hand
  if (body.constrrel !== undefined) walk.facts.onRelation('read', rangeName(body.constrrel))
  willCall(strings(body.funcname), walk)
  walk.visit(body.whenClause)
  return 'CREATE TRIGGER'
}

function eventTrigger(body: Body<'CreateEventTrigStmt'>, walk: Walk): string {
  walk.facts.onObject('create', body.trigname ?? '', 'event trigger')
  willCall(strings(body.funcname), walk)
  return 'CREATE EVENT TRIGGER'
}

/** Its actions count as though they ran. */
function rule(body: Body<'RuleStmt'>, walk: Walk): string {
  walk.facts.onRelation('create', rangeName(body.relation), 'rule')
  if (body.replace === true) walk.facts.onRelation('alter', rangeName(body.relation), 'rule')
  walk.visit(body.whereClause)
  walk.visitAll(body.actions)
  return 'CREATE RULE'
}

/** Types of columns by the names that the grammar leaves as they are; the others it puts under pg_catalog. */
const SCALARS: ReadonlySet<string> = new Set([
  ...[
    'text',
    'name',
    'uuid',
    'json',
    'jsonb',
    'bytea',
    'date',
    'money',
    'xml',
    'inet',
    'cidr',
    'macaddr',
    'oid',
  ],
  ...['int2', 'int4', 'int8', 'float4', 'float8', 'bool', 'citext', 'tsvector', 'tsquery', 'regclass'],
])

/** A function of one row is called by `row.function` too, which looks like a column (PostgreSQL 4.2.6). */
function looksLikeColumn(body: Body<'CreateFunctionStmt'>): boolean {
  const inputs = (body.parameters ?? []).flatMap((node) =>
    'FunctionParameter' in node && !OUTPUTS.has(node.FunctionParameter.mode ?? '')
      ? [node.FunctionParameter]
      : [],
  )
  const needed = inputs.filter((parameter) => parameter.defexpr === undefined)
  if (body.is_procedure === true || inputs.length === 0 || needed.length > 1) return false
  const type = strings(inputs[0]?.argType?.names)
  return type[0] !== 'pg_catalog' && !SCALARS.has(type.at(-1) ?? '')
}

const OUTPUTS: ReadonlySet<string> = new Set(['FUNC_PARAM_OUT', 'FUNC_PARAM_TABLE'])

/** A function in C is loaded from a file of the server, whose code runs there and then (_PG_init). */
function loadedLibrary(options: readonly Node[] | undefined, walk: Walk): void {
  const given = new Map(
    (options ?? []).flatMap((node) =>
      'DefElem' in node ? [[node.DefElem.defname ?? '', nameParts(node.DefElem.arg)] as const] : [],
    ),
  )
  if (given.get('language')?.at(-1)?.toLowerCase() !== 'c') return
  walk.facts.onObject('server-file', given.get('as')?.[0] ?? '*')
}

/** The body as a string stays unread: whoever calls the function needs leave to call it. */
function routine(body: Body<'CreateFunctionStmt'>, walk: Walk): string {
  const name = strings(body.funcname)
  const word = body.is_procedure === true ? 'procedure' : 'function'
  walk.facts.onObject('create', dotted(name), word)
  // Triggers, defaults and views that call it run the new body.
  if (body.replace === true) walk.facts.onObject('alter', dotted(name), word)
  visitDefinition(name, walk)
  if (looksLikeColumn(body)) willCall(name, walk)
  loadedLibrary(body.options, walk)
  walk.visitAll(body.parameters)
  walk.visit(body.sql_body)
  return `CREATE ${word.toUpperCase()}`
}

function define(body: Body<'DefineStmt'>, walk: Walk): string {
  const word = objectWord(body.kind)
  const name = (body.defnames ?? []).flatMap(nameParts)
  walk.facts.onObject('create', dotted(name), word)
  if (body.replace === true) walk.facts.onObject('alter', dotted(name), word)
  visitDefinition(name, walk)
  walk.visitAll(body.args)
  return `CREATE ${word.toUpperCase()}`
}

function cast(body: Body<'CreateCastStmt'>, walk: Walk): string {
  const [from, to] = [body.sourcetype, body.targettype].map((type) => dotted(strings(type?.names)))
  walk.facts.onObject('create', `${from} as ${to}`, 'cast')
  if (body.func !== undefined) willCall(strings(body.func.objname), walk)
  return 'CREATE CAST'
}

function conversion(body: Body<'CreateConversionStmt'>, walk: Walk): string {
  walk.facts.onObject('create', dotted(strings(body.conversion_name)), 'conversion')
  willCall(strings(body.func_name), walk)
  return 'CREATE CONVERSION'
}

function tablespace(body: Body<'CreateTableSpaceStmt'>, walk: Walk): string {
  walk.facts.onObject('create', body.tablespacename ?? '', 'tablespace')
  walk.facts.onObject('server-file', body.location ?? '')
  return 'CREATE TABLESPACE'
}

function statistics(body: Body<'CreateStatsStmt'>, walk: Walk): string {
  walk.facts.onObject('create', dotted(strings(body.defnames)), 'statistics')
  for (const node of body.relations ?? []) {
    if ('RangeVar' in node) walk.facts.onRelation('create', rangeName(node.RangeVar), 'statistics')
  }
  walk.visitAll(body.exprs)
  walk.visitAll(body.relations)
  return 'CREATE STATISTICS'
}

/** A data object of another server, or the way to it. */
function remote<K extends 'CreateFdwStmt' | 'CreateForeignServerStmt' | 'CreateSubscriptionStmt'>(
  word: string,
  name: (body: Body<K>) => string | undefined,
): Handler<K> {
  return (body, walk) => {
    walk.facts.onObject('create', name(body) ?? '', word)
    walk.facts.onObject('remote', name(body) ?? '', word)
    return `CREATE ${word.toUpperCase()}`
  }
}

function publication(body: Body<'CreatePublicationStmt'>, walk: Walk): string {
  walk.facts.onObject('create', body.pubname ?? '', 'publication')
  walk.facts.onObject('remote', body.pubname ?? '', 'publication')
  walk.visitAll(body.pubobjects)
  if (body.for_all_tables === true) walk.facts.onRelation('read', EVERY_RELATION)
  return 'CREATE PUBLICATION'
}

function foreignSchema(body: Body<'ImportForeignSchemaStmt'>, walk: Walk): string {
  walk.facts.onRelation('create', { schema: body.local_schema ?? '*', name: '*' }, 'foreign table')
  walk.facts.onObject('remote', body.server_name ?? '', 'foreign server')
  return 'IMPORT FOREIGN SCHEMA'
}

/** Indexes on its ranges call these two, without a word of it in any statement. */
const RANGE_CODE: ReadonlySet<string> = new Set(['canonical', 'subtype_diff'])

function rangeType(body: Body<'CreateRangeStmt'>, walk: Walk): string {
  for (const node of body.params ?? []) {
    if ('DefElem' in node && RANGE_CODE.has(node.DefElem.defname ?? '')) {
      willCall(nameParts(node.DefElem.arg), walk)
    }
  }
  return typed('type', strings(body.typeName), walk)
}

/** A call with one constant looks for a type of that name before it converts the constant (PostgreSQL 10.3). */
function typed(
  word: 'type' | 'domain',
  parts: readonly string[],
  walk: Walk,
  inside?: readonly Node[],
): string {
  visitDefinition(parts, walk)
  return named(word, dotted(parts), walk, inside)
}

/** Made from its name alone. */
function named(word: string, name: string | undefined, walk: Walk, parts?: readonly Node[]): string {
  walk.facts.onObject('create', name ?? '', word)
  walk.visitAll(parts)
  return `CREATE ${word.toUpperCase()}`
}

export const createStatements = {
  CreateStmt: table,
  CreateForeignTableStmt: foreignTable,
  CreateTableAsStmt: tableAs,
  ViewStmt: view,
  IndexStmt: index,
  CreateSeqStmt: sequence,
  CreateSchemaStmt: schema,
  CreateTrigStmt: trigger,
  CreateEventTrigStmt: eventTrigger,
  RuleStmt: rule,
  CreateFunctionStmt: routine,
  DefineStmt: define,
  CreateCastStmt: cast,
  CreateConversionStmt: conversion,
  CreateTableSpaceStmt: tablespace,
  CreateStatsStmt: statistics,
  CreateFdwStmt: remote<'CreateFdwStmt'>('foreign data wrapper', (body) => body.fdwname),
  CreateForeignServerStmt: remote<'CreateForeignServerStmt'>('foreign server', (body) => body.servername),
  CreateSubscriptionStmt: remote<'CreateSubscriptionStmt'>('subscription', (body) => body.subname),
  CreatePublicationStmt: publication,
  ImportForeignSchemaStmt: foreignSchema,
  CreateDomainStmt: (body: Body<'CreateDomainStmt'>, walk: Walk) =>
    typed('domain', strings(body.domainname), walk, body.constraints),
  CompositeTypeStmt: (body: Body<'CompositeTypeStmt'>, walk: Walk) =>
    typed('type', nameParts(body.typevar && { RangeVar: body.typevar }), walk, body.coldeflist),
  CreateEnumStmt: (body: Body<'CreateEnumStmt'>, walk: Walk) => typed('type', strings(body.typeName), walk),
  CreateRangeStmt: (body: Body<'CreateRangeStmt'>, walk: Walk) => rangeType(body, walk),
  CreateExtensionStmt: (body: Body<'CreateExtensionStmt'>, walk: Walk) =>
    named('extension', body.extname, walk),
  CreateAmStmt: (body: Body<'CreateAmStmt'>, walk: Walk) => {
    willCall(strings(body.handler_name), walk)
    return named('access method', body.amname, walk)
  },
  CreatePLangStmt: (body: Body<'CreatePLangStmt'>, walk: Walk) => {
    willCall(strings(body.plhandler), walk)
    if (body.replace === true) walk.facts.onObject('alter', body.plname ?? '', 'language')
    return named('language', body.plname, walk)
  },
  CreateTransformStmt: (body: Body<'CreateTransformStmt'>, walk: Walk) => {
    if (body.replace === true) walk.facts.onObject('alter', body.lang ?? '', 'transform')
    willCall(strings(body.fromsql?.objname), walk)
    willCall(strings(body.tosql?.objname), walk)
    return named('transform', body.lang, walk)
  },
  CreateOpClassStmt: (body: Body<'CreateOpClassStmt'>, walk: Walk) =>
    named('operator class', dotted(strings(body.opclassname)), walk, body.items),
  CreateOpFamilyStmt: (body: Body<'CreateOpFamilyStmt'>, walk: Walk) =>
    named('operator family', dotted(strings(body.opfamilyname)), walk),
  CreatedbStmt: (body: Body<'CreatedbStmt'>, walk: Walk) => named('database', body.dbname, walk),
  LoadStmt: (body: Body<'LoadStmt'>, walk: Walk) => {
    walk.facts.onObject('server-file', body.filename ?? '')
    return 'LOAD'
  },
}
