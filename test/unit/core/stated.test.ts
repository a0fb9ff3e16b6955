// What an asker says of a statement: in its comment, or in the session's setting.
import { describe, expect, it, test } from 'vitest'
import { MAX_STATED, reasonIn, sessionReasonOf, statedOf, unmetBy } from '../../../src/core/stated.ts'

describe('of a comment and a setting', () => {
  test.each<[string, string | undefined, string | undefined, boolean]>([
    ['delete from t', undefined, undefined, false],
    ['delete from t', 'said before', 'said before', false],
    ['delete from t /* reason: here */', 'said before', 'here', false],
    ['/* break-glass: it burns */ delete from t', 'said before', 'it burns', true],
    ['/* reason: */ delete from t', 'said before', 'said before', false],
    // A session that says these words for all that comes breaks no glass.
    ['delete from t', '/* break-glass: it burns */', '/* break-glass: it burns */', false],
  ])('%j, %j: %j', (text, sessionReason, reason, breakGlass) => {
    const operation = { text, ...(sessionReason === undefined ? {} : { sessionReason }) }
    expect(statedOf(operation)).toEqual(reason === undefined ? undefined : { reason, breakGlass })
    expect(sessionReasonOf(operation)).toBe(reason === sessionReason ? sessionReason : undefined)
  })
})

it('words are what reviewers see of them: white space is one space, and so many characters', () => {
  expect(reasonIn(' CHG-1\n\t fix ')).toBe('CHG-1 fix')
  expect(reasonIn(' \n ')).toBeUndefined()
  for (const unseen of ['\u200b', '\u3164\u2800', '\u00a0\ufe0f', '\u0338'])
    expect(reasonIn(unseen)).toBeUndefined()
  expect(reasonIn('.')).toBe('.')
  expect(reasonIn('x'.repeat(MAX_STATED + 1))).toHaveLength(MAX_STATED)
  // Half of a character is none.
  expect(reasonIn(`${'x'.repeat(MAX_STATED - 1)}😀`)).toBe('x'.repeat(MAX_STATED - 1))
})

it('a pattern is for the whole reason, one of several is enough, and of each list one', () => {
  const either = ['CHG-*', 'INC-*']
  expect(unmetBy('.', 'required')).toEqual([])
  for (const fits of ['CHG-1', 'INC-1: it burns']) expect(unmetBy(fits, [either]), fits).toEqual([])
  for (const not of ['.', 'chg-1', 'see CHG-1']) expect(unmetBy(not, [either]), not).toEqual([either])
  expect(unmetBy('CHG-1', [either, ['*-1'], ['*!']])).toEqual([['*!']])
})
