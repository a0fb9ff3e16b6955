// Where values of different collations meet: PostgreSQL then takes none, and says so only when it has to compare a value, or to
// change its case. One that is NULL is neither, so that an error tells.
import type { Node } from 'libpg-query'
import { strings } from '../names.ts'
import type { Work } from '../work.ts'
import type { Deps, Mentions } from './mentions.ts'
import type { Resolver, Scope } from './scope.ts'

/** Of the functions that give a value for any, those that ask for a collation. */
export const COLLATED_FUNCTIONS: ReadonlySet<string> = new Set(['initcap', 'lower', 'upper'])

interface Known {
  readonly mentions: Mentions
  readonly resolver: Resolver
  readonly work: Work
}

/** What is compared, or changed by case: of several that may have collations, these may differ. */
export function collated(nodes: unknown, deps: Deps, scope: Scope, reading: Known): void {
  if (deps.size > 0 && haveSeveral(nodes, scope, reading)) reading.mentions.use(deps, 'collated')
}

/** Are there more than constants and one column of a relation? */
function haveSeveral(item: unknown, scope: Scope, { resolver, work }: Known): boolean {
  const columns = new Set<string>()
  const isAnother = ({ ColumnRef }: Extract<Node, { ColumnRef: unknown }>): boolean => {
    const names = strings(ColumnRef.fields)
    columns.add(names.join('\0'))
    return columns.size > 1 || !resolver.isOfRelation(names.at(-2), names.at(-1) ?? '', scope)
  }
  const isMore = (one: unknown): boolean => {
    if (typeof one !== 'object' || one === null) return false
    work.spend(1)
    if (Array.isArray(one)) return one.some(isMore)
    if ('ColumnRef' in one) return isAnother(one as Extract<Node, { ColumnRef: unknown }>)
    return Object.entries(one).some(([tag, body]) => SOURCES.has(tag) || (tag !== 'A_Const' && isMore(body)))
  }
  return isMore(item)
}

/** Of any collation: that of a type, or of what a query gave. */
const SOURCES: ReadonlySet<string> = new Set(['ParamRef', 'SQLValueFunction', 'SubLink', 'TypeCast'])

/** Does it name a collation somewhere? One of another type is the catalog's to tell. */
export function namesCollation(item: Node | object): boolean {
  return Object.entries(item).some(
    ([tag, body]) =>
      tag === 'CollateClause' ||
      tag === 'collClause' ||
      (typeof body === 'object' && body !== null && namesCollation(body)),
  )
}
