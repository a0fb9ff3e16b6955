// Times for people, in pages and in a terminal.
import { describe, expect, it } from 'vitest'
import { relative } from '../../../../src/console/web/times.ts'
import { duration } from '../../../../src/core/duration.ts'

const HOUR = 3_600_000
const MINUTE = 60_000

describe.each([
  ['four hours less a minute', 4 * HOUR - MINUTE, '3 h 59 min'],
  ['a day and a bit', 27.5 * HOUR, '1 d 3 h'],
  ['whole hours', 2 * HOUR, '2 h'],
  ['minutes', 12.5 * MINUTE, '12 min'],
  ['seconds', 5000, '5 s'],
])('%s', (_, time, wanted) => {
  it('are said as they are, not less', async () => {
    expect(duration(time)).toBe(wanted)
    expect(String(await relative(Date.now() + time + 500))).toContain(`>in ${wanted}<`)
  })
})
