// Types of the parse tree, and which unwrapped fields hold which node.
import type { Node } from 'libpg-query'

type KeysOf<T> = T extends unknown ? keyof T : never

/** The name of a node in the parse tree: `SelectStmt`, `ColumnRef`, … */
export type NodeTag = KeysOf<Node>
/** The fields of the node with this name. */
export type Body<K extends NodeTag> = Extract<Node, Readonly<Record<K, unknown>>>[K]

/**
 * In the JSON, a field of type Node is wrapped, `{"ColumnRef": {…}}`; a field of one fixed type is not. These are the
 * unwrapped ones that the walk may enter. One that is missing here makes a statement incomplete, never unread.
 */
export const UNWRAPPED: ReadonlyMap<string, NodeTag> = new Map<`${NodeTag}.${string}`, NodeTag>([
  ['RangeVar.alias', 'Alias'],
  ['IntoClause.rel', 'RangeVar'],
  ['JsonReturning.format', 'JsonFormat'],
  ['JsonValueExpr.format', 'JsonFormat'],
  ['JsonIsPredicate.format', 'JsonFormat'],
  ['JoinExpr.join_using_alias', 'Alias'],
  ['JoinExpr.alias', 'Alias'],
  ['TypeCast.typeName', 'TypeName'],
  ['FuncCall.over', 'WindowDef'],
  ['RangeSubselect.alias', 'Alias'],
  ['RangeFunction.alias', 'Alias'],
  ['RangeTableFunc.alias', 'Alias'],
  ['RangeTableFuncCol.typeName', 'TypeName'],
  ['ColumnDef.typeName', 'TypeName'],
  ['ColumnDef.identitySequence', 'RangeVar'],
  ['ColumnDef.collClause', 'CollateClause'],
  ['TableLikeClause.relation', 'RangeVar'],
  ['XmlSerialize.typeName', 'TypeName'],
  ['PartitionCmd.bound', 'PartitionBoundSpec'],
  ['OnConflictClause.infer', 'InferClause'],
  ['CommonTableExpr.search_clause', 'CTESearchClause'],
  ['CommonTableExpr.cycle_clause', 'CTECycleClause'],
  ['JsonOutput.typeName', 'TypeName'],
  ['JsonOutput.returning', 'JsonReturning'],
  ['JsonArgument.val', 'JsonValueExpr'],
  ['JsonFuncExpr.context_item', 'JsonValueExpr'],
  ['JsonFuncExpr.output', 'JsonOutput'],
  ['JsonFuncExpr.on_empty', 'JsonBehavior'],
  ['JsonFuncExpr.on_error', 'JsonBehavior'],
  ['JsonTable.context_item', 'JsonValueExpr'],
  ['JsonTable.pathspec', 'JsonTablePathSpec'],
  ['JsonTable.on_error', 'JsonBehavior'],
  ['JsonTable.alias', 'Alias'],
  ['JsonTableColumn.typeName', 'TypeName'],
  ['JsonTableColumn.pathspec', 'JsonTablePathSpec'],
  ['JsonTableColumn.format', 'JsonFormat'],
  ['JsonTableColumn.on_empty', 'JsonBehavior'],
  ['JsonTableColumn.on_error', 'JsonBehavior'],
  ['JsonKeyValue.value', 'JsonValueExpr'],
  ['JsonParseExpr.expr', 'JsonValueExpr'],
  ['JsonParseExpr.output', 'JsonOutput'],
  ['JsonScalarExpr.output', 'JsonOutput'],
  ['JsonSerializeExpr.expr', 'JsonValueExpr'],
  ['JsonSerializeExpr.output', 'JsonOutput'],
  ['JsonObjectConstructor.output', 'JsonOutput'],
  ['JsonArrayConstructor.output', 'JsonOutput'],
  ['JsonArrayQueryConstructor.output', 'JsonOutput'],
  ['JsonArrayQueryConstructor.format', 'JsonFormat'],
  ['JsonAggConstructor.output', 'JsonOutput'],
  ['JsonAggConstructor.over', 'WindowDef'],
  ['JsonObjectAgg.constructor', 'JsonAggConstructor'],
  ['JsonObjectAgg.arg', 'JsonKeyValue'],
  ['JsonArrayAgg.constructor', 'JsonAggConstructor'],
  ['JsonArrayAgg.arg', 'JsonValueExpr'],
  ['Constraint.pktable', 'RangeVar'],
  ['FunctionParameter.argType', 'TypeName'],
  ['CreateStmt.partbound', 'PartitionBoundSpec'],
  ['CreateStmt.partspec', 'PartitionSpec'],
  ['CreateStmt.ofTypename', 'TypeName'],
  ['CreateDomainStmt.typeName', 'TypeName'],
  ['CreateDomainStmt.collClause', 'CollateClause'],
  ['CreateOpClassStmt.datatype', 'TypeName'],
  ['CreateOpClassItem.name', 'ObjectWithArgs'],
  ['CreateOpClassItem.storedtype', 'TypeName'],
  ['CreateFunctionStmt.returnType', 'TypeName'],
  ['AlterTableCmd.newowner', 'RoleSpec'],
  ['PublicationObjSpec.pubtable', 'PublicationTable'],
  ['PublicationTable.relation', 'RangeVar'],
])
