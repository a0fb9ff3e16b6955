// Where the parts of a session put what they want done, in order.
import { Buffer } from 'node:buffer'
import type { Effect } from '../../core/session.ts'

export interface Output {
  toClient(bytes: Uint8Array): void
  toServer(bytes: Uint8Array): void
  emit(effect: Effect): void
  /** takes what was collected */
  drain(): readonly Effect[]
}

/** A run of this many bytes goes on by itself: joining it would cost more than one more effect does. */
const LONG = 4096

/**
 * What goes to the client in one run is one effect: each masked row on its own would cost more than its masks do. So is what
 * goes to the server and lies in memory one message behind the other, as the client sent it.
 */
export const createOutput = (): Output => new SessionOutput()

class SessionOutput implements Output {
  #effects: Effect[] = []
  #shown: Uint8Array[] = []
  #sent: Uint8Array | undefined
  /** where what follows `#sent` in its memory, and goes with it, ends */
  #sentEnd = 0

  emit(effect: Effect): void {
    this.#endRun()
    this.#effects.push(effect)
  }

  toClient(bytes: Uint8Array): void {
    if (bytes.length >= LONG || this.#sent !== undefined) this.#endRun()
    this.#shown.push(bytes)
    if (bytes.length >= LONG) this.#endRun()
  }

  toServer(bytes: Uint8Array): void {
    const sent = this.#sent
    if (sent === undefined || this.#sentEnd !== bytes.byteOffset || sent.buffer !== bytes.buffer) {
      this.#endRun()
      this.#sent = bytes
    }
    this.#sentEnd = bytes.byteOffset + bytes.length
  }

  drain(): readonly Effect[] {
    this.#endRun()
    const taken = this.#effects
    this.#effects = []
    return taken
  }

  #endRun(): void {
    const [first] = this.#shown
    if (first !== undefined) {
      this.#effects.push({
        kind: 'to-client',
        bytes: this.#shown.length === 1 ? first : Buffer.concat(this.#shown),
      })
      this.#shown = []
    }
    const sent = this.#sent
    if (sent === undefined) return
    const length = this.#sentEnd - sent.byteOffset
    const bytes = length === sent.length ? sent : Buffer.from(sent.buffer, sent.byteOffset, length)
    this.#effects.push({ kind: 'to-server', bytes })
    this.#sent = undefined
  }
}
