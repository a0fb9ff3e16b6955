// What sessions keep, together: counted, given back, and refused to whoever keeps much of too much.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMemory } from '../../../src/core/memory.ts'

const KIB = 1024
const MIB = 1024 * KIB

it('whoever keeps much is told when all keep too much, and whoever keeps little is not', () => {
  const memory = createMemory(2 * MIB)
  const [large, other, small] = [memory.share(), memory.share(), memory.share()]
  expect(large.keep(MIB)).toBe(true)
  expect(other.keep(MIB)).toBe(true)
  expect(small.keep(10 * KIB)).toBe(true)
  expect(large.keep(1)).toBe(false)
  other.release()
  expect(large.keep(1)).toBe(true)
})

it('what several hold counts once in all, and for each of them', () => {
  const memory = createMemory(2 * MIB)
  const facts = {}
  const sessions = Array.from({ length: 100 }, () => memory.share())
  for (const session of sessions) expect(session.hold(facts, MIB)).toBe(true)
  expect(memory.kept()).toBe(MIB)
  const more = memory.share()
  more.keep(MIB)
  more.keep(KIB)
  expect(sessions[0]?.hold({}, 1)).toBe(false)
})

it('whatever sessions do, nothing is left when all are over', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('keep' as const),
      who: fc.nat(3),
      bytes: fc.integer({ min: -50, max: 50 }),
    }),
    fc.record({ kind: fc.constantFrom('hold' as const, 'drop' as const), who: fc.nat(3), what: fc.nat(2) }),
    fc.record({ kind: fc.constant('release' as const), who: fc.nat(3) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = createMemory(1000)
      const sessions = Array.from({ length: 4 }, () => memory.share())
      const things = [{}, {}, {}]
      for (const one of steps) {
        const session = sessions[one.who]
        if (one.kind === 'keep') session?.keep(one.bytes)
        else if (one.kind === 'release') session?.release()
        else if (one.kind === 'hold') session?.hold(things[one.what] ?? {}, 100 * (one.what + 1))
        else session?.drop(things[one.what] ?? {})
      }
      for (const session of sessions) session.release()
      expect(memory.kept()).toBe(0)
    }),
  )
})
