import { Histogram, Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { createStageTimes } from '../../../src/telemetry/stages.ts'

it('shows what prom-client’s own histogram of the same observations shows', async () => {
  const bounds = [0.001, 0.01, 0.5]
  const registry = new Registry()
  const theirs = new Histogram({
    name: 'stage_seconds',
    help: 'Time',
    labelNames: ['stage'],
    buckets: bounds,
    registers: [registry],
  })
  const ours = createStageTimes('stage_seconds', 'Time', bounds)
  for (const [stage, seconds] of [
    ['policy', 0.0005],
    ['record', 0.25],
    ['policy', 0.001],
    ['policy', 7],
  ] as const) {
    theirs.observe({ stage }, seconds)
    ours.observe(stage, seconds)
  }
  const sorted = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .sort()
  expect(sorted(ours.text())).toEqual(sorted(await registry.metrics()))
})
