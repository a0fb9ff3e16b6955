// What goes to the server, and what can be known about its state from that alone.
import type { Output } from '../output.ts'

export interface Sending {
  /** a message of the extended protocol; kept back until something makes the server act or answer */
  extended(bytes: Uint8Array): void
  /** what was kept back, then this */
  now(bytes: Uint8Array): void
  /** Sync: after it the server has nothing of this segment left to skip */
  sync(bytes: Uint8Array): void
  /** nothing of the open segment is with the server, so of this segment no answer is on its way to the client */
  untouched(): boolean
}

/** Bytes of a segment that are kept back; beyond, they are sent, and the client is told nothing in this segment. */
const MAX_KEPT = 64 * 1024

/**
 * Parse, Bind and Describe wait for the Execute after them: while that is held, no part of their answers may be on its
 * way, or a notice would fall into the middle of one. They change nothing on the server that could be missed meanwhile.
 */
export const createSending = (out: Output): Sending => new KeptBack(out)

class KeptBack implements Sending {
  readonly #out: Output
  #kept: Uint8Array[] = []
  #length = 0
  #untouched = true

  constructor(out: Output) {
    this.#out = out
  }

  untouched(): boolean {
    return this.#untouched
  }

  extended(bytes: Uint8Array): void {
    this.#kept.push(bytes)
    this.#length += bytes.length
    if (this.#length > MAX_KEPT) this.#flush()
  }

  now(bytes: Uint8Array): void {
    this.#flush()
    this.#out.toServer(bytes)
    this.#untouched = false
  }

  sync(bytes: Uint8Array): void {
    this.#flush()
    this.#out.toServer(bytes)
    this.#untouched = true
  }

  #flush(): void {
    if (this.#kept.length === 0) return
    for (const bytes of this.#kept) this.#out.toServer(bytes)
    this.#kept = []
    this.#length = 0
    this.#untouched = false
  }
}
