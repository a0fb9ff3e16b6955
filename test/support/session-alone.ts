// A session of a protocol without a gateway around it: what it is given, and masks that hide nothing.
import { createMemory, type SessionMemory } from '../../src/core/memory.ts'
import type { SessionContext } from '../../src/core/session.ts'
import { createMasker } from '../../src/masking/masker.ts'

const NO_KEYS = {
  key: () => {
    throw new Error('no key')
  },
}

export const UNMASKED = createMasker([], NO_KEYS, 'app')

export const alone = (memory: SessionMemory = createMemory().share()): SessionContext => ({
  peer: { source: '127.0.0.1:1', tlsVersion: 'TLSv1.3' },
  random: (n) => new Uint8Array(n),
  now: () => 0,
  memory,
})
