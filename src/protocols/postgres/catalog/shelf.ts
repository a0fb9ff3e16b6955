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

export const createShelf = <E>(limits: ShelfLimits): Shelf<E> => new NamedEntries(limits)

class NamedEntries<E> implements Shelf<E> {
  readonly #limits: ShelfLimits
  readonly #byName = new Map<string, readonly E[]>()
  readonly #answered = new Map<string, { readonly at: number; readonly epoch: number }>()
  /** by the clock, when names were asked for anew last */
  readonly #asked = new Map<string, number>()

  constructor(limits: ShelfLimits) {
    this.#limits = limits
  }

  isFresh(name: string, since?: number): boolean {
    return (
      this.#limits.now() < this.until(name) ||
      (since !== undefined && (this.#answered.get(name)?.at ?? Number.NEGATIVE_INFINITY) >= since)
    )
  }

  due(name: string): number {
    return this.#at(name) + this.#limits.dueAfter
  }

  missing(names: readonly string[], since?: number): readonly string[] {
    const { now, names: most } = this.#limits
    const missing = [...new Set(names)].filter(
      (name) => now() >= this.due(name) || this.#isTooOld(name, since),
    )
    if (since === undefined) return missing
    if (this.#asked.size + missing.length > most) this.#asked.clear()
    for (const name of missing) this.#asked.set(name, now())
    return missing
  }

  until(name: string): number {
    return this.#at(name) + this.#limits.freshFor
  }

  of(name: string): readonly E[] {
    return this.#byName.get(name) ?? []
  }

  known(name: string, since?: number): readonly E[] | undefined {
    return this.isFresh(name, since) ? this.of(name) : undefined
  }

  replace(names: readonly string[], { age, epoch }: AnswerTime): readonly E[] {
    const { now, names: most } = this.#limits
    const before = names.flatMap((name) => this.of(name))
    for (const name of names) {
      this.#byName.delete(name)
      this.#answered.delete(name)
      this.#answered.set(name, { at: now() - age, epoch })
    }
    // What others were told just now they are about to rely on.
    for (const oldest of this.#answered.keys()) {
      if (this.#answered.size <= most + names.length) break
      this.#answered.delete(oldest)
    }
    return before
  }

  add(name: string, entry: E): void {
    this.#byName.set(name, [...this.of(name), entry])
  }

  remove(name: string, entry: E): void {
    const left = this.of(name).filter((other) => other !== entry)
    if (left.length > 0) this.#byName.set(name, left)
    else this.#byName.delete(name)
  }

  clear(): void {
    this.#byName.clear()
    this.#answered.clear()
  }

  #at(name: string): number {
    const answer = this.#answered.get(name)
    return answer?.epoch === this.#limits.epoch() ? answer.at : Number.NEGATIVE_INFINITY
  }

  #isTooOld(name: string, since = Number.NEGATIVE_INFINITY): boolean {
    const asked = this.#asked.get(name) ?? Number.NEGATIVE_INFINITY
    return this.#at(name) < since && asked <= this.#limits.now() - WHILE_ASKED
  }
}
