// Does everything that one pattern of a rule means lie within another's? Where that cannot be told it does not, since a rule
// that could fire must not be refused.
import type { AccessEffect } from '../core/facts.ts'
import { isCatalogSchema, isHarmlessCatalog } from './catalog.ts'
import type { Comparisons } from './comparisons.ts'
import { type NamePattern, parsePattern } from './pattern.ts'

/** One pattern of a rule. */
export type Meant =
  | { readonly on: 'relation'; readonly pattern: NamePattern }
  | {
      readonly on: 'object'
      readonly text: string
      /** as functions are meant by it */
      readonly pattern: NamePattern
    }

/** Of the rules that the two patterns are of, for one effect that both have. */
export interface Terms {
  readonly effect: AccessEffect
  /** the narrow one only gives leave: what happens behind names, and how much comes back, is not its to say */
  readonly onlyAllows: boolean
  readonly narrowIsForAll: boolean
  readonly wideIsForAll: boolean
  readonly compared: Comparisons
}

type Named = Extract<NamePattern, { kind: 'name' }>

/** Of a rule that denies: does it mean every access that the narrow one could mean? */
export function meansAllOf(wide: Meant, narrow: Meant, { effect, onlyAllows, compared }: Terms): boolean {
  if (wide.on === 'object') return narrow.on === 'object' && objectsWithin(narrow, wide, compared)
  if (narrow.on === 'object' || !relationsWithin(narrow.pattern, wide.pattern, compared)) return false
  const [of, by] = [columnOf(narrow.pattern), columnOf(wide.pattern)]
  if (by === undefined) return true
  // `SELECT count(*)` and INSERT … DEFAULT VALUES mention no column: leave for any is enough, and no rule on one denies them.
  if (effect !== 'update' || (of === undefined && !onlyAllows)) return false
  return compared.glob(of ?? '*', by)
}

/** Of a rule that holds: does it give all the leave that the narrow one gives? */
export function coversAllOf(wide: Meant, narrow: Meant, terms: Terms): boolean {
  const { effect, compared } = terms
  const [of, by] = [narrow.pattern, wide.pattern]
  if (wide.on === 'object') {
    if (narrow.on === 'relation' || !objectsWithin(narrow, wide, compared)) return false
    if (effect === 'call' || terms.wideIsForAll || isNarrow(by)) return true
    return isNarrow(of) ? isOutside(of) : !terms.narrowIsForAll
  }
  if (narrow.on === 'object') return false
  if (by.kind === 'catalog') return effect === 'read' && relationsWithin(of, by, compared)
  if (!relationsWithin(of, by, compared) && !(of.kind === 'catalog' && holdsCatalog(by, compared)))
    return false
  if (of.kind === 'name' && by.broad && !of.broad && !isOutside(of)) return false
  return by.column === undefined || compared.glob(columnOf(of) ?? '*', by.column)
}

const columnOf = (pattern: NamePattern) => (pattern.kind === 'name' ? pattern.column : undefined)
const isNarrow = (pattern: NamePattern) => pattern.kind === 'name' && !pattern.broad
/** Is it of no schema of the system? A broad pattern reaches into those less far. */
const isOutside = (pattern: NamePattern) =>
  pattern.kind === 'name' && !pattern.schema.includes('*') && !isCatalogSchema(pattern.schema)

const isEverything = ({ schema, name }: Named, { glob }: Comparisons) => glob('*', schema) && glob('*', name)
const holdsCatalog = ({ schema, name }: Named, { glob }: Comparisons) =>
  glob('*', name) && glob('pg_catalog', schema) && glob('information_schema', schema)

/** Columns aside. */
function relationsWithin(narrow: NamePattern, wide: NamePattern, compared: Comparisons): boolean {
  compared.spend()
  if (narrow.kind === 'catalog') return wide.kind === 'catalog' || isEverything(wide, compared)
  if (wide.kind === 'name')
    return compared.glob(narrow.schema, wide.schema) && compared.glob(narrow.name, wide.name)
  return !`${narrow.schema}${narrow.name}`.includes('*') && isHarmlessCatalog(narrow)
}

type OnObject = Extract<Meant, { on: 'object' }>

/** As a name alone, and as a function's, whose schema is apart: `a*` is the functions of any schema that begin with an a. */
function objectsWithin(narrow: OnObject, wide: OnObject, compared: Comparisons): boolean {
  if (!compared.glob(narrow.text, wide.text)) return false
  const [of, by] = [narrow.pattern, wide.pattern]
  if (of.kind === 'catalog' || by.kind === 'catalog') return compared.glob('*', wide.text)
  return compared.glob(of.schema, by.schema) && compared.glob(of.name, by.name)
}

/** What a rule's own list of objects means by one of its patterns. */
export const meantObject = (text: string): Meant => ({ on: 'object', text, pattern: parsePattern(text) })
