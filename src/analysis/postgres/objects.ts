// Objects of the database by their type: relations, things that hang on a relation, and everything else.
import type { Node } from 'libpg-query'
import type { AccessEffect } from '../../core/facts.ts'
import { dotted, nameParts, relationOf } from './names.ts'
import type { Walk } from './walk.ts'

/** As in the grammar's ObjectType, with the words that SQL has for them. */
const RELATIONS: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_INDEX: 'index',
  OBJECT_FOREIGN_TABLE: 'foreign table',
}

/** Their name is that of a relation followed by their own. */
const PARTS_OF_RELATIONS: Readonly<Record<string, string>> = {
  OBJECT_COLUMN: 'column',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_RULE: 'rule',
  OBJECT_POLICY: 'policy',
}

/** Types whose tag is not their words. */
const WORDS: Readonly<Record<string, string>> = {
  OBJECT_FDW: 'foreign data wrapper',
  OBJECT_OPCLASS: 'operator class',
  OBJECT_OPFAMILY: 'operator family',
  OBJECT_TSCONFIGURATION: 'text search configuration',
  OBJECT_TSDICTIONARY: 'text search dictionary',
  OBJECT_TSPARSER: 'text search parser',
  OBJECT_TSTEMPLATE: 'text search template',
  OBJECT_LARGEOBJECT: 'large object',
  OBJECT_DOMCONSTRAINT: 'constraint',
  OBJECT_STATISTIC_EXT: 'statistics',
}

/** Objects through which data leaves for, or comes from, other servers. */
const REMOTE: ReadonlySet<string> = new Set([
  'OBJECT_FDW',
  'OBJECT_FOREIGN_SERVER',
  'OBJECT_USER_MAPPING',
  'OBJECT_PUBLICATION',
  'OBJECT_SUBSCRIPTION',
  'OBJECT_PUBLICATION_NAMESPACE',
  'OBJECT_PUBLICATION_REL',
])

/** Whoever changes them changes who may do what. */
const ROLES: ReadonlySet<string> = new Set(['OBJECT_ROLE'])

/** `OBJECT_ACCESS_METHOD` → `access method`. */
export function objectWord(type: string | undefined): string {
  const tag = type ?? 'OBJECT_UNKNOWN'
  return (
    RELATIONS[tag] ??
    PARTS_OF_RELATIONS[tag] ??
    WORDS[tag] ??
    tag
      .replace(/^OBJECT_/, '')
      .replaceAll('_', ' ')
      .toLowerCase()
  )
}

export function isRelationType(type: string | undefined): boolean {
  return Object.hasOwn(RELATIONS, type ?? '')
}

/** OWNED BY of a sequence names a column; NONE is no table. */
export function ownedBy(options: readonly Node[] | undefined, walk: Walk): void {
  for (const node of options ?? []) {
    if (!('DefElem' in node) || node.DefElem.defname !== 'owned_by') continue
    const table = nameParts(node.DefElem.arg).slice(0, -1)
    if (table.length > 0) walk.facts.onRelation('read', relationOf(table))
  }
}

/** An effect on the object that a statement names by type and name. */
export function onTypedObject(
  effect: AccessEffect,
  type: string | undefined,
  node: Node | undefined,
  walk: Walk,
): void {
  const parts = nameParts(node)
  const word = objectWord(type)
  if (isRelationType(type)) walk.facts.onRelation(effect, relationOf(parts), word)
  else if (Object.hasOwn(PARTS_OF_RELATIONS, type ?? '')) {
    walk.facts.onRelation(effect, relationOf(parts.slice(0, -1)), word)
  } else if (ROLES.has(type ?? '')) walk.facts.onObject('role', dotted(parts), word)
  else {
    walk.facts.onObject(effect, dotted(parts), word)
    if (REMOTE.has(type ?? '')) walk.facts.onObject('remote', dotted(parts), word)
  }
}
