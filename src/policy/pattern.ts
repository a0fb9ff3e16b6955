// Patterns of rules over relations and functions: `schema.name`, `name` in any schema, `$catalog`.
import type { AccessEffect } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'
import type { QualifiedName } from './candidates.ts'
import { isCatalogSchema, isHarmlessCatalog } from './catalog.ts'

export type NamePattern =
  | { readonly kind: 'catalog' }
  | {
      readonly kind: 'name'
      readonly schema: string
      readonly name: string
      /** neither part is spelled out: it does not mean the catalog, although it would match */
      readonly broad: boolean
      /** of a rule on columns; undefined: the whole relation */
      readonly column?: string
    }

/** Split at the first dot; a name that itself holds dots follows it. */
export function parsePattern(text: string): NamePattern {
  if (text === '$catalog') return { kind: 'catalog' }
  const dot = text.indexOf('.')
  const schema = dot < 0 ? '*' : text.slice(0, dot)
  const name = text.slice(dot + 1)
  return { kind: 'name', schema, name, broad: schema.includes('*') && name.includes('*') }
}

/** `schema.relation.column`: the last dot begins the column, since the configuration has exactly two. */
export function parseColumnPattern(text: string): NamePattern {
  const dot = text.lastIndexOf('.')
  const of = parsePattern(text.slice(0, dot))
  return of.kind === 'catalog' ? of : { ...of, column: text.slice(dot + 1) }
}

/** What a rule without patterns has. */
export const EVERYTHING: NamePattern = { kind: 'name', schema: '*', name: '*', broad: true }

/** Analysis says `*` where a statement reaches every name, so such a part meets every pattern. */
function meets(pattern: string, text: string): boolean {
  return text === '*' || matchesGlob(pattern, text)
}

/** Some of what is in the catalog is among what is reached. */
const reachesCatalog = ({ schema, name }: QualifiedName): boolean =>
  schema === '*' || (name === '*' && isCatalogSchema(schema))

/** Could the pattern mean this name? For rules that refuse or hold. */
export function couldMean(pattern: NamePattern, name: QualifiedName): boolean {
  if (pattern.kind === 'catalog') return reachesCatalog(name) || isHarmlessCatalog(name)
  return meets(pattern.schema, name.schema) && meets(pattern.name, name.name)
}

/** Does the pattern give leave for this effect on this name? The catalog is given only by name, or to be read. */
export function covers(pattern: NamePattern, name: QualifiedName, effect: AccessEffect): boolean {
  if (pattern.kind === 'catalog') return effect === 'read' && isHarmlessCatalog(name)
  if (!matchesGlob(pattern.schema, name.schema) || !matchesGlob(pattern.name, name.name)) return false
  if (!pattern.broad || !isCatalogSchema(name.schema)) return true
  return effect === 'read' && isHarmlessCatalog(name)
}
