// Detectors on personal data that Faker makes up, and on values that are none: a short run of proof:detectors.
import { expect, it } from 'vitest'
import { COUNTED, makeSamples, measure } from '../../proof/detectors/samples.ts'

const COUNT = 200

it('all of what detectors look for is found whole, and hardly anything else', async () => {
  const counts = measure(await makeSamples(COUNT, 1)).filter(({ kind }) => !COUNTED.has(kind))
  const missed = counts.filter(({ label, samples, found }) => label === 'found' && found < samples)
  const mistaken = counts.filter(({ label, found }) => label === 'left' && found > 1)
  expect({ missed, mistaken }).toEqual({ missed: [], mistaken: [] })
  expect(counts.length).toBeGreaterThan(30)
})
