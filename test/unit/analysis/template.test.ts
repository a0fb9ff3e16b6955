// Which numbers of a text may differ without another analysis.
import { beforeAll, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { templateOf } from '../../../src/analysis/postgres/template.ts'

beforeAll(loadParser)

test.each([
  ['SELECT abalance FROM accounts WHERE aid = 4711;', 'SELECT abalance FROM accounts WHERE aid = ?;'],
  ['select * from t where a=1 and b <= 22 or c<>3', 'select * from t where a=? and b <= ? or c<>?'],
  ['update t set a = 5 where b != 6', 'update t set a = ? where b != ?'],
  [
    'select a from t where a > 999999999 order by 1 limit 2',
    'select a from t where a > ? order by 1 limit 2',
  ],
])('%s: a number behind a comparison is a value', (sql, template) => {
  expect(templateOf(sql)?.replaceAll('\0', '?')).toBe(template)
})

test.each([
  ['places in ORDER BY and GROUP BY', 'select a, b from t group by 1, 2 order by 1'],
  ['a limit', 'select a from t limit 5 offset 6'],
  ['an argument', 'select nextval(16385), f(1, 2)'],
  ['a named argument', 'select f(a => 1, b := 2)'],
  ['a negative argument', 'select nextval(-16385)'],
  ['a negative number', 'select a from t where a = -1'],
  ['a number with a fraction or an exponent', 'select a from t where a = 1.5 or a = 2e3 or a = 3.'],
  ['a number with a letter or an underscore', 'select a from t where a = 1x or a = 0x1 or a = 1_000'],
  ['a number that may not fit 32 bits', 'select a from t where a = 1234567890'],
  ['zero, which the tree leaves out', 'select a from t where a = 0'],
  ['a longer operator', 'select a from t where a @> 1 or a ->> 2 or a ~= 3 or a |> 4 or a <-> 5'],
  ['a quote', `select a from t where a = 1 and b = 'x'`],
  ['a quoted name', 'select "a" from t where a = 1'],
  ['a dollar sign', 'select a from t where a = 1 and b = $1'],
  ['a comment', 'select a from t where a = 1 -- x'],
  ['another comment', 'select a from t /* = 1 */ where a = 2'],
  ['a second statement', 'select a from t where a = 1; drop table t'],
  ['a backslash', 'select a from t where a = 1 \\'],
  ['letters beyond ASCII', 'select a from t where a = 1 and größe = 2'],
  ['a blank beyond ASCII', 'select a from t where a =\u00a01'],
  ['another command', 'set work_mem = 4096'],
  ['EXPLAIN', 'explain select a from t where a = 1'],
  ['a common table expression in front', 'with x as (select 1) select a from x where a = 1'],
  ['a long text', `select a from t where a = 1${' '.repeat(2048)}`],
])('%s: such a text is known by itself alone', (_, sql) => {
  expect(templateOf(sql)).toBeUndefined()
})

test('texts of one template are analysed once, and have the same facts object', () => {
  const { analyze, stats } = createAnalyzer()
  const [one, two] = [analyze('select a from t where a = 1'), analyze('select a from t where a = 2')]
  expect(two).toBe(one)
  expect(stats()).toMatchObject({ entries: 1, hits: 1, misses: 1 })
})

test('a statement whose approval goes by its very text keeps a fingerprint of its own', () => {
  const { analyze } = createAnalyzer()
  const fingerprint = (sql: string) => {
    const result = analyze(sql)
    return result.kind === 'facts' ? result.facts.fingerprint : undefined
  }
  const [one, two] = [1, 2].map((n) => fingerprint(`select purge(a) from t where a = ${n}`))
  expect(one).toBeDefined()
  expect(two).not.toBe(one)
})

test('an error is of its own text', () => {
  const { analyze } = createAnalyzer()
  expect(analyze('select a from t where a = 1 wher')).toMatchObject({ kind: 'syntax-error' })
  expect(analyze('select a from t where where a = 1')).toMatchObject({ kind: 'syntax-error' })
  expect(analyze('select a from t where a = 10 order')).toMatchObject({ kind: 'syntax-error' })
})
