// Two databases that differ in masked values alone: nothing that a client receives may differ. For some seconds, with a seed
// that is printed; `npm run proof:interference -- MINUTES SEED` plays the same, and as long as is asked for.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Place, startPlace } from '../../proof/interference/interference.ts'
import { sweep } from '../../proof/interference/sweep.ts'

const seed = Date.now() % 1_000_000
const FOR_MS = 2_000
/** One of so many programs of the sweep. */
const EVERY = 100
let place: Place

beforeAll(async () => {
  console.log(`interference with seed ${seed}`)
  place = await startPlace(seed)
})
afterAll(() => place?.stop())

it('straight to PostgreSQL, programs tell what stands in columns that masks hide', async () => {
  const { differ, programs } = await place.play('straight', 1, { programs: 30 })
  expect(programs).toBe(30)
  expect(differ.length).toBeGreaterThan(1)
})

it.each(['redact', 'tokenize'] as const)('random programs tell nothing of masked values: %s', async (way) => {
  const { differ, ended, succeeded, refused } = await place.play(way, seed, { ms: FOR_MS })
  expect({ seed, differ, ended }).toEqual({ seed, differ: [], ended: [] })
  expect(succeeded).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})

it('no function, operator, cast or form of expression tells of the masked values that it is given', async () => {
  const some = [...sweep(place.known, seed)].filter((_, n) => n % EVERY === seed % EVERY)
  const { differ, ended, succeeded } = await place.playThese('redact', some, { ms: 2 * FOR_MS })
  expect({ seed, differ, ended }).toEqual({ seed, differ: [], ended: [] })
  expect(succeeded).toBeGreaterThan(0)
})

it('OIDs of tables that programs make are of one counter, and no difference', async () => {
  const program = ['create table fresh as select grp from plain', 'select * from fresh']
  const { differ, succeeded } = await place.playThese('redact', [program])
  expect({ differ, succeeded }).toEqual({ differ: [], succeeded: 2 })
})
