// The columns that one statement mentions, each once, and what comes of them.
import type { ColumnMention, ColumnUse, RelationName, StoredIn } from '../../../core/facts.ts'
import type { Work } from '../work.ts'

/** What a value depends on. */
export type Deps = ReadonlySet<Mention>

export interface Mention {
  readonly column: string
  readonly relation?: RelationName
  readonly uses: Set<ColumnUse>
  /** by what they are called, so that each is there once */
  readonly into: Map<string, StoredIn>
  /** its value is a member of a row that is a value itself */
  inRow?: true
  /** what it is in is compared with something */
  compared?: true
}

export interface Mentions {
  /** Without a relation: of any that the statement names. */
  of(column: string, relation?: RelationName): Mention
  use(deps: Deps, ...uses: readonly ColumnUse[]): void
  /** Their values make a row that is a value itself. */
  makeRow(deps: Deps): void
  /** What is made of them is compared: rows fail on the first member that cannot be, behind those that are equal. */
  compare(deps: Deps): void
  /** Their values go into a column of a relation. */
  store(deps: Deps, place: StoredIn): void
  union(...sets: readonly Deps[]): Deps
  /** @param collates does the statement name a collation? */
  finish(collates: () => boolean): readonly ColumnMention[]
  /** the finished mentions of these; only after `finish` */
  finished(deps: Deps): readonly ColumnMention[]
}

export const NOTHING: Deps = new Set()

/** Columns that one mention is stored in; of more it is said that they are any of their relation. */
const MAX_PLACES = 50

const USES: readonly ColumnUse[] = [
  'output',
  'computed',
  'shaped',
  'converted',
  'recast',
  'lazy',
  'guarding',
  'collated',
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

/** No identifier holds a zero byte. */
function keyOf(column: string, relation: RelationName | undefined): string {
  return relation === undefined ? column : `${column}\0${relation.schema ?? ''}\0${relation.name}`
}

export function createMentions(work: Work): Mentions {
  const known = new Map<string, Mention>()
  const finished = new Map<Mention, ColumnMention>()

  function put(into: Map<string, StoredIn>, { relation, column }: StoredIn): void {
    const key = keyOf(column, relation)
    if (into.size < MAX_PLACES || into.has(key)) into.set(key, { relation, column })
    else into.set(keyOf('*', relation), { relation, column: '*' })
  }

  return {
    of(column, relation) {
      const key = keyOf(column, relation)
      const found = known.get(key)
      if (found !== undefined) return found
      const named = relation === undefined ? { column } : { column, relation }
      const mention: Mention = { ...named, uses: new Set(), into: new Map() }
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
    makeRow(deps) {
      work.spend(deps.size)
      for (const mention of deps) mention.inRow = true
    },
    compare(deps) {
      work.spend(deps.size)
      for (const mention of deps) mention.compared = true
    },
    store(deps, place) {
      work.spend(deps.size)
      for (const mention of deps) {
        mention.uses.add('stored')
        put(mention.into, place)
      }
    },
    finish(collates) {
      const all = [...known.values()]
      const fails = all.some(({ uses }) => uses.has('collated')) && collates()
      for (const mention of all) {
        const { uses, into, inRow, compared, ...named } = mention
        if (fails && uses.has('collated')) uses.add('fallible')
        // A column of a composite type is a row by itself.
        if (compared && !uses.has('predicate')) uses.add(inRow ? 'fallible' : 'shaped')
        if (uses.has('predicate')) for (const less of ['converted', 'collated'] as const) uses.delete(less)
        const places = into.size === 0 ? {} : { into: [...into.values()] }
        finished.set(mention, { ...named, uses: USES.filter((use) => uses.has(use)), ...places })
      }
      return [...finished.values()]
    },
    finished(deps) {
      work.spend(deps.size)
      return [...deps].flatMap((mention) => finished.get(mention) ?? [])
    },
  }
}
