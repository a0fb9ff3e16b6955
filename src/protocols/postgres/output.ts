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
export function createOutput(): Output {
  let effects: Effect[] = []
  let shown: Uint8Array[] = []
  let sent: Uint8Array | undefined
  /** where what follows `sent` in its memory, and goes with it, ends */
  let sentEnd = 0

  function endRun(): void {
    const [first] = shown
    if (first !== undefined) {
      effects.push({ kind: 'to-client', bytes: shown.length === 1 ? first : Buffer.concat(shown) })
      shown = []
    }
    if (sent === undefined) return
    const length = sentEnd - sent.byteOffset
    const bytes = length === sent.length ? sent : Buffer.from(sent.buffer, sent.byteOffset, length)
    effects.push({ kind: 'to-server', bytes })
    sent = undefined
  }

  function emit(effect: Effect): void {
    endRun()
    effects.push(effect)
  }

  return {
    emit,
    toClient(bytes) {
      if (bytes.length >= LONG || sent !== undefined) endRun()
      shown.push(bytes)
      if (bytes.length >= LONG) endRun()
    },
    toServer(bytes) {
      if (sent === undefined || sentEnd !== bytes.byteOffset || sent.buffer !== bytes.buffer) {
        endRun()
        sent = bytes
      }
      sentEnd = bytes.byteOffset + bytes.length
    },
    drain() {
      endRun()
      const taken = effects
      effects = []
      return taken
    },
  }
}
