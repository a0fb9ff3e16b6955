// What a name may stand for on a server whose answers are not seen. A definition that was sent may have failed, or have
// been skipped, so a name keeps every meaning that it was ever given. Only in the segment of its definition it is exact:
// had that failed, the server would skip the rest of the segment, and with it the message that uses the name.
import { ProtocolError } from '../../../core/errors.ts'

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

export function createMeanings<T>(
  what: string,
  limits: MeaningsLimits,
  { keep, release }: Keeping<T>,
): Meanings<T> {
  const known = new Map<string, Known<T>>()
  const exact = new Map<string, T>()

  function forget(entry: Known<T>): void {
    for (const value of entry.meanings?.values() ?? []) release(value)
    entry.meanings = undefined
  }

  function settle(name: string): void {
    const value = exact.get(name)
    if (value !== undefined) release(value)
    exact.delete(name)
  }

  return {
    define(name, value, key) {
      const entry = known.get(name) ?? { meanings: new Map<string, T>() }
      if (!known.has(name) && known.size >= limits.names)
        throw new ProtocolError(`more than ${limits.names} ${what} in one session`, 'too-large')
      known.set(name, entry)
      settle(name)
      keep(value)
      exact.set(name, value)
      if (!entry.meanings || entry.meanings.has(key)) return
      if (entry.meanings.size >= limits.meanings) return forget(entry)
      keep(value)
      entry.meanings.set(key, value)
    },
    resolve(name) {
      const value = exact.get(name)
      if (value !== undefined) return [value]
      const entry = known.get(name)
      if (!entry) return []
      return entry.meanings ? [...entry.meanings.values()] : 'too-many'
    },
    endSegment() {
      for (const name of [...exact.keys()]) settle(name)
    },
  }
}
