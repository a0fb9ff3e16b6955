// What a statement's names are that only the catalog knows the meaning of.
import type { Access, Facts, RelationName } from '../../../core/facts.ts'
import { once } from '../../../core/once.ts'

export interface CatalogNames {
  readonly relations: readonly RelationName[]
  /** of functions, and of columns: `row.function` looks like one */
  readonly functions: readonly string[]
  readonly operators: readonly string[]
  readonly types: readonly string[]
  readonly typeOids: readonly number[]
}

const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema'])

export const isSystem = ({ schema }: RelationName): boolean =>
  schema !== undefined && SYSTEM_SCHEMAS.has(schema)

const ROUTINES: ReadonlySet<string> = new Set(['function', 'procedure'])

/** The name of what an access calls, split at its first dot as analysis put it together. */
export function calledName({ effect, object, objectType = '' }: Access): RelationName | undefined {
  if (effect !== 'call' || object === undefined || !ROUTINES.has(objectType)) return undefined
  const dot = object.indexOf('.')
  return dot < 0 ? { name: object } : { schema: object.slice(0, dot), name: object.slice(dot + 1) }
}

/** The same list for the same facts: what is behind it is remembered by it. */
export const relationsOf = once(({ statements }: Facts): readonly RelationName[] =>
  statements.flatMap(({ accesses }) => accesses.flatMap(({ relation }) => relation ?? [])),
)

export function catalogNames(facts: Facts): CatalogNames {
  const functions = new Set<string>()
  const operators = new Set<string>()
  const types = new Set<string>()
  const typeOids = new Set<number>()
  for (const { accesses, columns, uses } of facts.statements) {
    for (const access of accesses) {
      const called = calledName(access)
      if (called && !isSystem(called)) functions.add(called.name)
    }
    for (const name of uses?.functions ?? []) functions.add(name)
    for (const name of uses?.operators ?? []) operators.add(name)
    for (const type of uses?.types ?? []) if (!isSystem(type)) types.add(type.name)
    for (const oid of uses?.typeOids ?? []) typeOids.add(oid)
    for (const { column } of columns) if (column !== '*') functions.add(column)
  }
  return {
    relations: relationsOf(facts),
    functions: [...functions],
    operators: [...operators],
    types: [...types],
    typeOids: [...typeOids],
  }
}
