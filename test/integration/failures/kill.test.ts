// The services killed at random moments under load, a few times; `npm run proof:kill` does it a thousand times.
import { expect, it } from 'vitest'
import { killAtRandom } from '../../proof/kill/kill.ts'

it('whatever ran before SIGKILL is in a recording and in the audit log, and both chains hold', async () => {
  const report = await killAtRandom(8, 'child')
  expect(report).toMatchObject({ missing: [], tampered: [] })
  expect(report.acknowledged).toBeGreaterThan(100)
}, 180_000)
