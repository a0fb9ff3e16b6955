// What a recording keeps of claims is judged as the claims themselves are, and has a size.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toldClaims, unmetClaim } from '../../../src/core/claims.ts'
import { parseJson } from '../../../src/core/parse-json.ts'

const name = fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a.b.c', '__proto__', 'constructor', '')
const value = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', 'ä'), maxLength: 3 }),
  fc.constantFrom(null, true, 1, 1.5),
)
const { claim } = fc.letrec((tie) => ({
  claim: fc.oneof(
    { maxDepth: 3 },
    value,
    fc.array(tie('claim'), { maxLength: 3 }),
    fc.dictionary(name, tie('claim'), { maxKeys: 3 }),
  ),
}))
const claims = fc.dictionary(name, claim, { maxKeys: 3 })
const demands = fc.dictionary(
  name.filter((path) => path !== '__proto__'),
  fc.array(fc.constantFrom('a', 'a*', '*', 'true', '1*', 'null', ''), { minLength: 1, maxLength: 2 }),
  { minKeys: 1, maxKeys: 2 },
)

it('demands are met by what is told where they are met by the claims, and nowhere else', () => {
  fc.assert(
    fc.property(claims, demands, (all, wanted) => {
      const told = toldClaims(all, [...Object.keys(wanted), 'b'])
      const recorded = parseJson(JSON.stringify(told)) as Record<string, unknown>
      expect(unmetClaim(recorded, wanted)).toBe(unmetClaim(all, wanted))
    }),
    { numRuns: 5000 },
  )
})

it('no more is told than has room, and what has none is left out whole', () => {
  const paths = Array.from({ length: 1000 }, (_, index) => `claim-${index}`)
  const all = Object.fromEntries(paths.map((path, index) => [path, 'x'.repeat(index * 8)]))
  const told = toldClaims(all, paths) ?? {}
  expect(JSON.stringify(told).length).toBeLessThan(64 * 1024)
  for (const [path, one] of Object.entries(told)) expect(one).toBe(all[path])
  expect(toldClaims({ groups: Array.from({ length: 10_000 }, () => 'g') }, ['groups'])).toBeUndefined()
  expect(toldClaims({ email: 'ada@example.com' }, [])).toBeUndefined()
  expect(toldClaims({ email: 'ada@example.com' }, ['team'])).toEqual({ team: null })
})
