// npm run proof:races in small: one batch for each race.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { playBatch, VIOLATIONS } from '../../proof/races/batch.ts'
import { type Place, pause, startPlace } from '../../proof/races/place.ts'
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

it('statements that are asked for while Redis does not answer are refused, and nothing of theirs runs later', async () => {
  const calm = { name: 'a Redis that hangs', table: 'ran' as const, within: 60 }
  place.redis.freeze()
  // longer than a statement waits for an answer of the store
  const thawed = pause(4000).then(() => place.redis.thaw())
  const endings = await playBatch(place, calm, 8, engineer)
  await thawed
  expect(new Set(endings.map(({ outcome }) => outcome))).toEqual(new Set(['refused before it was held']))
  expect(endings).toHaveLength(8)
})

it.each(RETRY_RACES)('one approval, and $name: used as often as it may be, and no more', async (race) => {
  const { ran, wrong } = await playRetries(place, race)
  expect(wrong).toEqual([])
  expect(ran).toBeLessThanOrEqual(race.uses)
})
