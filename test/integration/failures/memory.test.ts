// A large result that comes in windows leaves the memory of Envoy as it was, however fast the server is.
// Larger ones are for `npm run proof:memory`.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { play, RESOURCES } from '../../proof/memory/cases.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ services: 'child', resources: RESOURCES, config: { recordings: {} } })
}, 60_000)
afterAll(() => stack?.stop())

/** Bytes: without windows, half of it and more waits in Envoy. */
const SIZE = 150e6
/** MiB: the windows, buffers, and what allocators keep */
const FLAT = 32

it.each(['extended', 'simple'] as const)(
  'a result of 150 MB to a client that reads at once leaves no more than 32 MiB in Envoy (%s)',
  async (way) => {
    const { bytes, memory } = await play(stack, { name: way, resource: 'windowed', way, pace: 'fast' }, SIZE)
    expect(bytes).toBeGreaterThan(SIZE)
    const envoy = memory.find(({ name }) => name === 'Envoy')
    expect((envoy?.most ?? 0) - (envoy?.before ?? 0)).toBeLessThan(FLAT)
  },
  60_000,
)
