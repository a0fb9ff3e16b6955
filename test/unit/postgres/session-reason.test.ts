// What a session says of why in its setting, without a server: what may change it, and when nothing counts as said.
import { beforeAll, describe, expect, it, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { clientSettings } from '../../../src/protocols/postgres/login/settings.ts'
import { type Move, movesOf } from '../../../src/protocols/postgres/search-path/moves.ts'
import { saidOf } from '../../../src/protocols/postgres/search-path/reason.ts'
import { decodePath } from '../../../src/protocols/postgres/search-path/setting.ts'
import { createPathTracker, createUnaskedPath } from '../../../src/protocols/postgres/search-path/tracker.ts'

beforeAll(() => loadParser())
const analyzer = createAnalyzer()
function factsOf(sql: string) {
  const result = analyzer.analyze(sql)
  if (result.kind !== 'facts') throw new Error(sql)
  return result.facts
}

const moves = (...all: Move[]): ReadonlySet<Move> => new Set(all)
const row = (reason: string | null) => JSON.stringify(['"public"', 'ada', [], reason])
const login = (reason?: string, inForce = reason) => ({
  ...{ setting: '"public"', user: 'ada', reason },
  inForce: decodePath(row(inForce ?? null)),
})
const trackerOf = (reason?: string, inForce = reason) => createPathTracker(login(reason, inForce))

describe('a statement moves the reason', () => {
  test.each<[string, boolean]>([
    ["set chaperone.reason = 'x'", true],
    ['set "Chaperone"."REASON" to \'x\'', true],
    ["set local chaperone.reason = 'x'", true],
    ['reset chaperone.reason', true],
    ['set chaperone.reason to default', true],
    ["select set_config('chaperone.reason', $1, true)", true],
    ["select set_config('Chaperone.Reason', lower('X'), false)", true],
    ["prepare p as select set_config('chaperone.reason', $1, false)", true],
    ["select 1; select set_config('chaperone.reason', 'x', false)", true],
    ["set chaperone.reasons = 'x'", false],
    ["alter role ada set chaperone.reason = 'x'", false],
    ["alter database d set chaperone.reason = 'x'", false],
    ['show chaperone.reason', false],
    ['reset all', false],
  ])('%s: %j', (sql, isMoved) => {
    expect(movesOf(factsOf(sql)).all.has('reason')).toBe(isMoved)
  })

  it('and no name is looked for elsewhere because of it', () => {
    const { all, within } = movesOf(factsOf("set chaperone.reason = 'x'; table t"))
    expect([[...all], [...within]]).toEqual([['reason'], []])
  })
})

describe('the reason is in doubt, and nothing is said', () => {
  it('after it was set, until the server told', () => {
    const path = trackerOf()
    expect(path.reason.now()).toBeUndefined()
    path.sent(moves('reason'))
    path.ready('I', true)
    expect([path.reason.now(), path.doubtful(), path.role()]).toEqual(['any', false, undefined])
    path.learn(row(' CHG-1\n '), true)
    expect(path.reason.now()).toEqual({ text: 'CHG-1' })
    path.learn(row(''), true)
    expect(path.reason.now()).toBeUndefined()
  })

  test.each<Move>(['code', 'reset', 'reason'])('after %s, once the session has said something', (move) => {
    const path = trackerOf('at login')
    expect(path.reason.now()).toEqual({ text: 'at login' })
    path.sent(moves(move))
    expect(path.reason.now()).toBe('any')
  })

  it('at the end of the transaction in which it was set, and at a Sync whose segment may undo it', () => {
    const path = trackerOf()
    path.sent(moves('reason'))
    path.learn(row('x'), false)
    path.ready('T', true)
    path.synced('T')
    expect(path.reason.now()).toEqual({ text: 'x' })
    path.sent(moves('end'))
    expect(path.reason.now()).toBe('any')
    path.learn(row('x'), false)
    path.synced('I')
    expect(path.reason.now()).toBe('any')
    path.learn(row('x'), false)
    path.ready('I', true)
    expect(path.reason.now()).toBe('any')
    path.learn(row('x'), true)
    path.sent(moves('end'))
    path.ready('I', true)
    expect(path.reason.now()).toEqual({ text: 'x' })
  })

  it('never counts for a session that said nothing itself, whatever its role or its functions set', () => {
    const path = trackerOf()
    path.sent(moves('code', 'reset', 'end'))
    path.learn(row('said by a default'), true)
    expect(path.reason.now()).toBeUndefined()
  })

  it('never counts where it is what was there before the session said anything', () => {
    const path = trackerOf(undefined, 'said by a default')
    path.sent(moves('reason'))
    path.learn(row('said by the session'), true)
    expect(path.reason.now()).toEqual({ text: 'said by the session' })
    path.sent(moves('reset'))
    path.learn(row('said by a default'), true)
    expect(path.reason.now()).toBeUndefined()
  })

  it('is not what the login said where a login trigger said something else', () => {
    for (const path of [trackerOf('mine', 'another'), createUnaskedPath(login('mine', 'another'))])
      expect(path.reason.now()).toBeUndefined()
  })

  it('where nobody can be asked, once it or code may have changed it', () => {
    expect(createUnaskedPath(login('x')).reason.now()).toEqual({ text: 'x' })
    for (const move of ['reason', 'code'] as const) {
      const path = createUnaskedPath(login('x'))
      path.sent(moves('reset', 'end'))
      expect(path.reason.now()).toEqual({ text: 'x' })
      path.sent(moves(move))
      expect(path.reason.now()).toBeUndefined()
    }
    const silent = createUnaskedPath(login())
    silent.sent(moves('reason'))
    expect(silent.reason.now()).toBeUndefined()
  })

  it.each(['["a", "b", [], 1]', '["a", "b", [], ["x"]]'])('the server is not believed with %s', (wrong) => {
    expect(() => decodePath(wrong)).toThrow('cannot be read')
  })
})

describe('of a statement', () => {
  const session = (masked = false, opaque = false) => ({
    path: trackerOf('why'),
    masks: () => ({ namesColumns: masked }),
    opaque,
    ranHidden: false,
  })

  test.each([
    ["set chaperone.reason = 'other'; delete from t"],
    ["delete from t; set chaperone.reason = 'other'"],
    ["with x as (select set_config('chaperone.reason', 'other', true)) delete from t"],
    ['reset all; delete from t'],
    ['discard all; delete from t'],
  ])('nothing is said by the session where its own text may say something else: %s', (sql) => {
    expect(saidOf(session(), factsOf(sql))).toBeUndefined()
    expect(saidOf(session(), factsOf('delete from t'))).toBe('why')
  })

  it('nothing is said under masks once code may have set it to what they hide', () => {
    const facts = factsOf('delete from t')
    expect(saidOf(session(true, false), facts)).toBe('why')
    expect(saidOf(session(false, true), facts)).toBe('why')
    expect(saidOf(session(true, true), facts)).toBeUndefined()
  })
})

test.each<[Record<string, string>, string | undefined]>([
  [{ options: '-c chaperone.reason=CHG-1\\ fix' }, 'CHG-1 fix'],
  [{ options: '--Chaperone.Reason=CHG-1' }, 'CHG-1'],
  [{ 'chaperone.reason': ' ' }, undefined],
  [{ options: '-c chaperone.reason=a -c chaperone.reason=b' }, 'b'],
  [{}, undefined],
])('a startup packet with %j says %j, and the server gets it', (more, reason) => {
  const client = clientSettings(new Map(Object.entries({ user: 'ada', ...more })))
  expect(client.reason).toBe(reason)
  if (reason !== undefined) expect(client.settings['chaperone.reason']).toBe(reason)
})
