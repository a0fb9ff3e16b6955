// Drivers of other languages: each plays its program straight at the server and through the whole stack, masks on and off.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingTool, type Program, runProgram } from '../../support/programs.ts'
import { startWays, type Way, type Ways } from './ways.ts'

let ways: Ways
beforeAll(async () => {
  ways = await startWays()
}, 240_000)
afterAll(() => ways?.stop())

/** Making a program ready may fetch and build. */
const WITHIN = 400_000

const PROGRAMS: readonly Program[] = ['asyncpg', 'sqlalchemy', 'pgx', 'jdbc']

/** What shows that the steps did what they are for: errors of several kinds, and all of a large result. */
const PLAYED: Readonly<Record<Program, RegExp>> = {
  asyncpg:
    /42703[\s\S]*22012[\s\S]*23505[\s\S]*"timeout",1[\s\S]*5000,16000000[\s\S]*"hello"[\s\S]*"reconnect":\[0,0,0,0,0\]/,
  sqlalchemy:
    /"reflection"[\s\S]*samples[\s\S]*23505[\s\S]*22012[\s\S]*5000,"number 1"[\s\S]*serializable[\s\S]*5000,16000000[\s\S]*57014[\s\S]*"hello"/,
  pgx: /"57014"[\s\S]*42703[\s\S]*22012[\s\S]*"hello"/,
  jdbc: /23505[\s\S]*25P02[\s\S]*42703[\s\S]*57014[\s\S]*5000,16000000[\s\S]*"hello"/,
}

/** The refusal of TRUNCATE, wherever a driver puts its fields. */
const REFUSED = /42501[\s\S]*chaperone: rule no-drop|chaperone: rule no-drop[\s\S]*42501/
const SECRETS = /078-05-1120|4111111111111111|219-09-9999/

async function play(program: Program, part: 'same' | 'guarded', way: Way): Promise<Record<string, unknown>> {
  await ways.stack.superuser(`truncate notes cascade; insert into notes values (1, 'one'), (2, null)`)
  const missing = missingTool(program)
  if (missing !== undefined) throw new Error(`${program} needs ${missing}, which this machine has not`)
  return runProgram(program, part, way.environment)
}

describe.each(PROGRAMS)('%s', (program) => {
  const missing = missingTool(program)
  // What is checked for everybody is checked in whole.
  const skips = missing !== undefined && !process.env['CI']
  if (skips) console.warn(`${program} is not tested: this machine has no ${missing}`)

  it.skipIf(skips)(
    'sees what it sees straight at the server, with masks on and off, and in windows',
    async () => {
      const expected = await play(program, 'same', ways.direct)
      expect(JSON.stringify(expected)).toMatch(PLAYED[program])
      expect(await play(program, 'same', ways.unmasked)).toEqual(expected)
      if (program !== 'sqlalchemy') {
        const windowed = await play(program, 'same', ways.windowed)
        expect({ ...windowed, listen: expected.listen }).toEqual({ ...expected, listen: expected.listen })
      }
      const masked = await play(program, 'same', ways.masked)
      // what another session says may hold anything: a payload is withheld where masks apply
      expect(JSON.stringify(masked.listen ?? 'withheld')).not.toContain('hello')
      expect({ ...masked, listen: expected.listen }).toEqual({ ...expected, listen: expected.listen })
    },
    WITHIN,
  )

  it.skipIf(skips)(
    'never sees a masked value, and goes on after a refusal',
    async () => {
      const { refused, masked } = await play(program, 'guarded', ways.masked)
      expect(JSON.stringify(refused)).toMatch(REFUSED)
      expect(JSON.stringify(masked)).toMatch(/\*\*\*/)
      expect(JSON.stringify(masked)).toContain('***1111')
      expect(JSON.stringify(masked)).not.toMatch(SECRETS)
      const open = await play(program, 'guarded', ways.unmasked)
      expect(JSON.stringify(open.masked)).toMatch(SECRETS)
    },
    WITHIN,
  )
})
