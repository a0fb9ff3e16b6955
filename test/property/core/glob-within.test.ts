// A pattern is within another if no text that it matches is left out by the other, and not otherwise.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { globWithin, matchesGlob } from '../../../src/core/glob.ts'

/** `c` is in no pattern. */
const TEXTS = [...Array(6).keys()]
  .reduce<string[][]>(
    (made) => [
      ...made,
      (made.at(-1) ?? []).flatMap((text) => ['a', 'b', 'c'].map((letter) => text + letter)),
    ],
    [['']],
  )
  .flat()

it('containment of patterns is that of all short texts', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 })
  fc.assert(
    fc.property(pattern, pattern, (narrow, wide) => {
      const all = TEXTS.every((text) => !matchesGlob(narrow, text) || matchesGlob(wide, text))
      expect(globWithin(narrow, wide)).toBe(all)
    }),
    { numRuns: 3000 },
  )
})
