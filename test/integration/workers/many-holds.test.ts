// npm run proof:holds in small: forty statements held at once over two workers.
import { describe, expect, it } from 'vitest'
import { median, percentile } from '../../bench/statistics.ts'
import { type HoldsReport, holdMany } from '../../proof/holds/holds.ts'
import { judge } from '../../proof/holds/verdict.ts'

/** Of polling, which wakes whoever a message did not wake: once a second, and so after half of one at the median. */
const POLLED = 500

it('each runs exactly when it is approved: none twice, none lost, none that was denied, and without polling', async () => {
  const { held, approved, denied, workers, wrong, sinceSent, sinceAnswered } = await holdMany(40, 'child')
  expect(wrong).toEqual([])
  expect({ held, decided: approved + denied }).toEqual({ held: 40, decided: 40 })
  expect(sinceSent).toHaveLength(approved)
  expect(workers.reduce((sum, holds) => sum + holds, 0)).toBe(40)
  for (const holds of workers) expect(holds).toBeGreaterThan(0)
  expect(median(sinceAnswered)).toBeLessThan(POLLED / 2)
  expect(percentile(sinceSent, 99)).toBeLessThan(4 * POLLED)
})

describe('the proof', () => {
  const report = (ms: number, parts: Partial<HoldsReport> = {}): HoldsReport => ({
    held: 3,
    approved: 2,
    denied: 1,
    workers: [2, 1],
    wrong: [],
    sinceSent: [ms, ms],
    sinceAnswered: [ms, ms],
    ...parts,
  })
  const idle = { load: 0.6, cores: 2 }
  const busy = { load: 3.6, cores: 2 }

  it.each([
    ['soon, on an idle machine', report(49), idle, true, 'p99 within 50 ms: holds'],
    ['soon, on a busy machine', report(49), busy, true, 'p99 within 50 ms: holds'],
    ['late, on an idle machine', report(51), idle, false, 'p99 beyond 50 ms: FAILS'],
    [
      'late, on a busy machine',
      report(51),
      busy,
      true,
      'beyond 50 ms, not judged: load 3.6 on 2 cores: holds',
    ],
    ['none approved', report(1, { sinceSent: [] }), idle, false, 'FAILS'],
    ['one otherwise', report(1, { wrong: ['held-1 ran 2 times'] }), busy, false, '1 went otherwise'],
    ['one not held', report(1, { held: 2 }), busy, false, 'FAILS'],
    ['one worker alone', report(1, { workers: [3, 0] }), busy, false, 'FAILS'],
  ])('%s', (_, measured, machine, holds, line) => {
    const verdict = judge(measured, 3, machine)
    expect(verdict.holds).toBe(holds)
    expect(verdict.line).toContain(line)
  })
})
