// What is known under names of one kind, and since when.

export interface Shelf<E> {
  isFresh(name: string): boolean
  /** by the clock, from when on it should be asked for again */
  due(name: string): number
  /** by the clock, until when it is believed */
  until(name: string): number
  of(name: string): readonly E[]
  /** undefined when the name was not asked for, or too long ago, unless that will do */
  known(name: string, evenOld?: boolean): readonly E[] | undefined
  /** The names were asked for again: gives what was known of them, and drops it. `age` in milliseconds. */
  replace(names: readonly string[], age: number): readonly E[]
  add(name: string, entry: E): void
  remove(name: string, entry: E): void
  /** nothing is believed any more, and all is kept */
  forget(): void
  clear(): void
}

export interface ShelfLimits {
  readonly names: number
  /** milliseconds; less than it is believed for, so that what was fresh when it was looked at is still when it is used */
  readonly dueAfter: number
  /** milliseconds */
  readonly freshFor: number
  readonly now: () => number
}

export function createShelf<E>({ names: maxNames, dueAfter, freshFor, now }: ShelfLimits): Shelf<E> {
  const byName = new Map<string, readonly E[]>()
  const askedAt = new Map<string, number>()
  const asked = (name: string) => askedAt.get(name) ?? Number.NEGATIVE_INFINITY
  const until = (name: string) => asked(name) + freshFor
  const isFresh = (name: string) => now() < until(name)
  const of = (name: string) => byName.get(name) ?? []
  const clear = () => {
    byName.clear()
    askedAt.clear()
  }
  return {
    due: (name) => asked(name) + dueAfter,
    until,
    isFresh,
    of,
    known: (name, evenOld = false) => (evenOld || isFresh(name) ? of(name) : undefined),
    replace(names, age) {
      if (askedAt.size + names.length > maxNames) askedAt.clear()
      const before = names.flatMap(of)
      for (const name of names) {
        byName.delete(name)
        askedAt.set(name, now() - age)
      }
      return before
    },
    add: (name, entry) => byName.set(name, [...of(name), entry]),
    remove(name, entry) {
      const left = of(name).filter((other) => other !== entry)
      if (left.length > 0) byName.set(name, left)
      else byName.delete(name)
    },
    forget: () => askedAt.clear(),
    clear,
  }
}
