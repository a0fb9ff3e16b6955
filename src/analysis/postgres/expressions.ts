// Handlers for what occurs inside statements: expressions, FROM items, clauses, types.
import type { RelationName } from '../../core/facts.ts'
import { visitCode, visitFunction, visitOperator } from './functions.ts'
import { EVERY_RELATION, nameParts, rangeName, relationOf, strings } from './names.ts'
import type { Body, NodeTag } from './nodes.ts'
import {
  columnRef,
  indirection,
  join,
  jsonTable,
  rangeFunction,
  rangeSubselect,
  rangeTableFunc,
  rangeVar,
  sample,
} from './references.ts'
import type { Handler, Walk } from './walk.ts'

/** Nothing in it can have an effect or mention a column. */
const leaf = (): void => undefined

/** Its effects are those of its parts. */
function inner<K extends NodeTag>(tag: K): Handler<K> {
  return (body, walk) => walk.children(tag, body)
}

/** It never comes out of the grammar, only out of later stages of a server. */
function never<K extends NodeTag>(tag: K): Handler<K> {
  return (_body, walk) => walk.facts.incomplete(`analysis does not know ${tag}`)
}

/** Spelled by the grammar, not operators: BETWEEN and its variants carry their name in the operator's place. */
const SPELLED: ReadonlySet<string> = new Set([
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
])
/** What they are turned into, found by name like any operator. */
const BETWEEN = ['<', '<=', '>', '>=']

function expression(body: Body<'A_Expr'>, walk: Walk): void {
  if (SPELLED.has(body.kind ?? '')) for (const name of BETWEEN) visitOperator([name], walk)
  else visitOperator(strings(body.name), walk)
  walk.visit(body.lexpr)
  walk.visit(body.rexpr)
}

function call(body: Body<'FuncCall'>, walk: Walk): void {
  visitFunction(strings(body.funcname), body.args ?? [], walk)
  walk.children('FuncCall', body, ['funcname'])
}

/** OLD and NEW, by these names or others, are rows of the target. */
function returning(body: Body<'ReturningClause'>, walk: Walk): void {
  for (const name of ['old', 'new']) walk.facts.rangeName(name)
  for (const option of body.options ?? []) {
    if ('ReturningOption' in option) walk.facts.rangeName(option.ReturningOption.value ?? '')
  }
  walk.children('ReturningClause', body)
}

/** An element of an index, or of ON CONFLICT's inference: a column by name, or an expression. */
function indexElement(body: Body<'IndexElem'>, walk: Walk): void {
  if (body.name !== undefined && body.name !== '') walk.facts.mention()
  walk.visit(body.expr)
}

function objectWithArguments(body: Body<'ObjectWithArgs'>, walk: Walk): void {
  visitCode(nameParts({ ObjectWithArgs: body }), 'function', walk)
}

/** The name of a type that may be somebody's own. */
export function ownType(body: Body<'TypeName'>): RelationName | undefined {
  const parts = strings(body.names)
  return parts.length > 0 && parts[0] !== 'pg_catalog' ? relationOf(parts) : undefined
}

function typeName(body: Body<'TypeName'>, walk: Walk): void {
  const own = ownType(body)
  if (own !== undefined) walk.facts.usesType(own)
  walk.visitAll(body.typmods)
}

export const expressions = {
  // values and names
  Integer: leaf,
  Float: leaf,
  Boolean: leaf,
  String: leaf,
  BitString: leaf,
  A_Const: leaf,
  A_Star: leaf,
  Alias: leaf,
  ParamRef: leaf,
  SetToDefault: leaf,
  SQLValueFunction: leaf,
  MergeSupportFunc: leaf,
  RoleSpec: leaf,
  CollateClause: (body, walk) => walk.visit(body.arg),
  AccessPriv: leaf,
  JsonFormat: leaf,
  JsonReturning: leaf,
  JsonTablePath: leaf,
  CTESearchClause: leaf,
  CTECycleClause: inner('CTECycleClause'),
  ReplicaIdentityStmt: leaf,
  TriggerTransition: leaf,
  ReturningOption: leaf,
  List: inner('List'),
  ColumnRef: columnRef,
  A_Indirection: indirection,
  // expressions
  A_Expr: expression,
  A_Indices: inner('A_Indices'),
  A_ArrayExpr: inner('A_ArrayExpr'),
  BoolExpr: inner('BoolExpr'),
  BooleanTest: inner('BooleanTest'),
  CaseExpr: (body, walk) => {
    if (body.arg !== undefined) visitOperator(['='], walk)
    walk.children('CaseExpr', body)
  },
  CaseWhen: inner('CaseWhen'),
  CoalesceExpr: inner('CoalesceExpr'),
  CurrentOfExpr: (body, walk) => walk.facts.reference({ kind: 'cursor', name: body.cursor_name ?? '' }),
  FuncCall: call,
  GroupingFunc: inner('GroupingFunc'),
  GroupingSet: inner('GroupingSet'),
  MinMaxExpr: inner('MinMaxExpr'),
  MultiAssignRef: inner('MultiAssignRef'),
  NamedArgExpr: inner('NamedArgExpr'),
  NullTest: inner('NullTest'),
  RowExpr: inner('RowExpr'),
  SubLink: (body, walk) => {
    // IN is `= ANY`, and = is found by name.
    visitOperator(body.operName === undefined ? ['='] : strings(body.operName), walk)
    walk.children('SubLink', body, ['operName'])
  },
  TypeCast: inner('TypeCast'),
  TypeName: typeName,
  XmlExpr: inner('XmlExpr'),
  XmlSerialize: inner('XmlSerialize'),
  JsonAggConstructor: inner('JsonAggConstructor'),
  JsonArgument: inner('JsonArgument'),
  JsonArrayAgg: inner('JsonArrayAgg'),
  JsonArrayConstructor: inner('JsonArrayConstructor'),
  JsonArrayQueryConstructor: inner('JsonArrayQueryConstructor'),
  JsonBehavior: inner('JsonBehavior'),
  JsonFuncExpr: inner('JsonFuncExpr'),
  JsonIsPredicate: inner('JsonIsPredicate'),
  JsonKeyValue: inner('JsonKeyValue'),
  JsonObjectAgg: inner('JsonObjectAgg'),
  JsonObjectConstructor: inner('JsonObjectConstructor'),
  JsonOutput: inner('JsonOutput'),
  JsonParseExpr: inner('JsonParseExpr'),
  JsonScalarExpr: inner('JsonScalarExpr'),
  JsonSerializeExpr: inner('JsonSerializeExpr'),
  JsonTable: jsonTable,
  JsonTableColumn: inner('JsonTableColumn'),
  JsonTablePathSpec: inner('JsonTablePathSpec'),
  JsonValueExpr: inner('JsonValueExpr'),
  // FROM and clauses
  RangeVar: rangeVar,
  RangeSubselect: rangeSubselect,
  RangeFunction: rangeFunction,
  RangeTableFunc: rangeTableFunc,
  RangeTableFuncCol: inner('RangeTableFuncCol'),
  RangeTableSample: sample,
  JoinExpr: join,
  ResTarget: inner('ResTarget'),
  ReturningClause: returning,
  SortBy: (body, walk) => {
    visitOperator(strings(body.useOp), walk)
    walk.visit(body.node)
  },
  WindowDef: inner('WindowDef'),
  InferClause: inner('InferClause'),
  LockingClause: leaf,
  // definitions
  ColumnDef: inner('ColumnDef'),
  Constraint: (body, walk) => {
    walk.children('Constraint', body, ['exclusions'])
    // A foreign key puts triggers on the table that it refers to: its rows can no longer be deleted at will.
    if (body.pktable !== undefined) walk.facts.onRelation('alter', rangeName(body.pktable), 'table')
    // SEQUENCE NAME of an identity column: where its sequence is made
    for (const option of body.options ?? []) {
      if (!('DefElem' in option) || option.DefElem.defname !== 'sequence_name') continue
      walk.facts.onRelation('create', relationOf(nameParts(option.DefElem.arg)), 'sequence')
    }
    for (const pair of body.exclusions ?? []) {
      const [element, operator] = 'List' in pair ? (pair.List.items ?? []) : []
      walk.visit(element)
      visitOperator(nameParts(operator), walk)
    }
  },
  DefElem: inner('DefElem'),
  FunctionParameter: inner('FunctionParameter'),
  IndexElem: indexElement,
  ObjectWithArgs: objectWithArguments,
  PartitionBoundSpec: inner('PartitionBoundSpec'),
  PartitionElem: inner('PartitionElem'),
  PartitionRangeDatum: inner('PartitionRangeDatum'),
  PartitionSpec: inner('PartitionSpec'),
  PublicationObjSpec: (body, walk) => {
    if (body.pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_SCHEMA') {
      walk.facts.onRelation('read', { schema: body.name ?? '*', name: '*' })
    } else if (body.pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_CUR_SCHEMA') {
      walk.facts.onRelation('read', EVERY_RELATION)
    }
    walk.children('PublicationObjSpec', body)
  },
  PublicationTable: inner('PublicationTable'),
  StatsElem: inner('StatsElem'),
  TableLikeClause: inner('TableLikeClause'),
  CreateOpClassItem: inner('CreateOpClassItem'),
  ATAlterConstraint: leaf,
  ReturnStmt: inner('ReturnStmt'),
  // stages after the grammar
  ParseResult: never('ParseResult'),
  ScanResult: never('ScanResult'),
  ScanToken: never('ScanToken'),
  SummaryResult: never('SummaryResult'),
  Table: never('Table'),
  Function: never('Function'),
  FilterColumn: never('FilterColumn'),
  OidList: never('OidList'),
  IntList: never('IntList'),
  TableFunc: never('TableFunc'),
  Var: never('Var'),
  Param: never('Param'),
  Aggref: never('Aggref'),
  WindowFunc: never('WindowFunc'),
  WindowFuncRunCondition: never('WindowFuncRunCondition'),
  SubscriptingRef: never('SubscriptingRef'),
  FuncExpr: never('FuncExpr'),
  OpExpr: never('OpExpr'),
  DistinctExpr: never('DistinctExpr'),
  NullIfExpr: never('NullIfExpr'),
  ScalarArrayOpExpr: never('ScalarArrayOpExpr'),
  SubPlan: never('SubPlan'),
  AlternativeSubPlan: never('AlternativeSubPlan'),
  FieldSelect: never('FieldSelect'),
  FieldStore: never('FieldStore'),
  RelabelType: never('RelabelType'),
  CoerceViaIO: never('CoerceViaIO'),
  ArrayCoerceExpr: never('ArrayCoerceExpr'),
  ConvertRowtypeExpr: never('ConvertRowtypeExpr'),
  CollateExpr: never('CollateExpr'),
  CaseTestExpr: never('CaseTestExpr'),
  ArrayExpr: never('ArrayExpr'),
  RowCompareExpr: never('RowCompareExpr'),
  JsonConstructorExpr: never('JsonConstructorExpr'),
  JsonExpr: never('JsonExpr'),
  JsonTablePathScan: never('JsonTablePathScan'),
  JsonTableSiblingJoin: never('JsonTableSiblingJoin'),
  MergeAction: never('MergeAction'),
  CoerceToDomain: never('CoerceToDomain'),
  CoerceToDomainValue: never('CoerceToDomainValue'),
  NextValueExpr: never('NextValueExpr'),
  InferenceElem: never('InferenceElem'),
  ReturningExpr: never('ReturningExpr'),
  TargetEntry: never('TargetEntry'),
  RangeTblRef: never('RangeTblRef'),
  FromExpr: never('FromExpr'),
  OnConflictExpr: never('OnConflictExpr'),
  Query: never('Query'),
  RangeTblEntry: never('RangeTblEntry'),
  RTEPermissionInfo: never('RTEPermissionInfo'),
  RangeTblFunction: never('RangeTblFunction'),
  TableSampleClause: never('TableSampleClause'),
  WithCheckOption: never('WithCheckOption'),
  SortGroupClause: never('SortGroupClause'),
  WindowClause: never('WindowClause'),
  RowMarkClause: never('RowMarkClause'),
  SetOperationStmt: never('SetOperationStmt'),
  InlineCodeBlock: never('InlineCodeBlock'),
  CallContext: never('CallContext'),
  PLAssignStmt: never('PLAssignStmt'),
  RawStmt: never('RawStmt'),
} satisfies { readonly [K in NodeTag]?: Handler<K> }
