// Drivers of other languages while nothing comes for longer than `limits.idle`: of what keeps Envoy from ending the session
// they take no notice.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { missingTool, type Program, runProgram } from '../../support/programs.ts'
import { startWays, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
}, 240_000)
afterAll(() => ways?.stop())

const WITHIN = 400_000
const PROGRAMS: readonly Program[] = ['pgx', 'jdbc']

async function play(program: Program, environment: Ways['direct']['environment']) {
  await ways.stack.superuser('truncate notes cascade')
  return runProgram(program, 'quiet', environment)
}

it.each(PROGRAMS)(
  '%s sees what it sees straight at the server, within a row and a COPY, too, and is told why it ends',
  async (program) => {
    const missing = missingTool(program)
    if (missing !== undefined && !process.env['CI'])
      return console.warn(`${program} is not tested: this machine has no ${missing}`)
    const { waits: before, ...expected } = await play(program, ways.direct.environment)
    expect(JSON.stringify(before)).not.toContain('57P05')
    const { waits, ...seen } = await play(program, ways.pulsing.environment)
    expect(seen).toEqual(expected)
    expect(JSON.stringify(waits)).toMatch(/57P05/)
  },
  WITHIN,
)
