// Values by the name of a prepared statement or portal. Nearly every statement of the extended protocol defines the unnamed one
// and removes it, so that it has a field of its own: V8 makes a new table whenever a small Map becomes empty.

const UNNAMED = ''

/** No value is undefined. */
export class ByName<V> {
  #unnamed: V | undefined
  readonly #named = new Map<string, V>()

  size(): number {
    return this.#named.size + (this.#unnamed === undefined ? 0 : 1)
  }

  get(name: string): V | undefined {
    return name === UNNAMED ? this.#unnamed : this.#named.get(name)
  }

  set(name: string, value: V): void {
    if (name === UNNAMED) this.#unnamed = value
    else this.#named.set(name, value)
  }

  delete(name: string): void {
    if (name === UNNAMED) this.#unnamed = undefined
    else this.#named.delete(name)
  }

  /** Names may be deleted meanwhile. */
  each(visit: (name: string, value: V) => void): void {
    if (this.#unnamed !== undefined) visit(UNNAMED, this.#unnamed)
    for (const [name, value] of this.#named) visit(name, value)
  }
}
