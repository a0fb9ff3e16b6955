// Copies of masked values under each of the settings that a mask has for them, against the real stack.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/parser.ts'
import type { Leak } from '../../evasion/case.ts'
import { copies } from '../../evasion/copies.ts'
import { besideCopies } from '../../evasion/copies-beside.ts'
import { inExtended } from '../../evasion/extended.ts'
import { leaksBehind } from '../../evasion/leaks-behind.ts'
import { sideLeaks } from '../../evasion/leaks-elsewhere.ts'
import { newerLeaks } from '../../evasion/leaks-newer.ts'
import { resultLeaks } from '../../evasion/leaks-results.ts'
import { storedLeaks } from '../../evasion/leaks-stored.ts'
import { syntaxLeaks } from '../../evasion/leaks-syntax.ts'
import { writtenLeaks } from '../../evasion/leaks-written.ts'
import { createRuns, DATA, type Runs } from '../../evasion/run.ts'
import { type Stack, startStack } from '../../support/stack.ts'

/** Each played where the masks refuse copies, but one of a column that has none of these values. */
const leaks: readonly Leak[] = [
  ...resultLeaks,
  ...sideLeaks,
  ...leaksBehind,
  ...syntaxLeaks,
  ...newerLeaks,
  ...writtenLeaks,
  ...storedLeaks,
]
/** Who is under which masks of `customers`; probes are allowed, so that nothing else refuses. */
const SETTINGS = {
  'no mask allows copies': { refuse: ['ssn', 'card', 'email'] },
  'one mask allows copies': { refuse: ['ssn', 'email'], allow: ['card'] },
  'copies are held': { hold: ['ssn', 'card', 'email'] },
  'every mask allows copies': { allow: ['ssn', 'card', 'email'] },
  'a mask of another column allows copies': { refuse: ['ssn', 'card', 'email'], allow: ['birthday'] },
} as const
type Setting = keyof typeof SETTINGS
const KEEPING: readonly Setting[] = ['no mask allows copies', 'one mask allows copies', 'copies are held']

const names = Array.from(
  { length: 10 * copies.length + 4 * (besideCopies.length + leaks.length) },
  (_, n) => `case_${n}`,
)

let stack: Stack
let runs: Runs
let people = 0

type Masks = NonNullable<NonNullable<Parameters<typeof startStack>[0]>['masks']>

const CHOICES = ['refuse', 'hold', 'allow'] as const

type Chosen = Partial<Record<(typeof CHOICES)[number], readonly string[]>>

function masks(): Masks {
  const groups = Object.keys(SETTINGS).map(groupOf)
  const all: Masks = {}
  for (const [setting, chosen] of Object.entries<Chosen>(SETTINGS)) {
    const group = groupOf(setting)
    for (const choice of CHOICES) {
      const columns = chosen[choice]
      if (columns === undefined) continue
      all[`${choice}-${group}`] = {
        resources: '*',
        // Wildcards name also columns of views, which say nothing of those that the view gives other names.
        columns: columns.map(
          (column) => `${setting.startsWith('a mask') ? '*.*' : 'public.customers'}.${column}`,
        ),
        probes: 'allow',
        copies: choice,
        ...(choice === 'hold' ? { approvers: ['approvers'], wait: '0s' } : {}),
        except_groups: groups.filter((one) => one !== group),
      }
    }
  }
  return all
}

const groupOf = (setting: string) => setting.replaceAll(' ', '-')

beforeAll(async () => {
  await loadParser()
  stack = await startStack({
    postgres: { hba: 'trust', settings: { autovacuum: 'off' } },
    resource: { databases: names, logins: [{ user: 'app_rw' }] },
    masks: masks(),
    config: { policies: { anything: { decision: 'allow', resources: '*', effects: '*' } } },
  })
  runs = await createRuns(stack, names)
})
afterAll(async () => {
  await runs?.close()
  await stack?.stop()
})

/** Of somebody else each time: nobody has more than 100 requests for approval open. */
async function tokenUnder(setting: Setting): Promise<string> {
  people += 1
  return stack.tokens.person([groupOf(setting), 'pii'], { subject: `person-${people}` })
}

async function hides(leak: Leak, settings: readonly Setting[]): Promise<void> {
  const value = leak.shows ?? DATA
  expect((await runs.run(leak)).played.seen, 'straight to PostgreSQL').toMatch(value)
  for (const setting of settings) {
    const as = await tokenUnder(setting)
    for (const { played, alive } of [await runs.run(leak, as), await runs.run(inExtended(leak), as, true)]) {
      expect(played.seen, setting).not.toMatch(value)
      expect(alive, 'the session goes on').toBe(true)
    }
  }
}

test('each case has a name of its own', () => {
  for (const cases of [copies, besideCopies, leaks])
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
})

describe('a value whose mask does not allow copies is stored nowhere by', () => {
  test.each(copies.map((leak) => [leak.name, leak] as const))('%s', (_, leak) => hides(leak, KEEPING))
})

describe('where masks allow copies, a value comes out by nothing but the copy, and not by', () => {
  test.each(besideCopies.map((leak) => [leak.name, leak] as const))('%s', (_, leak) =>
    hides(leak, ['every mask allows copies']),
  )
})

describe('leave to copy another column of the table lets no masked value out by', () => {
  test.each(leaks.map((leak) => [leak.name, leak] as const))('%s', (_, leak) =>
    hides(leak, ['a mask of another column allows copies']),
  )
})

test('where a mask allows copies, its column is stored, and where it holds them, it waits', async () => {
  const step = 'insert into public.mine select card from customers'
  const one = {
    name: 'card',
    steps: ['create table public.mine (v text)', step, 'select v from public.mine'],
  }
  for (const setting of ['one mask allows copies', 'every mask allows copies'] as const)
    expect((await runs.run(one, await tokenUnder(setting))).played.seen).toContain('4111111111111111')
  const held = await runs.run(one, await tokenUnder('copies are held'))
  expect(held.played.seen).toContain('waits for approval')
  expect(held.played.seen).not.toContain('4111111111111111')
})
