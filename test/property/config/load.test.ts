// Whatever a file holds, loading ends with a configuration or a ConfigError.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { parseConfig } from '../../../src/config/load.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import { GOOD_CONFIG } from '../../support/config.ts'

function loads(text: string): boolean {
  try {
    parseConfig(text, 'chaperone.yaml')
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.problems.length).toBeGreaterThan(0)
    return false
  }
}

it('any text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => !loads(text)))
})

it('any data under the keys of a configuration', () => {
  const keys = fc.constantFrom(
    'version',
    'issuers',
    'secrets',
    'resources',
    'policies',
    'masks',
    'store',
    'admin',
  )
  const data = fc.dictionary(keys, fc.jsonValue({ maxDepth: 4 }))
  fc.assert(fc.property(data, (value) => void loads(stringify(value))))
})

it('a good configuration with a piece cut out, doubled or replaced', () => {
  const place = fc.nat({ max: GOOD_CONFIG.length })
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(' ', '\n', ':', '- ', '&a ', '*a', '{', '!!x ', '<<: '),
  )
  fc.assert(
    fc.property(place, fc.nat({ max: 40 }), piece, (start, length, text) => {
      void loads(GOOD_CONFIG.slice(0, start) + text + GOOD_CONFIG.slice(start + length))
    }),
    { numRuns: 500 },
  )
})
