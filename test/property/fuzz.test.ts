// Damaged input for every decoder, the analysis and whole sessions, for some seconds; `npm run proof:fuzz` does it for an hour.
import { expect, it } from 'vitest'
import { fuzz, HANGS } from '../proof/fuzz/fuzz.ts'
import { targets } from '../proof/fuzz/targets.ts'

it('damaged input crashes nothing and hangs nothing', async () => {
  for (const { name, runs, slowest, crashes } of fuzz(await targets(), 0.15, 4)) {
    expect({ name, crashes }).toEqual({ name, crashes: [] })
    expect(runs).toBeGreaterThan(10)
    expect(slowest).toBeLessThan(HANGS)
  }
})
