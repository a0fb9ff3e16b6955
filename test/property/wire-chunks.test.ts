// Chunks against the simplest thing that does the same: all bytes in one array.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createChunks } from '../../src/wire/chunks.ts'

type Step =
  | { readonly do: 'push' | 'take' | 'peek'; readonly length: number }
  | { readonly do: 'at'; readonly place: number }
  | { readonly do: 'clear' }

const length = fc.oneof(fc.nat(12), fc.integer({ min: 1000, max: 5000 }))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), length }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'peek' as const), length }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('at' as const), place: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)

it('chunks give what was pushed, whatever is done in which order, and leave what they gave as it was', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const chunks = createChunks()
      let model: number[] = []
      let next = 0
      const given: { readonly bytes: Uint8Array; readonly expected: readonly number[] }[] = []
      for (const one of steps) {
        if (one.do === 'push') {
          const bytes = Uint8Array.from({ length: one.length }, () => next++ & 0xff)
          chunks.push(bytes)
          model.push(...bytes)
        } else if (one.do === 'clear') {
          chunks.clear()
          model = []
        } else if (one.do === 'at') {
          if (one.place < model.length) expect(chunks.at(one.place)).toBe(model[one.place])
        } else if (one.length > model.length) {
          expect(chunks.peek(one.length)).toBeUndefined()
        } else {
          const bytes = one.do === 'take' ? chunks.take(one.length) : chunks.peek(one.length)
          const expected = one.do === 'take' ? model.splice(0, one.length) : model.slice(0, one.length)
          given.push({ bytes: bytes ?? new Uint8Array(0), expected })
        }
        expect(chunks.length()).toBe(model.length)
      }
      expect([...chunks.take(model.length)]).toEqual(model)
      for (const { bytes, expected } of given) expect([...bytes]).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})
