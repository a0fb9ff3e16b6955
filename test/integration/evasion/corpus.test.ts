// Every case of the evasion corpus, against the real stack; and straight against PostgreSQL, where it must succeed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/parser.ts'
import type { Change, Leak, Probe } from '../../evasion/case.ts'
import { changes as textChanges } from '../../evasion/changes.ts'
import { detected as textDetected } from '../../evasion/detected.ts'
import { inExtended } from '../../evasion/extended.ts'
import { fastPathChanges, fastPathDetected, fastPathLeaks } from '../../evasion/fast-path.ts'
import { hiddenInTables } from '../../evasion/hidden-in-tables.ts'
import { hiddenInTexts } from '../../evasion/hidden-in-texts.ts'
import { hiddenInTypes } from '../../evasion/hidden-in-types.ts'
import { hiddenInViews } from '../../evasion/hidden-in-views.ts'
import { hiddenWhenRead } from '../../evasion/hidden-when-read.ts'
import { leaksAtEnd } from '../../evasion/leaks-at-end.ts'
import { leaksBehind } from '../../evasion/leaks-behind.ts'
import { sideLeaks } from '../../evasion/leaks-elsewhere.ts'
import { newerLeaks } from '../../evasion/leaks-newer.ts'
import { resultLeaks } from '../../evasion/leaks-results.ts'
import { storedLeaks } from '../../evasion/leaks-stored.ts'
import { syntaxLeaks } from '../../evasion/leaks-syntax.ts'
import { leaksUndone } from '../../evasion/leaks-undone.ts'
import { writtenLeaks } from '../../evasion/leaks-written.ts'
import { probes as firstProbes } from '../../evasion/probes.ts'
import { collationProbes } from '../../evasion/probes-collations.ts'
import { convertedProbes } from '../../evasion/probes-converted.ts'
import { furtherProbes } from '../../evasion/probes-further.ts'
import { lazyProbes } from '../../evasion/probes-lazy.ts'
import { shapeProbes } from '../../evasion/probes-shapes.ts'
import { createRuns, DATA, type Outcome, type Runs } from '../../evasion/run.ts'
import { pathLeaks } from '../../evasion/search-path.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const leaks: readonly Leak[] = [
  ...resultLeaks,
  ...sideLeaks,
  ...leaksBehind,
  ...leaksAtEnd,
  ...syntaxLeaks,
  ...newerLeaks,
  ...writtenLeaks,
  ...leaksUndone,
  ...pathLeaks,
]
const everyLeak: readonly Leak[] = [...leaks, ...storedLeaks, ...fastPathLeaks]
const detected: readonly Leak[] = [...textDetected, ...fastPathDetected]
const changes: readonly Change[] = [...textChanges, ...fastPathChanges]
const probes: readonly Probe[] = [
  ...firstProbes,
  ...furtherProbes,
  ...shapeProbes,
  ...lazyProbes,
  ...convertedProbes,
  ...collationProbes,
]
const hiddenCode: readonly Change[] = [
  ...hiddenInViews,
  ...hiddenInTables,
  ...hiddenInTexts,
  ...hiddenInTypes,
  ...hiddenWhenRead,
]
/** Each run through Chaperone has a database under a name of its own, so that nothing is known of the one before. */
const RUNS =
  4 * (3 * everyLeak.length + changes.length + hiddenCode.length + detected.length) + 4 * probes.length
const NAMES = Array.from({ length: RUNS }, (_, n) => `case_${n}`)

let stack: Stack
let token: { curious: string; guesser: string; vandal: string; clerk: string; reader: string }
let runs: Runs

beforeAll(async () => {
  await loadParser()
  stack = await startStack({
    postgres: { hba: 'trust', settings: { autovacuum: 'off' } },
    resource: {
      databases: NAMES,
      logins: [{ user: 'app_rw' }],
    },
    masks: {
      found: {
        resources: '*',
        detect: [
          'card',
          'email',
          'us-ssn',
          'private-key',
          { prefix: 'EMP-', of: 'digits', min: 6, max: 6 },
          { prefix: 'acme/key-', of: 'digits', min: 6 },
        ],
        except_groups: ['curious', 'vandals', 'guessers'],
      },
      guessed: {
        resources: '*',
        // Wildcards name also columns of views, which say nothing of those that the view gives other names.
        columns: ['ssn', 'card', 'email'].map((column) => `*.*.${column}`),
        probes: 'allow',
        except_groups: ['curious', 'vandals', 'clerks', 'readers'],
      },
    },
    config: {
      policies: {
        anything: {
          decision: 'allow',
          resources: '*',
          groups: ['curious', 'readers', 'guessers'],
          effects: '*',
        },
        additions: {
          decision: 'allow',
          resources: '*',
          groups: ['vandals'],
          effects: ['read', 'insert', 'create', 'lock', 'listen', 'maintenance', 'session'],
        },
        tables: {
          decision: 'allow',
          resources: '*',
          groups: ['clerks'],
          effects: ['read', 'insert', 'update', 'delete', 'truncate', 'alter', 'maintenance'],
          relations: ['public.t*', 'pg_temp.*'],
        },
        definitions: {
          decision: 'allow',
          resources: '*',
          groups: ['clerks'],
          effects: ['create', 'session', 'lock'],
        },
        'nothing-goes': {
          decision: 'deny',
          resources: '*',
          groups: ['vandals'],
          effects: ['delete', 'drop', 'truncate'],
        },
      },
    },
  })
  token = {
    curious: await stack.tokens.person(['curious']),
    guesser: await stack.tokens.person(['guessers', 'pii']),
    vandal: await stack.tokens.person(['vandals', 'pii']),
    clerk: await stack.tokens.person(['clerks', 'pii']),
    reader: await stack.tokens.person(['readers', 'pii']),
  }
  runs = await createRuns(stack, NAMES)
})
afterAll(async () => {
  await runs?.close()
  await stack?.stop()
})

const run: Runs['run'] = (one, as, again) => runs.run(one, as, again)

test('each case has a name of its own', () => {
  for (const cases of [everyLeak, changes, hiddenCode, probes, detected]) {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  }
})

function showsNo(value: RegExp, { played, alive }: Outcome, how: string): void {
  expect(played.seen, how).not.toMatch(value)
  expect(alive, `${how}: the session goes on`).toBe(true)
}

describe('a masked value does not come out by', () => {
  test.each(everyLeak.map((leak) => [leak.name, leak] as const))('%s', async (_, leak) => {
    const value = leak.shows ?? DATA
    expect((await run(leak)).played.seen, 'straight to PostgreSQL').toMatch(value)
    showsNo(value, await run(leak, token.curious), 'probes are refused')
    showsNo(value, await run(leak, token.guesser), 'probes are allowed')
    // What is stored is made of the other cases' queries.
    if (storedLeaks.includes(leak)) return
    showsNo(value, await run(inExtended(leak), token.guesser, true), 'in the extended protocol')
  })
})

describe('what detectors look for does not come out by', () => {
  test.each(detected.map((leak) => [leak.name, leak] as const))('%s', async (_, leak) => {
    const value = leak.shows ?? DATA
    expect((await run(leak)).played.seen, 'straight to PostgreSQL').toMatch(value)
    showsNo(value, await run(leak, token.reader), 'as it is')
    showsNo(value, await run(inExtended(leak), token.reader, true), 'in the extended protocol')
  })
})

async function changesNothing(change: Change, as: string): Promise<void> {
  const straight = await run(change)
  expect(straight.rows, 'straight to PostgreSQL').not.toEqual(straight.before)
  for (const { before, rows, alive } of [await run(change, as), await run(inExtended(change), as, true)]) {
    expect(before).toEqual(straight.before)
    expect(rows).toEqual(before)
    expect(alive, 'the session goes on').toBe(true)
  }
}

describe('what is denied does not happen by', () => {
  test.each(changes.map((change) => [change.name, change] as const))('%s', async (_, change) => {
    await changesNothing(change, token.vandal)
  })
})

describe('code that no statement shows does not run by', () => {
  test.each(hiddenCode.map((change) => [change.name, change] as const))('%s', async (_, change) => {
    await changesNothing(change, token.clerk)
  })
})

/** Of the first row, and one that nobody has, with the same first characters of no row. */
const RIGHT = '078-05-1120'
const WRONG = '912-99-9999'

/** Messages without what differs from run to run: the guess itself, in the words of an error. */
const seenBy = ({ played, rows }: Outcome, guess: string) => [played.seen.replaceAll(guess, 'GUESS'), rows]

describe('a right guess looks as a wrong one does by', () => {
  test.each(probes.map((probe) => [probe.name, probe] as const))('%s', async (_, { name, given, steps }) => {
    const guess = async (value: string, as?: string) => {
      const outcome = await run({ name, ...(given ? { given } : {}), steps: steps(value) }, as)
      return { alive: outcome.alive, seen: seenBy(outcome, value) }
    }
    expect((await guess(RIGHT)).seen, 'straight to PostgreSQL').not.toEqual((await guess(WRONG)).seen)
    const right = await guess(RIGHT, token.curious)
    const wrong = await guess(WRONG, token.curious)
    expect(right.seen).toEqual(wrong.seen)
    expect(right.alive, 'the session goes on').toBe(true)
  })
})
