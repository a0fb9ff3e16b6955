// What is known of a session's search_path, without a server: its text, what may change it, when it is in doubt.
import { beforeAll, describe, expect, it, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Facts } from '../../../src/core/facts.ts'
import { type Move, movesOf } from '../../../src/protocols/postgres/search-path/moves.ts'
import { decodePath, schemasOf } from '../../../src/protocols/postgres/search-path/setting.ts'
import { createPathTracker, createUnaskedPath } from '../../../src/protocols/postgres/search-path/tracker.ts'
import { underPath } from '../../../src/protocols/postgres/search-path/under-path.ts'

beforeAll(() => loadParser())
const analyzer = createAnalyzer({ trustedFunctions: ['public.safe'] })
function factsOf(sql: string): Facts {
  const result = analyzer.analyze(sql)
  if (result.kind !== 'facts') throw new Error(sql)
  return result.facts
}

describe('the text of the setting is read as the server reads it', () => {
  test.each<[string, readonly string[] | 'any']>([
    ['', []],
    ['  ', []],
    ['public', ['public']],
    ['"$user", public', ['ada', 'public']],
    ['$user,public', ['ada', 'public']],
    ['App , "App"', ['app', 'App']],
    ['"with ""quotes""","a,b"', ['with "quotes"', 'a,b']],
    ['pg_temp, public,pg_catalog', ['pg_temp', 'public', 'pg_catalog']],
    ['"é"', ['é']],
    // What the server may read otherwise may be any.
    ['É', 'any'],
    ['a b', 'any'],
    ['a,', 'any'],
    [',a', 'any'],
    ['"a', 'any'],
    ['a"b"', 'any'],
    ['""', 'any'],
    ['x'.repeat(64), 'any'],
    [Array(101).fill('a').join(), 'any'],
  ])('%j', (text, schemas) => {
    expect(schemasOf(text, 'ada')).toEqual(schemas)
  })

  it('with what the server finds beside it', () => {
    const row = JSON.stringify(['a', 'ada', ['pg_temp_3', 'pg_catalog', 'a', 'renamed']])
    expect(decodePath(row).path).toEqual(['a', 'renamed'])
  })

  it.each([undefined, 'no JSON', '{}', '[1, 2, 3]', '["a", "b", "c"]'])('but not from %j', (row) => {
    expect(() => decodePath(row)).toThrow('search_path that cannot be read')
  })
})

describe('a statement moves the path', () => {
  test.each<[string, readonly Move[]]>([
    ['set search_path = a', ['set']],
    ["set search_path = ''", ['set']],
    ["set local schema 'a'", ['set']],
    ['reset search_path', ['set']],
    ["select set_config('search_path', 'a', true)", ['set']],
    ["select set_config('Search_Path', $1, true)", ['set']],
    ['set role ada', ['set']],
    ['reset role', ['set']],
    ['set session authorization ada', ['set']],
    ["prepare p as select set_config('search_path', $1, true)", ['set']],
    // Whoever is logged in may be renamed, and `$user` with him.
    ['alter role ada set search_path = a', ['set']],
    ['reset all', ['reset']],
    ['discard all', ['reset']],
    ['commit', ['end']],
    ['abort', ['end']],
    ['rollback to s', ['end']],
    ["prepare transaction 'x'", ['end']],
    ['select f()', ['code']],
    ['select lower(x), g(1) from t', ['code']],
    ['call p()', ['code']],
    ['do $$ begin end $$', ['code']],
    ["select set_config(x, 'a', true) from t", ['code']],
    ["select query_to_xml('select 1', true, true, '')", ['code']],
    ['select a operator(public.%%) b from t', ['code']],
    // These do not.
    ['select * from t', []],
    ['create schema s create view v as table t', []],
    ['begin', []],
    ['savepoint s', []],
    ['release s', []],
    ['set work_mem = 1', []],
    ['reset work_mem', []],
    ['discard plans', []],
    ['select pg_sleep(1), lower(x), safe() from t', []],
    ["alter database d set search_path = 'a'", []],
  ])('%s: %j', (sql, moves) => {
    expect([...movesOf(factsOf(sql)).all]).toEqual(moves)
  })

  test.each<[string, readonly Move[]]>([
    ['set search_path = a; select * from t', ['set']],
    ["set search_path = a; select 'x' = $$y$$", ['set']],
    ['reset all; table t', ['reset']],
    ['commit; table t', ['end']],
    ['select f(); table t', ['code']],
    ["select set_config('search_path', 'a', true), nextval('s'::text)", ['set']],
    ["select f(), nextval('s')", ['code']],
    // What is made lies in the schema; what it names may.
    ['create schema s create view v as table t', ['set']],
    ['create schema s create table t (a int)', []],
    ['create schema s; table t', []],
    // Names come first, or have a schema.
    ['table t; set search_path = a', []],
    ['set search_path = a; table a.t', []],
    ['select f(), x from t', []],
    ['begin; table t; commit', []],
  ])('%s: a name may be looked for on another path, by %j', (sql, within) => {
    expect([...movesOf(factsOf(sql)).within]).toEqual(within)
  })
})

describe('the path is in doubt', () => {
  /** as it was sent with the login, and another where something at the target set it then */
  const login = (setting: string, told = row(setting)) => ({
    setting,
    user: 'ada',
    inForce: decodePath(told),
  })
  const moves = (...all: Move[]): ReadonlySet<Move> => new Set(all)
  const row = (setting: string, user = 'ada') => JSON.stringify([setting, user, []])
  const LOGIN = login('"public"')

  it('after it was set, until the server told', () => {
    const path = createPathTracker(LOGIN)
    expect([path.doubtful(), path.untouched(), path.told()]).toEqual([false, true, undefined])
    path.sent(moves('set'))
    path.ready('I', true)
    expect(path.doubtful()).toBe(true)
    path.learn(row('a'), true)
    expect([path.doubtful(), path.unsettled(), path.told()]).toEqual([false, false, ['a']])
    path.sent(moves('reset'))
    path.learn(row('"public"'), true)
    expect([path.told(), path.untouched()]).toEqual([undefined, true])
  })

  it('as another, where the user is another', () => {
    const path = createPathTracker(login('"$user"'))
    path.sent(moves('set'))
    path.learn(row('"$user"', 'bob'), true)
    expect(path.told()).toEqual(['bob'])
  })

  it('again at the end of the transaction in which it was set', () => {
    const path = createPathTracker(LOGIN)
    path.sent(moves('set'))
    path.learn(row('a'), false)
    path.ready('T', true)
    expect(path.doubtful()).toBe(false)
    path.sent(moves('end'))
    expect(path.doubtful()).toBe(true)
    path.learn(row('a'), false)
    path.ready('I', true)
    expect(path.doubtful()).toBe(true)
  })

  it('at a Sync whose segment may undo it', () => {
    const path = createPathTracker(LOGIN)
    path.sent(moves('set'))
    path.learn(row('a'), false)
    path.synced('I')
    expect(path.doubtful()).toBe(true)
    path.learn(row('a'), false)
    path.synced('T')
    expect(path.doubtful()).toBe(false)
    path.sent(moves('end'))
    path.learn(row('a'), false)
    path.synced('T')
    expect(path.doubtful()).toBe(true)
  })

  it('never by the end of a transaction in which nothing was set, or by a reset of what was not', () => {
    const path = createPathTracker(LOGIN)
    path.sent(moves('end', 'reset'))
    path.ready('I', true)
    path.synced('I')
    expect([path.doubtful(), path.untouched()]).toEqual([false, true])
  })

  it('after code, unless the server reports the setting and reported nothing', () => {
    const silent = createPathTracker(LOGIN)
    silent.sent(moves('code'))
    silent.ready('I', true)
    expect(silent.doubtful()).toBe(true)
    const reporting = createPathTracker(LOGIN)
    reporting.reported('"public"')
    reporting.sent(moves('code'))
    expect([reporting.doubtful(), reporting.untouched()]).toEqual([true, false])
    reporting.ready('I', false)
    expect(reporting.doubtful()).toBe(true)
    reporting.ready('I', true)
    expect([reporting.doubtful(), reporting.untouched()]).toEqual([false, true])
    reporting.reported('b')
    expect(reporting.doubtful()).toBe(true)
  })

  it('after code also where it is reported, when whoever is logged in is part of it', () => {
    const path = createPathTracker(login('"$user"'))
    path.reported('"$user"')
    path.sent(moves('code'))
    path.ready('I', true)
    expect(path.doubtful()).toBe(true)
  })

  it('for ever, after code, where nobody can be asked', () => {
    const path = createUnaskedPath(LOGIN)
    path.sent(moves('set', 'reset', 'end'))
    expect([path.told(), path.doubtful()]).toEqual([undefined, false])
    path.sent(moves('code'))
    expect([path.told(), path.doubtful()]).toEqual(['any', false])
  })

  it('for ever, where nobody can be asked, once another role may be whom $user stands for', () => {
    const path = createUnaskedPath(login('"$user"'))
    path.sent(moves('reset', 'end'))
    expect(path.told()).toBeUndefined()
    path.sent(moves('set'))
    expect([path.told(), path.role()]).toEqual(['any', 'any'])
  })

  describe('but not where a default or a login trigger set another with the login', () => {
    it('then it is that one until it is reset', () => {
      const path = createPathTracker(login('"public"', row('a', 'bob')))
      expect([path.doubtful(), path.untouched(), path.told()]).toEqual([false, false, ['a']])
      expect(path.role()).toEqual({ name: 'bob' })
      path.sent(moves('reset'))
      path.ready('I', true)
      expect([path.doubtful(), path.role()]).toEqual([true, 'any'])
    })

    it('and a reset may bring the role back', () => {
      const path = createPathTracker(login('"public"', row('"public"', 'bob')))
      path.sent(moves('set'))
      path.learn(row('"public"'), true)
      expect(path.role()).toBeUndefined()
      path.sent(moves('reset'))
      expect(path.role()).toBe('any')
    })

    it('and whom $user stands for is the other role', () => {
      const path = createPathTracker(login('"$user"', row('"$user"', 'bob')))
      expect(path.told()).toEqual(['bob'])
    })

    it('where nobody can be asked it may be any after a reset', () => {
      const path = createUnaskedPath(login('"public"', row('a', 'bob')))
      expect([path.told(), path.role()]).toEqual([['a'], { name: 'bob' }])
      path.sent(moves('end'))
      expect(path.told()).toEqual(['a'])
      path.sent(moves('reset'))
      expect([path.told(), path.role()]).toEqual(['any', 'any'])
    })
  })
})

it('facts on a path are the same object for the same path, and have a fingerprint of their own', () => {
  const facts = factsOf('table t')
  expect(underPath(facts, undefined)).toBe(facts)
  const [onA, onB, anywhere] = [underPath(facts, ['a']), underPath(facts, ['b']), underPath(facts, 'any')]
  expect(underPath(facts, ['a'])).toBe(onA)
  expect(new Set([facts, onA, onB, anywhere].map(({ fingerprint }) => fingerprint)).size).toBe(4)
  expect(onA.path).toEqual(['a'])
})
