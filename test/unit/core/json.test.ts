import fc from 'fast-check'
import { expect, it } from 'vitest'
import { membersOf } from '../../../src/core/json.ts'

/** Characters that no line of JSON of ours holds as they are. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const escaped = (json: string) =>
  json.replace(HIDDEN, (character) =>
    [...Array(character.length).keys()]
      .map((n) => `\\u${character.charCodeAt(n).toString(16).padStart(4, '0')}`)
      .join(''),
  )

/** Few values, so that they repeat; long ones, and ones that JSON writes otherwise than they are. */
const value = fc.oneof(
  fc.constantFrom('', 'SELECT 1', 'SELECT 2', "größe '\u2028\u0000\ud800", '"\\', 'x'.repeat(2000)),
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.constantFrom(undefined, null, true, Number.NaN, Number.POSITIVE_INFINITY, -0, 1e300, 1.5),
  fc.array(fc.string(), { maxLength: 2 }),
)
const records = fc.array(fc.record({ text: value, reason: value, rows: value }, { requiredKeys: [] }))

it('members that stand for several are written as these', () => {
  const shared = fc.record({ outcome: value, reason: value, rules: value }, { requiredKeys: [] })
  fc.assert(
    fc.property(shared, value, (made, text) => {
      const whole = escaped(JSON.stringify({ first: 0, text, ...made, last: 1 }))
      for (let again = 0; again < 2; again += 1) {
        expect(`{"first":0${membersOf({ text, made, last: 1 })}}`).toBe(whole)
      }
    }),
  )
})

it('the members of a record are what JSON.stringify makes of it, whatever the record before had', () => {
  fc.assert(
    fc.property(records, (list) => {
      for (const record of list) {
        const whole = escaped(JSON.stringify({ first: 0, ...record }))
        expect(`{"first":0${membersOf(record)}}`).toBe(whole)
      }
    }),
  )
})

it('a line has no character that ends it for some readers, moves a cursor or turns text around, and says the same', () => {
  const text = 'a\u007f\u0085\u009b2J\u200b\u2028\u2029\u202e\ufeff\u{e0001}é😀'
  const line = `{"first":0${membersOf({ text, actor: { name: text }, made: { reason: text }, parameters: [text] })}}`
  expect(line).not.toMatch(HIDDEN)
  expect(line).toContain('é😀')
  expect(JSON.parse(line)).toEqual({
    first: 0,
    text,
    actor: { name: text },
    reason: text,
    parameters: [text],
  })
})
