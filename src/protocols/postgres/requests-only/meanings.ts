// What a name may stand for on a server whose answers are not seen. A definition that was sent may have failed, or have
// been skipped, so a name keeps every meaning that it was ever given. Only in the segment of its definition it is exact:
// had that failed, the server would skip the rest of the segment, and with it the message that uses the name.
import { ProtocolError } from '../../../core/errors.ts'
import { ByName } from '../by-name.ts'

export interface Meanings<T> {
  /**
   * A definition is sent.
   *
   * @param key tells meanings apart
   */
  define(name: string, value: T, key: string): void
  /** none, one, or each that the name was given; `too-many` when they were not kept */
  resolve(name: string): readonly T[] | 'too-many'
  /** a Sync was sent */
  endSegment(): void
}

/** What values take in memory. */
export interface Keeping<T> {
  /** A value is kept, once more. @throws ProtocolError when that is too much */
  keep(value: T): void
  release(value: T): void
}

interface Known<T> {
  /** undefined: there were too many */
  meanings: Map<string, T> | undefined
}

export interface MeaningsLimits {
  /** names of one session, ever */
  readonly names: number
  /** meanings of one name */
  readonly meanings: number
}

export const createMeanings = <T>(what: string, limits: MeaningsLimits, keeping: Keeping<T>): Meanings<T> =>
  new MeaningTable(what, limits, keeping)

class MeaningTable<T> implements Meanings<T> {
  readonly #what: string
  readonly #limits: MeaningsLimits
  readonly #keeping: Keeping<T>
  readonly #known = new Map<string, Known<T>>()
  readonly #exact = new ByName<T>()

  constructor(what: string, limits: MeaningsLimits, keeping: Keeping<T>) {
    this.#what = what
    this.#limits = limits
    this.#keeping = keeping
  }

  define(name: string, value: T, key: string): void {
    const entry = this.#known.get(name) ?? this.#add(name)
    this.#settle(name)
    this.#keeping.keep(value)
    this.#exact.set(name, value)
    if (!entry.meanings || entry.meanings.has(key)) return
    if (entry.meanings.size >= this.#limits.meanings) return this.#forget(entry)
    this.#keeping.keep(value)
    entry.meanings.set(key, value)
  }

  resolve(name: string): readonly T[] | 'too-many' {
    const value = this.#exact.get(name)
    if (value !== undefined) return [value]
    const entry = this.#known.get(name)
    if (!entry) return []
    return entry.meanings ? [...entry.meanings.values()] : 'too-many'
  }

  endSegment(): void {
    this.#exact.each((name) => this.#settle(name))
  }

  #add(name: string): Known<T> {
    const { names } = this.#limits
    if (this.#known.size >= names)
      throw new ProtocolError(`more than ${names} ${this.#what} in one session`, 'too-large')
    const entry: Known<T> = { meanings: new Map() }
    this.#known.set(name, entry)
    return entry
  }

  #forget(entry: Known<T>): void {
    for (const value of entry.meanings?.values() ?? []) this.#keeping.release(value)
    entry.meanings = undefined
  }

  #settle(name: string): void {
    const value = this.#exact.get(name)
    if (value !== undefined) this.#keeping.release(value)
    this.#exact.delete(name)
  }
}
