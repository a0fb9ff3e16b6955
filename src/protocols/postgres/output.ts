// Where the parts of a session put what they want done, in order.
import type { Effect } from '../../core/session.ts'

export interface Output {
  toClient(bytes: Uint8Array): void
  toServer(bytes: Uint8Array): void
  emit(effect: Effect): void
  /** takes what was collected */
  drain(): readonly Effect[]
}

export function createOutput(): Output {
  let effects: Effect[] = []
  const emit = (effect: Effect) => {
    effects.push(effect)
  }
  return {
    emit,
    toClient: (bytes) => emit({ kind: 'to-client', bytes }),
    toServer: (bytes) => emit({ kind: 'to-server', bytes }),
    drain() {
      const taken = effects
      effects = []
      return taken
    },
  }
}
