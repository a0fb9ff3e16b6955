// The columns that one statement mentions, each once, and what comes of them.
import type { ColumnMention, ColumnUse, RelationName } from '../../../core/facts.ts'
import type { Work } from '../work.ts'

/** What a value depends on. */
export type Deps = ReadonlySet<Mention>

export interface Mention {
  readonly column: string
  readonly relation?: RelationName
  readonly uses: Set<ColumnUse>
}

export interface Mentions {
  /** Without a relation: of any that the statement names. */
  of(column: string, relation?: RelationName): Mention
  use(deps: Deps, ...uses: readonly ColumnUse[]): void
  union(...sets: readonly Deps[]): Deps
  finish(): readonly ColumnMention[]
  /** the finished mentions of these; only after `finish` */
  finished(deps: Deps): readonly ColumnMention[]
}

export const NOTHING: Deps = new Set()

const USES: readonly ColumnUse[] = [
  'output',
  'computed',
  'fallible',
  'predicate',
  'sort',
  'group',
  'aggregate',
  'compare',
  'written',
  'stored',
]

/** What is said of a statement whose columns cannot be told. */
export const EVERY_COLUMN: readonly ColumnMention[] = [{ column: '*', uses: USES }]

export function createMentions(work: Work): Mentions {
  const known = new Map<string, Mention>()
  const finished = new Map<Mention, ColumnMention>()

  return {
    of(column, relation) {
      // No identifier holds a zero byte.
      const key = relation === undefined ? column : `${column}\0${relation.schema ?? ''}\0${relation.name}`
      const found = known.get(key)
      if (found !== undefined) return found
      const mention = { column, ...(relation !== undefined && { relation }), uses: new Set<ColumnUse>() }
      known.set(key, mention)
      return mention
    },
    union(...sets) {
      work.spend(sets.length)
      const filled = sets.filter((set) => set.size > 0)
      if (filled.length <= 1) return filled[0] ?? NOTHING
      const all = new Set<Mention>()
      for (const set of filled) {
        work.spend(set.size)
        for (const mention of set) all.add(mention)
      }
      return all
    },
    use(deps, ...uses) {
      work.spend(deps.size)
      for (const mention of deps) for (const use of uses) mention.uses.add(use)
    },
    finish() {
      for (const mention of known.values()) {
        finished.set(mention, { ...mention, uses: USES.filter((use) => mention.uses.has(use)) })
      }
      return [...finished.values()]
    },
    finished(deps) {
      work.spend(deps.size)
      return [...deps].flatMap((mention) => finished.get(mention) ?? [])
    },
  }
}
