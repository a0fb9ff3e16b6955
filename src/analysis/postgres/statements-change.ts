// Handlers for statements that alter, rename, comment on, drop or empty objects.
import type { Node } from 'libpg-query'
import type { RelationName } from '../../core/facts.ts'
import { visitDefinition } from './functions.ts'
import { dotted, EVERY_RELATION, nameParts, rangeName, strings } from './names.ts'
import type { Body, NodeTag } from './nodes.ts'
import { isRelationType, objectWord, onTypedObject, ownedBy } from './objects.ts'
import type { Handler, Walk } from './walk.ts'

/** CASCADE reaches whatever depends on the object, which only the catalog knows. */
function cascade(effect: 'drop' | 'truncate', behavior: string | undefined, walk: Walk): void {
  if (behavior === 'DROP_CASCADE') walk.facts.onRelation(effect, EVERY_RELATION)
}

function drop(body: Body<'DropStmt'>, walk: Walk): string {
  for (const object of body.objects ?? []) onTypedObject('drop', body.removeType, object, walk)
  cascade('drop', body.behavior, walk)
  // Whatever belongs to it goes with it, and ALTER EXTENSION … ADD TABLE makes any table belong to it.
  if (body.removeType === 'OBJECT_EXTENSION') walk.facts.onRelation('drop', EVERY_RELATION)
  return `DROP ${objectWord(body.removeType).toUpperCase()}`
}

function truncate(body: Body<'TruncateStmt'>, walk: Walk): string {
  for (const node of body.relations ?? []) {
    if ('RangeVar' in node) walk.facts.onRelation('truncate', rangeName(node.RangeVar))
  }
  cascade('truncate', body.behavior, walk)
  return 'TRUNCATE TABLE'
}

/** Who owns a table and which rows who may see: privileges, not shape. */
const PRIVILEGE_COMMANDS: ReadonlySet<string> = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
])

const INHERITANCE: ReadonlySet<string> = new Set(['AT_AddInherit', 'AT_DropInherit'])

/** What is enabled runs, or counts, from then on; what becomes a child or a partition is reached by its parent's name. */
const REDEFINES =
  /^AT_(Enable(Always|Replica)?(Trig|TrigAll|TrigUser|Rule)|(Enable|Force)RowSecurity|AddInherit|AttachPartition)$/

/** A foreign key takes rows along with those that it refers to. */
function redefined({ subtype, def }: Body<'AlterTableCmd'>, name: RelationName): readonly RelationName[] {
  if (def !== undefined && 'Constraint' in def && def.Constraint.contype === 'CONSTR_FOREIGN')
    return [rangeName(def.Constraint.pktable)]
  if (!REDEFINES.test(subtype ?? '')) return []
  return def !== undefined && 'RangeVar' in def ? [name, rangeName(def.RangeVar)] : [name]
}

function alterTable(body: Body<'AlterTableStmt'>, walk: Walk): string {
  const name = rangeName(body.relation)
  const word = objectWord(body.objtype)
  for (const node of body.cmds ?? []) {
    if (!('AlterTableCmd' in node)) continue
    const command = node.AlterTableCmd
    const effect = PRIVILEGE_COMMANDS.has(command.subtype ?? '') ? 'grant' : 'alter'
    walk.facts.onRelation(effect, name, word)
    cascade('drop', command.behavior, walk)
    for (const one of redefined(command, name)) walk.facts.redefines(one)
    // INHERIT changes what whoever reads the parent gets.
    if (command.def !== undefined && 'RangeVar' in command.def && INHERITANCE.has(command.subtype ?? '')) {
      walk.facts.onRelation('alter', rangeName(command.def.RangeVar), 'table')
    }
    walk.visit(command.def)
  }
  return `ALTER ${word.toUpperCase()}`
}

/** ATTACH and DETACH PARTITION change both tables. */
function partition(body: Body<'PartitionCmd'>, walk: Walk): void {
  walk.facts.onRelation('alter', rangeName(body.name), 'table')
  walk.enter('PartitionBoundSpec', body.bound)
}

/** All that is in it has another name afterwards. */
function renameSchema(from: string, to: string, walk: Walk): void {
  walk.facts.onObject('alter', from, 'schema')
  walk.facts.onRelation('alter', { schema: from, name: '*' })
  walk.facts.onObject('create', to, 'schema')
  walk.facts.onRelation('create', { schema: to, name: '*' })
  walk.facts.redefines({ schema: to, name: '*' })
}

/** The new name is one more relation, as though it had been made. */
function takesName(name: RelationName, word: string, walk: Walk): void {
  walk.facts.onRelation('create', name, word)
  walk.facts.redefines(name)
}

function rename(body: Body<'RenameStmt'>, walk: Walk): string {
  const type = body.renameType
  const word = objectWord(type)
  if (body.relation !== undefined) {
    const name = rangeName(body.relation)
    walk.facts.onRelation('alter', name, word)
    if (isRelationType(type)) takesName({ ...name, name: body.newname ?? '' }, word, walk)
  } else if (type === 'OBJECT_ROLE') walk.facts.onObject('role', body.subname ?? '', word)
  else if (type === 'OBJECT_SCHEMA') renameSchema(body.subname ?? '', body.newname ?? '', walk)
  else if (body.object !== undefined) onTypedObject('alter', type, body.object, walk)
  else walk.facts.onObject('alter', body.subname ?? '', word)
  // An attribute of a type is a column of each table made OF it.
  if (body.behavior === 'DROP_CASCADE') walk.facts.onRelation('alter', EVERY_RELATION)
  visitDefinition([body.newname ?? ''], walk)
  const part = type === 'OBJECT_COLUMN' || type === 'OBJECT_TABCONSTRAINT'
  return part ? 'ALTER TABLE' : `ALTER ${word.toUpperCase()}`
}

function moveSchema(body: Body<'AlterObjectSchemaStmt'>, walk: Walk): string {
  const word = objectWord(body.objectType)
  if (body.relation !== undefined) {
    const { name } = rangeName(body.relation)
    walk.facts.onRelation('alter', rangeName(body.relation), word)
    takesName({ schema: body.newschema ?? '*', name }, word, walk)
  } else {
    onTypedObject('alter', body.objectType, body.object, walk)
    visitDefinition([nameParts(body.object).at(-1) ?? ''], walk)
  }
  return `ALTER ${word.toUpperCase()}`
}

function changeOwner(body: Body<'AlterOwnerStmt'>, walk: Walk): string {
  if (isRelationType(body.objectType) && body.relation !== undefined) {
    walk.facts.onRelation('grant', rangeName(body.relation), objectWord(body.objectType))
  } else onTypedObject('grant', body.objectType, body.object, walk)
  return `ALTER ${objectWord(body.objectType).toUpperCase()}`
}

function depends(body: Body<'AlterObjectDependsStmt'>, walk: Walk): string {
  const word = objectWord(body.objectType)
  if (body.relation !== undefined) walk.facts.onRelation('alter', rangeName(body.relation), word)
  else onTypedObject('alter', body.objectType, body.object, walk)
  return `ALTER ${word.toUpperCase()}`
}

function comment(body: Body<'CommentStmt'>, walk: Walk): string {
  onTypedObject('alter', body.objtype, body.object, walk)
  return 'COMMENT'
}

function alterSequence(body: Body<'AlterSeqStmt'>, walk: Walk): string {
  walk.facts.onRelation('alter', rangeName(body.sequence), 'sequence')
  ownedBy(body.options, walk)
  return 'ALTER SEQUENCE'
}

/** An object altered by its name; `parts` are what may carry expressions. */
function altered<K extends NodeTag>(
  word: string,
  name: (body: Body<K>) => readonly Node[] | string | undefined,
  parts?: (body: Body<K>) => readonly (Node | undefined)[] | undefined,
): Handler<K> {
  return (body, walk) => {
    const given = name(body)
    const text = typeof given === 'string' ? given : dotted((given ?? []).flatMap(nameParts))
    walk.facts.onObject('alter', text, word)
    for (const part of parts?.(body) ?? []) walk.visit(part)
    return `ALTER ${word.toUpperCase()}`
  }
}

function alterRoutine(body: Body<'AlterFunctionStmt'>, walk: Walk): string {
  const word = objectWord(body.objtype)
  walk.facts.onObject('alter', dotted(strings(body.func?.objname)), word)
  return `ALTER ${word.toUpperCase()}`
}

/** SET NOT NULL, ADD CONSTRAINT and VALIDATE CONSTRAINT, by the letters of the grammar. */
const CHECKS_VALUES: ReadonlySet<string> = new Set(['O', 'C', 'V'])

function alterDomain(body: Body<'AlterDomainStmt'>, walk: Walk): string {
  walk.facts.onObject('alter', dotted((body.typeName ?? []).flatMap(nameParts)), 'domain')
  // Every table with a column of the domain is read and has its constraints changed, and only the catalog knows which.
  if (CHECKS_VALUES.has(body.subtype ?? '')) walk.facts.onRelation('alter', EVERY_RELATION)
  if (body.def) walk.visit(body.def)
  return 'ALTER DOMAIN'
}

function extensionContents(body: Body<'AlterExtensionContentsStmt'>, walk: Walk): string {
  walk.facts.onObject('alter', body.extname ?? '', 'extension')
  onTypedObject('alter', body.objtype, body.object, walk)
  return 'ALTER EXTENSION'
}

export const changeStatements = {
  DropStmt: drop,
  TruncateStmt: truncate,
  AlterTableStmt: alterTable,
  AlterTableCmd: (body: Body<'AlterTableCmd'>, walk: Walk) => walk.visit(body.def),
  PartitionCmd: partition,
  RenameStmt: rename,
  AlterObjectSchemaStmt: moveSchema,
  AlterOwnerStmt: changeOwner,
  AlterObjectDependsStmt: depends,
  CommentStmt: comment,
  AlterSeqStmt: alterSequence,
  AlterFunctionStmt: alterRoutine,
  AlterExtensionContentsStmt: extensionContents,
  AlterCollationStmt: altered<'AlterCollationStmt'>('collation', (body) => body.collname),
  AlterDomainStmt: alterDomain,
  AlterEnumStmt: altered<'AlterEnumStmt'>('type', (body) => body.typeName),
  AlterTypeStmt: altered<'AlterTypeStmt'>('type', (body) => body.typeName),
  AlterExtensionStmt: altered<'AlterExtensionStmt'>('extension', (body) => body.extname),
  AlterEventTrigStmt: altered<'AlterEventTrigStmt'>('event trigger', (body) => body.trigname),
  AlterOpFamilyStmt: altered<'AlterOpFamilyStmt'>(
    'operator family',
    (body) => body.opfamilyname,
    (body) => body.items,
  ),
  AlterOperatorStmt: altered<'AlterOperatorStmt'>('operator', (body) => body.opername?.objname),
  AlterStatsStmt: altered<'AlterStatsStmt'>('statistics', (body) => body.defnames),
  AlterTSDictionaryStmt: altered<'AlterTSDictionaryStmt'>('text search dictionary', (body) => body.dictname),
  AlterTSConfigurationStmt: altered<'AlterTSConfigurationStmt'>(
    'text search configuration',
    (body) => body.cfgname,
  ),
  AlterTableSpaceOptionsStmt: altered<'AlterTableSpaceOptionsStmt'>(
    'tablespace',
    (body) => body.tablespacename,
  ),
  AlterTableMoveAllStmt: (_body: Body<'AlterTableMoveAllStmt'>, walk: Walk) => {
    walk.facts.onRelation('alter', EVERY_RELATION, 'table')
    return 'ALTER TABLE'
  },
  DropTableSpaceStmt: (body: Body<'DropTableSpaceStmt'>, walk: Walk) => {
    walk.facts.onObject('drop', body.tablespacename ?? '', 'tablespace')
    return 'DROP TABLESPACE'
  },
}
