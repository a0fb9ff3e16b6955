// Names as the parser gives them: folded and decoded, so that U&"\0063ustomers" is already customers.
import type { Node } from 'libpg-query'
import type { RelationName } from '../../core/facts.ts'
import { MAX_IDENTIFIER } from '../../core/identifier.ts'
import type { Body } from './nodes.ts'

/** The strings of a list such as a qualified name; what is not a string is left out. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []))
}

/** The parts of any object name that a statement may carry: a string, a list, a type or an object with arguments. */
export function nameParts(node: Node | undefined): string[] {
  if (node === undefined) return []
  if ('String' in node) return [node.String.sval ?? '']
  if ('List' in node) return (node.List.items ?? []).flatMap(nameParts)
  if ('TypeName' in node) return strings(node.TypeName.names)
  if ('ObjectWithArgs' in node) return strings(node.ObjectWithArgs.objname)
  if ('RangeVar' in node) return relationParts(node.RangeVar)
  return []
}

function relationParts(range: Body<'RangeVar'>): string[] {
  return [range.schemaname, range.relname].filter((part) => part !== undefined)
}

/** `schema.name`, or `name`; a catalog before it is dropped (PostgreSQL accepts only the current database there). */
export function dotted(parts: readonly string[]): string {
  return parts.slice(-2).join('.')
}

/** Every relation there is, where a statement names none: VACUUM of the whole database. */
export const EVERY_RELATION: RelationName = { schema: '*', name: '*' }

export function relationOf(parts: readonly string[]): RelationName {
  const name = parts.at(-1) ?? ''
  const schema = parts.at(-2)
  return schema === undefined ? { name } : { schema, name }
}

export function rangeName(range: Body<'RangeVar'> | undefined): RelationName {
  return relationOf(range === undefined ? [] : relationParts(range))
}

/** A relation that is made: a temporary one lives in pg_temp, whatever the search path says. */
export function createdName(range: Body<'RangeVar'> | undefined): RelationName {
  const name = rangeName(range)
  if (range?.relpersistence === 't' && name.schema === undefined)
    return { schema: 'pg_temp', name: name.name }
  return name
}

/** A string constant, through casts such as 'x'::text; undefined for anything that is only known when it runs. */
export function constantText(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined
  if ('TypeCast' in node) return constantText(node.TypeCast.arg)
  if ('String' in node) return node.String.sval ?? ''
  if (!('A_Const' in node)) return undefined
  const value = node.A_Const
  if (value.sval !== undefined) return value.sval.sval ?? ''
  if (value.ival !== undefined) return String(value.ival.ival ?? 0)
  if (value.fval !== undefined) return value.fval.fval ?? ''
  if (value.boolval !== undefined) return String(value.boolval.boolval ?? false)
  return undefined
}

const PART = /^(?:"((?:[^"]|"")+)"|([A-Za-z_][A-Za-z0-9_$]*))(\.|$)/

/** Reads text as `regclass` would: folded unless quoted. Undefined for what this does not read with certainty. */
export function parseQualifiedName(text: string): string[] | undefined {
  const parts: string[] = []
  let rest = text
  while (rest !== '') {
    const match = PART.exec(rest)
    if (match === null) return undefined
    parts.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').toLowerCase())
    rest = rest.slice(match[0].length)
    if (rest === '' && match[3] === '.') return undefined
  }
  if (parts.some((part) => Buffer.byteLength(part) > MAX_IDENTIFIER)) return undefined
  return parts.length >= 1 && parts.length <= 2 ? parts : undefined
}
