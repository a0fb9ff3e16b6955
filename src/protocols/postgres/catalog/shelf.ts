// What is known under names of one kind, and since when.

export interface Shelf<E> {
  /** @param since by the clock: what was answered since then will do, though it may have been overtaken meanwhile */
  isFresh(name: string, since?: number): boolean
  /** by the clock, from when on it should be asked for again */
  due(name: string): number
  /**
   * Those of the names that are to be asked for, once each; whoever is told them with `since` is taken to ask.
   * @param since by the clock: what was answered before is as well, unless somebody asks just now
   */
  missing(names: readonly string[], since?: number): readonly string[]
  /** by the clock, until when it is believed */
  until(name: string): number
  of(name: string): readonly E[]
  /** undefined when the name was not asked for, or too long ago, unless that will do */
  known(name: string, since?: number): readonly E[] | undefined
  /** The names were asked for again: gives what was known of them, and drops it. */
  replace(names: readonly string[], answer: AnswerTime): readonly E[]
  add(name: string, entry: E): void
  remove(name: string, entry: E): void
  clear(): void
}

export interface AnswerTime {
  /** of the snapshot that it was read in, in milliseconds */
  readonly age: number
  /** the epoch in which it was asked for */
  readonly epoch: number
}

export interface ShelfLimits {
  readonly names: number
  /** milliseconds; less than it is believed for, so that what was fresh when it was looked at is still when it is used */
  readonly dueAfter: number
  /** milliseconds */
  readonly freshFor: number
  readonly now: () => number
  /** What was asked for in an epoch before this one is believed no more, and is kept. */
  readonly epoch: () => number
}

/**
 * For so long what is believed does for others while somebody asks for it anew, in milliseconds: of hundreds that are approved at
 * once, each would keep the others waiting.
 */
const WHILE_ASKED = 250

export function createShelf<E>({ names: maxNames, dueAfter, freshFor, now, epoch }: ShelfLimits): Shelf<E> {
  const byName = new Map<string, readonly E[]>()
  const answered = new Map<string, { readonly at: number; readonly epoch: number }>()
  /** by the clock, when names were asked for anew last */
  const asked = new Map<string, number>()
  const at = (name: string) => {
    const answer = answered.get(name)
    return answer?.epoch === epoch() ? answer.at : Number.NEGATIVE_INFINITY
  }
  const due = (name: string) => at(name) + dueAfter
  const isTooOld = (name: string, since = Number.NEGATIVE_INFINITY) =>
    at(name) < since && (asked.get(name) ?? Number.NEGATIVE_INFINITY) <= now() - WHILE_ASKED
  const until = (name: string) => at(name) + freshFor
  const isFresh = (name: string, since?: number) =>
    now() < until(name) ||
    (since !== undefined && (answered.get(name)?.at ?? Number.NEGATIVE_INFINITY) >= since)
  const of = (name: string) => byName.get(name) ?? []
  const clear = () => {
    byName.clear()
    answered.clear()
  }
  return {
    due,
    missing(names, since) {
      const missing = [...new Set(names)].filter((name) => now() >= due(name) || isTooOld(name, since))
      if (since === undefined) return missing
      if (asked.size + missing.length > maxNames) asked.clear()
      for (const name of missing) asked.set(name, now())
      return missing
    },
    until,
    isFresh,
    of,
    known: (name, since) => (isFresh(name, since) ? of(name) : undefined),
    replace(names, { age, epoch: askedIn }) {
      if (answered.size + names.length > maxNames) answered.clear()
      const before = names.flatMap(of)
      for (const name of names) {
        byName.delete(name)
        answered.set(name, { at: now() - age, epoch: askedIn })
      }
      return before
    },
    add: (name, entry) => byName.set(name, [...of(name), entry]),
    remove(name, entry) {
      const left = of(name).filter((other) => other !== entry)
      if (left.length > 0) byName.set(name, left)
      else byName.delete(name)
    },
    clear,
  }
}
