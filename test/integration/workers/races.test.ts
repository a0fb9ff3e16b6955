// npm run proof:races in small: one batch for each race.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { playBatch, VIOLATIONS } from '../../proof/races/batch.ts'
import { type Place, startPlace } from '../../proof/races/place.ts'
import { RACES } from '../../proof/races/races.ts'
import { playRetries, RETRY_RACES } from '../../proof/races/retries.ts'

let place: Place
let engineer: string
beforeAll(async () => {
  place = await startPlace('child')
  engineer = await place.stack.tokens.person(['engineers'])
})
afterAll(() => place?.stop())

it.each(RACES)(
  'an approval against $name: nothing runs unapproved, nothing twice, and no client is told wrong',
  async (race) => {
    const endings = await playBatch(place, race, 8, engineer)
    expect(endings).toHaveLength(8)
    const wrong = endings.filter(({ outcome }) => VIOLATIONS.some((violation) => violation === outcome))
    expect(wrong).toEqual([])
  },
)

it.each(RETRY_RACES)('one approval, and $name: used as often as it may be, and no more', async (race) => {
  const { ran, wrong } = await playRetries(place, race)
  expect(wrong).toEqual([])
  expect(ran).toBeLessThanOrEqual(race.uses)
})
