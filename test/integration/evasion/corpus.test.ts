// Every case of the evasion corpus, against the real stack; and straight against PostgreSQL, where it must succeed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EvasionCase, Leak } from '../../evasion/case.ts'
import { changes } from '../../evasion/changes.ts'
import { detected } from '../../evasion/detected.ts'
import { sideLeaks } from '../../evasion/leaks-elsewhere.ts'
import { resultLeaks } from '../../evasion/leaks-results.ts'
import { type Played, play } from '../../evasion/play.ts'
import { probes } from '../../evasion/probes.ts'
import { connectPgWire } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const leaks: readonly Leak[] = [...resultLeaks, ...sideLeaks]
/** Each run has a database of its own, so that nothing is known of the one before. */
const RUNS = 3 * (leaks.length + changes.length) + 4 * probes.length + 2 * detected.length

let stack: Stack
let token: { curious: string; vandal: string; reader: string }
let next = 0

beforeAll(async () => {
  stack = await startStack({
    postgres: { hba: 'trust' },
    resource: {
      databases: Array.from({ length: RUNS }, (_, n) => `case_${n}`),
      logins: [{ user: 'app_rw' }],
    },
    masks: {
      found: {
        resources: '*',
        detect: ['card', 'email', 'us-ssn', 'private-key'],
        except_groups: ['curious', 'vandals'],
      },
    },
    config: {
      policies: {
        anything: { decision: 'allow', resources: '*', groups: ['curious', 'readers'], effects: '*' },
        additions: {
          decision: 'allow',
          resources: '*',
          groups: ['vandals'],
          effects: ['read', 'insert', 'create', 'lock', 'listen', 'maintenance', 'session'],
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
    vandal: await stack.tokens.person(['vandals', 'pii']),
    reader: await stack.tokens.person(['readers', 'pii']),
  }
})
afterAll(() => stack?.stop())

interface Outcome {
  readonly played: Played
  /** the client's session after the steps */
  readonly alive: boolean
  /** the rows of both tables, those aside that the client added */
  readonly rows: unknown
}

const ROWS = `select (select json_agg(c order by id) from customers c where id < 900),
  (select json_agg(o order by id) from orders o where id < 900)`

/** Plays a case in a new copy of the database. Without a token, straight against PostgreSQL. */
async function run({ given = [], steps }: EvasionCase, as?: string): Promise<Outcome> {
  const database = `case_${next++}`
  await stack.postgres.query(`create database ${database} template app owner app_rw`)
  for (const sql of given) await stack.postgres.query(sql, undefined, database)
  const client = as ? await stack.wireTls() : await connectPgWire({ port: stack.postgres.port })
  try {
    await client.login({ user: 'app_rw', database }, as ? { password: as } : {})
    const played = await play(client, steps)
    const after = played.ended ? played : await play(client, ['rollback', 'select 6 * 7'])
    return { played, alive: after.seen.includes('42'), rows: await rowsOf(database) }
  } finally {
    client.destroy()
    await stack.postgres.query(`drop database ${database} with (force)`)
  }
}

const rowsOf = (database: string) =>
  stack.postgres.query(ROWS, undefined, database).catch((error: Error) => error.message)

const DATA =
  /078-05-1120|219-09-9999|457-55-5462|4111111111111111|5500005555555559|340000000000009|(ada|grace|alan)@example\.com/

test('each case has a name of its own', () => {
  for (const cases of [leaks, changes, probes, detected]) {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  }
})

describe('a masked value does not come out by', () => {
  test.each(leaks.map((leak) => [leak.name, leak] as const))('%s', async (_, leak) => {
    const value = leak.shows ?? DATA
    expect((await run(leak)).played.seen, 'straight to PostgreSQL').toMatch(value)
    const { played, alive } = await run(leak, token.curious)
    expect(played.seen).not.toMatch(value)
    expect(alive, 'the session goes on').toBe(true)
  })
})

describe('what detectors look for does not come out by', () => {
  test.each(detected.map((leak) => [leak.name, leak] as const))('%s', async (_, leak) => {
    const value = leak.shows ?? DATA
    expect((await run(leak)).played.seen, 'straight to PostgreSQL').toMatch(value)
    const { played, alive } = await run(leak, token.reader)
    expect(played.seen).not.toMatch(value)
    expect(alive, 'the session goes on').toBe(true)
  })
})

describe('what is denied does not happen by', () => {
  test.each(changes.map((change) => [change.name, change] as const))('%s', async (_, change) => {
    const untouched = await run({ name: '', ...(change.given ? { given: change.given } : {}), steps: [] })
    expect((await run(change)).rows, 'straight to PostgreSQL').not.toEqual(untouched.rows)
    const { rows, alive } = await run(change, token.vandal)
    expect(rows).toEqual(untouched.rows)
    expect(alive, 'the session goes on').toBe(true)
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
