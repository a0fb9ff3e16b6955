// Which columns a name may mean: FROM items, their aliases and what they stand for, through subqueries.
import type { RelationName } from '../../../core/facts.ts'
import type { Work } from '../work.ts'
import { ROW_ARGUMENT } from './functions.ts'
import { anyOf, type Kind } from './kind.ts'
import { type Deps, type Mentions, NOTHING } from './mentions.ts'

/** One entry of a target list. */
export interface Output {
  /** undefined: it cannot be told, so any name may mean it */
  readonly name: string | undefined
  readonly deps: Deps
  /** `open` where it is not said */
  readonly kind?: Kind
  /** of a star: what it stands for */
  readonly star?: readonly Source[]
  /** the column itself, nothing computed from it */
  readonly direct: boolean
  /** a constant, a parameter or a count of rows */
  readonly rowsOnly?: true
}

/** An item of FROM. */
export type Source = {
  readonly alias: string | undefined
  /** an alias with columns gives them other names */
  readonly renames: readonly string[]
} & (
  | { readonly kind: 'relation'; readonly relation: RelationName }
  | { readonly kind: 'derived'; readonly outputs: readonly Output[] }
  /** a join under an alias */
  | { readonly kind: 'joined'; readonly sources: readonly Source[] }
  /** a function, or what cannot be told: each of its columns depends on all of these */
  | { readonly kind: 'open'; readonly deps: Deps }
)

export interface Scope {
  readonly sources: Source[]
  readonly parent: Scope | undefined
  /** common table expressions in scope */
  readonly ctes: ReadonlyMap<string, Cte>
}

export type Cte =
  | { readonly outputs: readonly Output[] }
  /** one that refers to itself: each column depends on all of these */
  | { readonly deps: Deps }

export function childScope(parent: Scope | undefined, ctes?: ReadonlyMap<string, Cte>): Scope {
  return { sources: [], parent, ctes: ctes ?? parent?.ctes ?? new Map() }
}

export interface Resolver {
  /** a name without a qualifier */
  unqualified(name: string, scope: Scope): Deps
  qualified(alias: string, name: string, scope: Scope): Deps
  /** the sources that `alias.*` stands for; undefined when there are none of that name */
  starOf(alias: string, scope: Scope): readonly Source[] | undefined
  /** Is it a column of a relation of FROM, whatever may be meant? One of a subquery is computed where it is used. */
  isOfRelation(alias: string | undefined, name: string, scope: Scope): boolean
  /** of a name, whichever of the sources it is found in */
  kindOf(alias: string | undefined, name: string, scope: Scope): Kind
  /** of any column of the sources */
  kindOfRows(sources: readonly Source[]): Kind
  rowsOf(sources: readonly Source[]): Deps
  /** `name` of any of the sources */
  columnOf(sources: readonly Source[], name: string): Deps
  /** what a name that only a target list gives may mean, as in ORDER BY */
  outputs(outputs: readonly Output[], name: string): Deps
}

export function createResolver(mentions: Mentions, work: Work): Resolver {
  const one = (column: string, relation?: RelationName): Deps => new Set([mentions.of(column, relation)])

  function column(source: Source, name: string): Deps {
    switch (source.kind) {
      case 'relation':
        return one(source.renames.length > 0 ? '*' : name, source.relation)
      case 'open':
        return source.deps
      case 'joined':
        return source.renames.length > 0 ? row(source) : columnOf(source.sources, name)
      case 'derived':
        return derived(source.outputs, source.renames, name)
    }
  }

  function derived(outputs: readonly Output[], renames: readonly string[], name: string): Deps {
    work.spend(outputs.length)
    if (renames.length === 0) return named(outputs, name)
    if (outputs.some((output) => output.star !== undefined)) return mentions.union(...outputs.map(all))
    // Columns past the last of the new names keep theirs.
    return named(
      outputs.map((output, index) => ({ ...output, name: renames[index] ?? output.name })),
      name,
    )
  }

  function named(outputs: readonly Output[], name: string): Deps {
    return mentions.union(
      ...outputs.map((output) => {
        if (output.star !== undefined) return columnOf(output.star, name)
        return output.name === undefined || output.name === name ? output.deps : NOTHING
      }),
    )
  }

  const all = (output: Output): Deps => (output.star === undefined ? output.deps : rowsOf(output.star))

  function row(source: Source): Deps {
    switch (source.kind) {
      case 'relation':
        return one('*', source.relation)
      case 'open':
        return source.deps
      case 'joined':
        return rowsOf(source.sources)
      case 'derived':
        return mentions.union(...source.outputs.map(all))
    }
  }

  const rowsOf = (sources: readonly Source[]): Deps => mentions.union(...sources.map(row))
  const columnOf = (sources: readonly Source[], name: string): Deps =>
    mentions.union(...sources.map((source) => column(source, name)))
  const byAlias = (alias: string, scope: Scope): Source[] =>
    everySource(scope).filter((source) => source.alias === alias)
  /** Of every scope that a name is looked for in; where PostgreSQL would stop at the first, all count. */
  function everySource(scope: Scope): readonly Source[] {
    const all: Source[] = []
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      work.spend(1 + at.sources.length)
      for (const source of at.sources) all.push(source)
    }
    return all
  }

  /** Undefined where it has no column of that name; without a name, any counts. */
  function kindIn(source: Source, name?: string): Kind | undefined {
    work.spend(1)
    switch (source.kind) {
      case 'relation':
        return 'column'
      case 'open':
        return 'open'
      case 'joined':
        return source.renames.length > 0 ? 'open' : kindInAny(source.sources, name)
      case 'derived':
        return kindOfOutputs(source.outputs, source.renames, name)
    }
  }

  function kindInAny(sources: readonly Source[], name?: string): Kind | undefined {
    const kinds = sources.flatMap((source) => kindIn(source, name) ?? [])
    return kinds.length === 0 ? undefined : anyOf(kinds)
  }

  function kindOfOutputs(
    outputs: readonly Output[],
    renames: readonly string[],
    name?: string,
  ): Kind | undefined {
    work.spend(outputs.length)
    const renamed = renames.length > 0
    if (renamed && outputs.some(({ star }) => star !== undefined)) return 'open'
    const kinds = outputs.flatMap((output, index) => {
      if (output.star !== undefined) return kindInAny(output.star, name) ?? []
      const called = (renamed ? renames[index] : undefined) ?? output.name
      return name === undefined || called === undefined || called === name ? (output.kind ?? 'open') : []
    })
    return kinds.length === 0 ? undefined : anyOf(kinds)
  }

  return {
    rowsOf,
    kindOf(alias, name, scope) {
      const isWhole = alias === undefined && byAlias(name, scope).length > 0
      const sources = alias === undefined ? everySource(scope) : byAlias(alias, scope)
      return isWhole ? 'open' : (kindInAny(sources, name) ?? 'open')
    },
    kindOfRows: (sources) => kindInAny(sources) ?? 'literal',
    columnOf,
    outputs: named,
    unqualified(name, scope) {
      const sources = everySource(scope)
      // With no FROM at all it may still be a name that a rule, a default or a definition knows.
      if (sources.length === 0) return one(name)
      // A relation's own name is its whole row.
      const whole = rowsOf(byAlias(name, scope))
      mentions.makeRow(whole)
      return mentions.union(columnOf(sources, name), whole)
    },
    qualified(alias, name, scope) {
      const sources = byAlias(alias, scope)
      if (sources.length === 0) return one(name)
      // `row.function` calls the function with the row (PostgreSQL 4.2.6).
      return mentions.union(columnOf(sources, name), ROW_ARGUMENT.has(name) ? rowsOf(sources) : NOTHING)
    },
    isOfRelation(alias, name, scope) {
      const sources = alias === undefined ? everySource(scope) : byAlias(alias, scope)
      const isWhole = alias === undefined && byAlias(name, scope).length > 0
      const meant = sources.filter((source) => column(source, name).size > 0)
      return !isWhole && meant.length > 0 && meant.every(({ kind }) => kind === 'relation')
    },
    starOf(alias, scope) {
      const sources = byAlias(alias, scope)
      return sources.length === 0 ? undefined : sources
    },
  }
}
