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

/** What goes to the client in one run is one effect: each masked row on its own would cost more than its masks do. */
export function createOutput(): Output {
  let effects: Effect[] = []
  let shown: Uint8Array[] = []

  function endRun(): void {
    const [first] = shown
    if (first === undefined) return
    effects.push({ kind: 'to-client', bytes: shown.length === 1 ? first : Buffer.concat(shown) })
    shown = []
  }

  function emit(effect: Effect): void {
    endRun()
    effects.push(effect)
  }

  return {
    emit,
    toClient(bytes) {
      if (bytes.length >= LONG) endRun()
      shown.push(bytes)
      if (bytes.length >= LONG) endRun()
    },
    toServer: (bytes) => emit({ kind: 'to-server', bytes }),
    drain() {
      endRun()
      const taken = effects
      effects = []
      return taken
    },
  }
}
