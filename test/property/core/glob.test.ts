// The matcher agrees with the obvious definition on small inputs.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { matchesGlob } from '../../../src/core/glob.ts'

function byDefinition(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] === '*') {
    return byDefinition(pattern.slice(1), text) || (text !== '' && byDefinition(pattern, text.slice(1)))
  }
  return pattern[0] === text[0] && byDefinition(pattern.slice(1), text.slice(1))
}

it('agrees with the recursive definition', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  fc.assert(
    fc.property(letters, letters, (pattern, text) => {
      expect(matchesGlob(pattern, text)).toBe(byDefinition(pattern, text))
    }),
    { numRuns: 2000 },
  )
})
