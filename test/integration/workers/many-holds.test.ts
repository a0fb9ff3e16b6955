// npm run proof:holds in small: forty statements held at once over two workers.
import { expect, it } from 'vitest'
import { holdMany } from '../../proof/holds/holds.ts'

it('each runs exactly when it is approved: none twice, none lost, none that was denied', async () => {
  const { held, approved, denied, workers, wrong, sinceSent } = await holdMany(40, 'child')
  expect(wrong).toEqual([])
  expect({ held, decided: approved + denied }).toEqual({ held: 40, decided: 40 })
  expect(sinceSent).toHaveLength(approved)
  expect(workers.reduce((sum, holds) => sum + holds, 0)).toBe(40)
  for (const holds of workers) expect(holds).toBeGreaterThan(0)
})
