// What proof:pgx makes of Go's events. The lines are Go's own, of a module made for this.
import { describe, expect, it } from 'vitest'
import { cutOff, outcomesOf, readEvents } from '../../proof/pgx/go-events.ts'

const PACKAGE = 'github.com/jackc/pgx/v5/pgconn'
const event = (Action: string, Test?: string, Output?: string) =>
  JSON.stringify({ Action, Package: PACKAGE, Test, Output })
const fails = (test: string) => [
  event('run', test),
  event('output', test, `--- FAIL: ${test} (0.00s)\n`),
  event('fail', test),
]
const passes = (test: string) => [event('run', test), event('pass', test)]
const END = [event('output', undefined, `FAIL\t${PACKAGE}\t0.1s\n`), event('fail')]

const cases = {
  'a panic in a goroutine that outlives its test': {
    lines: [
      ...passes('TestOne'),
      event('run', 'TestPaused'),
      event('pause', 'TestPaused'),
      event('output', 'TestOne', 'panic: Fail in goroutine after TestOne has completed\n'),
      ...END,
    ],
    reason: 'panic: Fail in goroutine after TestOne has completed; 1 tests begun and not ended',
  },
  'a panic of a test that was the last to begin': {
    lines: [...fails('TestOne'), event('output', 'TestOne', 'panic: boom\n'), ...END],
    reason: 'panic: boom; 0 tests begun and not ended',
  },
  'a time limit': {
    lines: [
      event('run', 'TestOne'),
      event('output', 'TestOne', 'panic: test timed out after 20m0s\n'),
      ...END,
    ],
    reason: 'panic: test timed out after 20m0s; 1 tests begun and not ended',
  },
  'a signal': {
    lines: [event('run', 'TestOne'), event('output', 'TestOne', 'signal: killed\n'), ...END],
    reason: 'signal: killed; 1 tests begun and not ended',
  },
  'a package that does not compile': {
    lines: [event('output', undefined, `FAIL\t${PACKAGE} [build failed]\n`), event('fail')],
    reason: `FAIL\t${PACKAGE} [build failed]; 0 tests begun and not ended`,
  },
  'Go itself ended before its tests did': {
    lines: [event('start'), ...passes('TestOne')],
    reason: 'it ended without a word; 0 tests begun and not ended',
  },
}

describe('a package is cut off by', () => {
  it.each(Object.entries(cases))('%s', async (_, { lines, reason }) => {
    expect([...cutOff(await readEvents(lines))]).toEqual([[PACKAGE, reason]])
  })
})

describe('a package is whole', () => {
  it('when tests fail, and one prints what a panic would', async () => {
    const printed = event('output', 'TestOne', 'panic: is what I expected\n')
    const lines = [printed, ...fails('TestOne'), event('output', undefined, 'FAIL\n'), ...END]
    const report = await readEvents(lines)
    expect(cutOff(report).size).toBe(0)
    expect(outcomesOf(report).get('pgx/v5/pgconn.TestOne')?.outcome).toBe('fail')
  })

  it('when it has no tests', async () => {
    expect(cutOff(await readEvents(['go: downloading', event('start'), event('skip')])).size).toBe(0)
  })
})
