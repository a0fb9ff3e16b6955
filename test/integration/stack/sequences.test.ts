// Random sequences of names, portals, prepared statements, cursors and transactions, for some seconds with a seed that is
// printed; `npm run proof:sequences -- MINUTES SEED` plays the same, and as long as is asked for.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Place, startPlace } from '../../proof/sequences/sequences.ts'

const seed = Date.now() % 1_000_000
const FOR_MS = 5_000
let place: Place

beforeAll(async () => {
  console.log(`sequences with seed ${seed}`)
  place = await startPlace()
})
afterAll(() => place?.stop())

it('straight to PostgreSQL, sequences show masked values and run what is denied', async () => {
  // always the same ones: what random sequences show in so short a time differs
  const { leaks, ran, refused } = await place.play('straight', 1, { sessions: 40 })
  expect(leaks.length).toBeGreaterThan(2)
  expect(ran.length).toBeGreaterThan(2)
  expect(refused).toBe(0)
})

it.each(['app', 'windowed'] as const)(
  'whatever stands behind a name, what is masked stays masked and what is denied does not run: %s',
  async (way) => {
    const { leaks, ran, hangs, ended, refused, masked } = await place.play(way, seed, { ms: FOR_MS })
    expect({ seed, leaks, ran, hangs, ended }).toEqual({ seed, leaks: [], ran: [], hangs: [], ended: [] })
    expect(refused).toBeGreaterThan(0)
    expect(masked).toBeGreaterThan(0)
  },
)
