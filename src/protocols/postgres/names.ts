// Prepared statements and portals by name, as the server will have them when the next message is read.
// The server's answer may still be on its way: what an earlier segment left open is waited for, so that a name never
// stands for anything but what the server holds under it.
import { ProtocolError } from '../../core/errors.ts'

export type Resolved<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'none' }
  | { readonly kind: 'wait' }

/** A segment is what lies between two Syncs: an error skips the rest of it, and nothing beyond. */
export interface Names<T> {
  /** What the name means for a message of this segment. `wait`: only the server's answer to an earlier one can tell. */
  resolve(name: string, segment: number): Resolved<T>
  /** A definition or (undefined) a removal was sent; call the result when the server confirmed it. */
  change(name: string, value: T | undefined, segment: number): () => void
  /** The server refused something in this segment: what it did not confirm there did not happen. */
  rollBack(segment: number): void
  /** the name is gone, without an answer of its own */
  forget(name: string): void
  clear(): void
}

interface Change<T> {
  readonly value: T | undefined
  readonly segment: number
}

export interface NamesOptions<T> {
  readonly what: string
  /** how many names a session may hold at once */
  readonly limit: number
  /** A value is kept, which throws when that is too much, and then no longer. */
  readonly keep: (value: T) => void
  readonly release: (value: T) => void
}

export function createNames<T>({ what, limit, keep, release }: NamesOptions<T>): Names<T> {
  const confirmed = new Map<string, T>()
  /** the last change of a name that the server has not confirmed */
  const pending = new Map<string, Change<T>>()

  function forget(name: string): void {
    const value = confirmed.get(name)
    if (value !== undefined) release(value)
    confirmed.delete(name)
  }

  function settle(name: string): void {
    const value = pending.get(name)?.value
    if (value !== undefined) release(value)
    pending.delete(name)
  }

  return {
    resolve(name, segment) {
      const change = pending.get(name)
      if (change && change.segment !== segment) return { kind: 'wait' }
      const value = change ? change.value : confirmed.get(name)
      return value === undefined ? { kind: 'none' } : { kind: 'known', value }
    },
    change(name, value, segment) {
      const isNew = !confirmed.has(name) && !pending.has(name)
      if (value !== undefined && isNew && confirmed.size + pending.size >= limit) {
        throw new ProtocolError(`more than ${limit} ${what} in one session`, 'too-large')
      }
      const change = { value, segment }
      settle(name)
      if (value !== undefined) keep(value)
      pending.set(name, change)
      return () => {
        // What was kept for the change is kept for the name from now on.
        if (pending.get(name) === change) pending.delete(name)
        else if (value !== undefined) keep(value)
        forget(name)
        if (value !== undefined) confirmed.set(name, value)
      }
    },
    rollBack(segment) {
      for (const [name, change] of pending) if (change.segment === segment) settle(name)
    },
    forget,
    clear() {
      for (const name of confirmed.keys()) forget(name)
    },
  }
}
