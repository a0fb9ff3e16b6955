import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { partialValue } from '../../../src/masking/partial.ts'
import { HIDDEN_TYPES } from '../../../src/masking/postgres-types.ts'
import { columnMask, type Strategy } from '../../../src/masking/value-mask.ts'

const key = createSecretKey('k'.repeat(32), 'utf8')
const kept = fc.record({ end: fc.constantFrom('first', 'last'), count: fc.integer({ min: 1, max: 8 }) })
const strategy: fc.Arbitrary<Strategy> = fc.oneof(
  fc.constant<Strategy>({ kind: 'null' }),
  fc.constant<Strategy>({ kind: 'redact' }),
  fc.constant<Strategy>({ kind: 'hash', key }),
  fc.constant<Strategy>({ kind: 'tokenize', key }),
  fc.string({ maxLength: 30 }).map((value): Strategy => ({ kind: 'fixed', value })),
  kept.map((kept): Strategy => ({ kind: 'partial', kept })),
)
const target = fc.record({
  type: fc.oneof(fc.constantFrom(...HIDDEN_TYPES.keys()), fc.nat()),
  format: fc.constantFrom('text' as const, 'binary' as const),
})
const unicode = fc.string({ unit: 'binary', maxLength: 60 })

it('a mask takes any bytes without throwing, keeps them as they were, and answers the same each time', () => {
  fc.assert(
    fc.property(strategy, target, fc.uint8Array({ maxLength: 100 }), (kind, column, value) => {
      const before = value.slice()
      const mask = columnMask(kind, column)
      const first = mask(value)
      expect(mask(value)).toEqual(first)
      expect(value).toEqual(before)
    }),
  )
})

it('a mask that writes in place shows what it shows otherwise, within the room that it states', () => {
  const values = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    unicode.map((text) => Buffer.from(text)),
  )
  const written = fc.tuple(strategy, target).map(([kind, column]) => columnMask(kind, column))
  fc.assert(
    fc.property(written, values, fc.nat(20), fc.nat(20), (mask, value, before, after) => {
      const { writer } = mask
      fc.pre(writer !== undefined)
      const from = Buffer.concat([Buffer.alloc(before, 0x80), value, Buffer.alloc(after, 0x80)])
      const out = new Uint8Array(after + value.length + writer.growth)
      const end = writer.write(from, before, before + value.length, out, after)
      const shown = mask(value)
      if (shown === null) expect(end).toBe(-1)
      else expect(out.slice(after, end)).toEqual(Uint8Array.from(shown))
    }),
  )
})

it('partial shows a tail of at most keep_last characters and at most a third of the value', () => {
  fc.assert(
    fc.property(unicode, fc.integer({ min: 1, max: 8 }), (value, keepLast) => {
      const masked = Buffer.from(
        partialValue(Buffer.from(value), { end: 'last', count: keepLast }),
      ).toString()
      const points = [...Buffer.from(value).toString()]
      const tail = [...masked.slice(3)]
      expect(masked.startsWith('***')).toBe(true)
      expect(tail).toHaveLength(Math.min(keepLast, Math.floor(points.length / 3)))
      expect(tail).toEqual(tail.length === 0 ? [] : points.slice(-tail.length))
    }),
  )
})

it('partial of any bytes is UTF-8 and no longer than the prefix and eight characters', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (value) => {
      const masked = partialValue(value, { end: 'last', count: 8 })
      expect(masked.length).toBeLessThanOrEqual(3 + 8 * 4)
      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(masked)).not.toThrow()
    }),
  )
})
