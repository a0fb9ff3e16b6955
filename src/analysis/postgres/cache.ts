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

export function createCache<V>(maxEntries: number, maxBytes: number): Cache<V> {
  const entries = new Map<string, { readonly value: V; readonly bytes: number }>()
  let held = 0

  const evict = (key: string): void => {
    held -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }

  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      // A Map keeps the order of insertion: the first key is the one not used for longest.
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set: (key, value, bytes) => {
      evict(key)
      if (bytes > maxBytes || maxEntries < 1) return
      entries.set(key, { value, bytes })
      held += bytes
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && held <= maxBytes) break
        evict(oldest)
      }
    },
    stats: () => ({ entries: entries.size, bytes: held }),
  }
}
