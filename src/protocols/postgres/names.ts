// Prepared statements and portals by name, as the server will have them when the next message is read.
// The server's answer may still be on its way: what an earlier segment left open is waited for, so that a name never
// stands for anything but what the server holds under it.
import { ProtocolError } from '../../core/errors.ts'
import { ByName } from './by-name.ts'

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

export const createNames = <T>(options: NamesOptions<T>): Names<T> => new NameTable(options)

class NameTable<T> implements Names<T> {
  readonly #options: NamesOptions<T>
  readonly #confirmed = new ByName<T>()
  /** the last change of a name that the server has not confirmed */
  readonly #pending = new ByName<Change<T>>()

  constructor(options: NamesOptions<T>) {
    this.#options = options
  }

  resolve(name: string, segment: number): Resolved<T> {
    const change = this.#pending.get(name)
    if (change && change.segment !== segment) return { kind: 'wait' }
    const value = change ? change.value : this.#confirmed.get(name)
    return value === undefined ? { kind: 'none' } : { kind: 'known', value }
  }

  change(name: string, value: T | undefined, segment: number): () => void {
    const { what, limit, keep } = this.#options
    const isNew = this.#confirmed.get(name) === undefined && this.#pending.get(name) === undefined
    if (value !== undefined && isNew && this.#confirmed.size() + this.#pending.size() >= limit) {
      throw new ProtocolError(`more than ${limit} ${what} in one session`, 'too-large')
    }
    const change = { value, segment }
    this.#settle(name)
    if (value !== undefined) keep(value)
    this.#pending.set(name, change)
    return () => this.#confirm(name, change)
  }

  rollBack(segment: number): void {
    this.#pending.each((name, change) => {
      if (change.segment === segment) this.#settle(name)
    })
  }

  forget(name: string): void {
    const value = this.#confirmed.get(name)
    if (value !== undefined) this.#options.release(value)
    this.#confirmed.delete(name)
  }

  clear(): void {
    this.#confirmed.each((name) => this.forget(name))
  }

  #confirm(name: string, change: Change<T>): void {
    const { value } = change
    // What was kept for the change is kept for the name from now on.
    if (this.#pending.get(name) === change) this.#pending.delete(name)
    else if (value !== undefined) this.#options.keep(value)
    this.forget(name)
    if (value !== undefined) this.#confirmed.set(name, value)
  }

  #settle(name: string): void {
    const value = this.#pending.get(name)?.value
    if (value !== undefined) this.#options.release(value)
    this.#pending.delete(name)
  }
}
