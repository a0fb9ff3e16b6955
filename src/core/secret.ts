// A credential in memory. It prints as <secret> wherever it is turned into text by accident (invariant 5).
import { inspect } from 'node:util'

const PRINTED = '<secret>'

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Each call site is a place to review: it may go to a verifier or to the target, nowhere else. */
  reveal(): string {
    return this.#value
  }

  /** Length of the UTF-8 encoding, in bytes. */
  get byteLength(): number {
    return Buffer.byteLength(this.#value)
  }

  toString(): string {
    return PRINTED
  }

  toJSON(): string {
    return PRINTED
  }

  [inspect.custom](): string {
    return PRINTED
  }
}
