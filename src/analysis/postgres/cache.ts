// A cache of results by text: least recently used goes first, bounded by entries and by bytes.

export interface CacheStats {
  readonly entries: number
  readonly bytes: number
}

export interface Cache<V> {
  get(key: string): V | undefined
  /** `bytes` is the caller's estimate for key and value together */
  set(key: string, value: V, bytes: number): void
  stats(): CacheStats
}

interface Entry<V> {
  readonly value: V
  readonly bytes: number
}

export function createCache<V>(maxEntries: number, maxBytes: number): Cache<V> {
  const entries = new Map<string, Entry<V>>()
  /** Of the last key. */
  let latest: Entry<V> | undefined
  let held = 0

  const evict = (key: string): void => {
    held -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }

  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (entry === latest) return entry.value
      // A Map keeps the order of insertion: the first key is the one not used for longest.
      entries.delete(key)
      entries.set(key, entry)
      latest = entry
      return entry.value
    },
    set: (key, value, bytes) => {
      evict(key)
      if (bytes > maxBytes || maxEntries < 1) return
      latest = { value, bytes }
      entries.set(key, latest)
      held += bytes
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && held <= maxBytes) break
        evict(oldest)
      }
    },
    stats: () => ({ entries: entries.size, bytes: held }),
  }
}
