// Facts beside accesses: rows, copies, names of the session, fingerprints.
import { beforeAll, describe, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { accessesText, factsOf, statementOf } from './case.ts'

beforeAll(loadParser)

describe('returnsRows', () => {
  test.each([
    'select 1',
    'values (1)',
    'table t',
    'insert into t values (1) returning a',
    'update t set a = 1 returning a',
    'delete from t returning *',
    'merge into t using s on true when matched then delete returning *',
    'show all',
    'explain select 1',
    'explain analyze insert into t values (1)',
    'fetch 1 from c',
    'execute p',
    'call p()',
    'copy t to stdout',
  ])('%s gives rows', (sql) => {
    expect(statementOf(sql).returnsRows).toBe(true)
  })

  test.each([
    'insert into t select * from u',
    'delete from t where id in (select id from u)',
    'select 1 into t',
    'select 1 into t union select 2',
    'create table t as select 1',
    'move 1 in c',
    'copy t from stdin',
    "copy t to '/x'",
    'prepare p as select 1',
    'declare c cursor for select 1',
    'begin',
  ])('%s gives none', (sql) => {
    expect(statementOf(sql).returnsRows).toBe(false)
  })
})

test('COPY through the connection tells its direction', () => {
  expect(statementOf('copy t from stdin').copy).toBe('in')
  expect(statementOf('copy t to stdout').copy).toBe('out')
  expect(statementOf('copy (select 1) to stdout').copy).toBe('out')
  expect(statementOf("copy t to '/x'").copy).toBeUndefined()
})

describe('COPY TO STDOUT tells how it writes its rows', () => {
  const csv = { format: 'csv', delimiter: ',', quote: '"', escape: '"' }
  test.each([
    ['copy t to stdout', { ...csv, format: 'text', delimiter: '\t' }],
    ["copy t to stdout (delimiter '|', null 'none')", { ...csv, format: 'text', delimiter: '|' }],
    ['copy t to stdout (format csv, header, force_quote *)', csv],
    ["copy t to stdout csv delimiter ';' quote $$'$$", { ...csv, delimiter: ';', quote: "'", escape: "'" }],
    ["copy t to stdout (format csv, escape '\\')", { ...csv, escape: '\\' }],
  ])('%s', (sql, rows) => {
    expect(statementOf(sql).copyRows).toEqual(rows)
  })

  test.each([
    'copy t to stdout (format binary)',
    'copy binary t to stdout',
    "copy t to stdout (delimiter '1')",
    "copy t to stdout (format csv, quote '1')",
    "copy t to stdout (format csv, escape '1')",
    "copy t to stdout (encoding 'sjis')",
    "copy t to stdout (format 'json')",
    'copy t from stdin',
  ])('but not: %s', (sql) => {
    expect(statementOf(sql).copyRows).toBeUndefined()
  })
})

describe('names of the session', () => {
  test('a prepared statement uses the types that PREPARE gives to its parameters', () => {
    const [change] = statementOf('prepare p (own.d, int) as select $1, $2').changes
    expect(change).toMatchObject({ facts: { uses: { types: [{ schema: 'own', name: 'd' }] } } })
  })

  test('PREPARE carries the facts of what it prepares', () => {
    const [change] = statementOf('prepare "P x" as delete from t').changes
    expect(change).toMatchObject({ kind: 'prepare', name: 'P x', facts: { command: 'DELETE' } })
  })

  test('DECLARE carries the facts of its query', () => {
    const [change] = statementOf('declare c cursor for select ssn from t').changes
    expect(change).toMatchObject({
      kind: 'declare-cursor',
      name: 'c',
      facts: { columns: [{ column: 'ssn', uses: ['output'] }], returnsRows: true },
    })
  })

  test('DEALLOCATE names one or, with ALL, none', () => {
    expect(statementOf('deallocate p').changes).toEqual([{ kind: 'deallocate', name: 'p' }])
    expect(statementOf('deallocate all').changes).toEqual([{ kind: 'deallocate' }])
  })

  test('only DISCARD ALL forgets names', () => {
    expect(statementOf('discard all').changes).toEqual([{ kind: 'discard-all' }])
    expect(statementOf('discard plans').changes).toEqual([])
  })

  test.each([
    ['execute p', 'prepared', 'p'],
    ['explain analyze execute p', 'prepared', 'p'],
    ['create table t as execute p', 'prepared', 'p'],
    ['fetch 1 from c', 'cursor', 'c'],
    ['move 1 in "C"', 'cursor', 'C'],
    ['delete from t where current of c', 'cursor', 'c'],
  ])('%s refers to a %s', (sql, kind, name) => {
    expect(statementOf(sql).references).toEqual([{ kind, name }])
  })
})

describe('trusted functions', () => {
  const analyzer = createAnalyzer({ trustedFunctions: ['app.price', 'lib.tax'] })
  const accesses = (sql: string) => {
    const result = analyzer.analyze(sql)
    return result.kind === 'facts' ? result.facts.statements.map(accessesText).join('; ') : result.kind
  }

  test('count as free of effects with their schema, and without one', () => {
    expect(accesses('select app.price(1), price(2), lib.tax(3)')).toBe('session SELECT')
  })

  test('are trusted in their own schema only', () => {
    expect(accesses('select evil.price(1)')).toBe('call function evil.price')
  })

  test('are altered by a definition of the same name anywhere', () => {
    expect(accesses('create function evil.price(int) returns int return 1')).toBe(
      'create function evil.price, alter function app.price',
    )
  })
})

describe('the fingerprint', () => {
  const same = (a: string, b: string) => factsOf(a).fingerprint === factsOf(b).fingerprint

  test('is 16 hex digits', () => {
    expect(factsOf('select 1').fingerprint).toMatch(/^[0-9a-f]{16}$/)
  })

  test('does not see values', () => {
    expect(same("update t set a = 'x' where id = 1", "update t set a = 'y' where id = 2")).toBe(true)
    const deep = (n: number) => `select ${'(select '.repeat(60)}${n}${' from t)'.repeat(60)}`
    expect(same(deep(1), deep(2))).toBe(true)
  })

  test.each([
    ['delete from a', 'delete from b'],
    ['do $$a$$', 'do $$b$$'],
    ['set app.x = 1', 'set app.x = 2'],
    [
      "create function f() returns int language sql as 'a'",
      "create function f() returns int language sql as 'b'",
    ],
    ["select query_to_xml('a', true, true, '')", "select query_to_xml('b', true, true, '')"],
    ["select set_config('work_mem', 'x', true)", "select set_config('search_path', 'x', true)"],
    ['notify a', 'notify b'],
    ["select dblink_exec('a', 'b')", "select dblink_exec('a', 'c')"],
    ['set role a', 'set role b'],
    ['select a, b from t order by 1', 'select a, b from t order by 2'],
    ['select a, b from t group by 1', 'select a, b from t group by 2'],
    ['select a from t where a = $1 and b = $2', 'select a from t where a = $2 and b = $1'],
    [
      `${'with a as ('.repeat(780)}select a from t${') select * from a'.repeat(780)}`,
      `${'with a as ('.repeat(780)}select b from t${') select * from a'.repeat(780)}`,
    ],
    [`select ${'not '.repeat(150)} a from t`, `select ${'not '.repeat(150)} ssn from t`],
    [
      `select * from ${'(select * from '.repeat(40)} t ${') s'.repeat(40)}`,
      `select * from ${'(select * from '.repeat(40)} u ${') s'.repeat(40)}`,
    ],
  ])('tells %s from %s', (a, b) => {
    expect(same(a, b)).toBe(false)
  })
})
