// Hostile texts: large, deep, malformed. Each is refused or understood, and the next text is served as ever.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { costOf } from '../../support/cost.ts'
import { accessText } from './case.ts'

beforeAll(loadParser)

const MiB = 1024 * 1024
const analyze = createAnalyzer({ maxBytes: 2 * MiB }).analyze

/** Gives the event loop its turn, in which a broken parser is replaced. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

afterEach(async () => {
  await turn()
  expect(analyze('select 1')).toMatchObject({ kind: 'facts', facts: { statements: [{ command: 'SELECT' }] } })
})

const DEEP: readonly (readonly [string, string])[] = [
  ['parentheses', `select ${'('.repeat(100_000)}1${')'.repeat(100_000)}`],
  ['NOT', `select ${'not '.repeat(3000)}true`],
  ['additions', `select ${'1+'.repeat(100_000)}1`],
  ['subqueries', `select ${'(select '.repeat(10_000)}1${')'.repeat(10_000)}`],
  ['set operations', `select 1${' union select 1'.repeat(60_000)}`],
  ['array brackets', `select ${'array['.repeat(5000)}1${']'.repeat(5000)}`],
  ['CASE', `select ${'case when '.repeat(5000)}true${' then 1 end'.repeat(5000)}`],
  ['joins', `select * from t${' join t using (a)'.repeat(20_000)}`],
  ['CTEs', `${'with x as ('.repeat(3000)}select 1${') select 1'.repeat(3000)}`],
  ['a depth that parses but is not walked', `select ${'abs('.repeat(900)}1${')'.repeat(900)}`],
]

describe('deep nesting is refused, whatever nests', () => {
  test.each(DEEP)('%s', (_name, sql) => {
    const result = analyze(sql)
    if (result.kind === 'facts') {
      expect(result.facts.statements[0]?.incomplete).toBeDefined()
      expect(result.facts.statements[0]?.accesses.map((access) => access.effect)).toContain('unknown')
    } else expect(result.kind).toBe('syntax-error')
  })
})

const KiB = 1024
/** As many of them as 256 KiB, the longest statement by default, have room for. */
function many(part: (n: number) => string, separator = ',', most = 255 * KiB): string {
  let text = part(0)
  for (let n = 1; text.length < most; n += 1) text += separator + part(n)
  return text
}
/** A query of itself twice, again and again: what it depends on doubles each time. */
function doubled(times: number): string {
  let text = 'select * from orders'
  for (let n = 0; n < times; n += 1) text = `select *, * from (${text}) x${n}`
  return text
}

const GROWING: readonly (readonly [string, string])[] = [
  [
    'columns of as many tables',
    `select ${many((n) => `c${n}`, ',', 128 * KiB)} from ${many((n) => `t${n}`, ',', 126 * KiB)}`,
  ],
  [
    'stars of as many tables',
    `select ${many(() => '*', ',', 128 * KiB)} from ${many((n) => `t${n}`, ',', 126 * KiB)}`,
  ],
  [
    'columns that all have one name',
    `select ${many(() => 'x', ',', 64 * KiB)} from (select ${many(() => 'a x', ',', 64 * KiB)} from t) q`,
  ],
  ['common table expressions', `with ${many((n) => `c${n} as (select 1)`, ',', 254 * KiB)} select 1`],
  ['subqueries that double', doubled(60)],
  ['many subqueries that double', many(() => doubled(60), ';')],
  [
    'places of a long target list',
    `select ${many((n) => `c${n}`, ',', 128 * KiB)} from t order by ${many(() => '20000', ',', 126 * KiB)}`,
  ],
  ['comments that are not closed', '/*'.repeat(128 * KiB)],
  ['comments that are closed', `select ${'/**/'.repeat(64 * KiB - 10)}1`],
  ['signs', `select ${'+'.repeat(255 * KiB)}1`],
  ['two signs in turn', `select ${'-+'.repeat(127 * KiB)}1`],
]

describe('what a text takes does not grow faster than its length', () => {
  test.each(GROWING)('%s', (_name, sql) => {
    expect(sql.length).toBeLessThanOrEqual(256 * KiB + 3000)
    const { result, turns } = costOf(() => analyze(sql))
    expect(result.kind).toBe('facts')
    expect(turns).toBeLessThan(150)
  })
})

test('what is too much is refused, or taken to use every column in every way', () => {
  const [columns, , , expressions, , , , comments] = GROWING.map(([, sql]) => analyze(sql))
  expect(columns).toMatchObject({ facts: { statements: [{ columns: [{ column: '*' }] }] } })
  for (const result of [expressions, comments]) {
    if (result?.kind !== 'facts') throw new Error(result?.kind)
    expect(result.facts.statements[0]?.accesses.map(({ effect }) => effect)).toContain('unknown')
  }
})

test('what people write with many operator characters is understood', () => {
  const banner = `/${'*'.repeat(20 * KiB)}/ -- ${'='.repeat(20 * KiB)}\n`
  const table = `+${'-'.repeat(200)}+\n`.repeat(200)
  for (const sql of [`${banner}select 1`, `select '${table}'`, `select '${'-'.repeat(20 * KiB)}'`]) {
    expect(analyze(sql)).toMatchObject({ facts: { statements: [{ command: 'SELECT' }] } })
  }
})

test('a parser that breaks many times in one turn refuses until it is replaced, and never throws', async () => {
  const broken = Array.from({ length: 6 }, (_, i) => analyze(`select ${'1+'.repeat(100_000)}${i}`))
  for (const result of broken) {
    expect(result).toMatchObject({ kind: 'facts', facts: { statements: [{ command: 'UNKNOWN' }] } })
  }
  await turn()
  expect(analyze('select 2')).toMatchObject({ kind: 'facts' })
})

test('what traps the parser is not remembered', () => {
  const { analyze: anew, known } = createAnalyzer()
  const sql = `select 1${'+1'.repeat(20_000)}`
  expect(anew(sql)).toMatchObject({ facts: { statements: [{ incomplete: 'it is nested too deeply' }] } })
  expect(known(sql)).toBeUndefined()
})

test('an IN list of 1 MiB is understood', () => {
  const list = Array.from({ length: 150_000 }, (_, i) => i).join(',')
  const result = analyze(`select * from t where id in (${list})`)
  expect(result).toMatchObject({ kind: 'facts', facts: { statements: [{ accesses: [{ effect: 'read' }] }] } })
})

test('every one of 10,000 statements is judged', () => {
  const result = analyze(`${'select 1;'.repeat(10_000)}drop table t`)
  if (result.kind !== 'facts') throw new Error(result.kind)
  expect(result.facts.statements).toHaveLength(10_001)
  expect(result.facts.statements.at(-1)?.accesses.map(accessText)).toEqual(['drop table t'])
})

test('a text over the limit is too large, measured in bytes of UTF-8', () => {
  const small = createAnalyzer({ maxBytes: 20 })
  expect(small.analyze('select 1 /* 12345 */')).toMatchObject({ kind: 'facts' })
  expect(small.analyze('select 1 /* 123456 */')).toEqual({ kind: 'too-large', limit: 20 })
  expect(small.analyze('select 1 /* 1234ä */')).toEqual({ kind: 'too-large', limit: 20 })
})

test('padding does not hide a statement: 9 MiB of comment are too large', () => {
  const result = analyze(`DELETE FROM customers /* ${'x'.repeat(9 * MiB)} */`)
  expect(result).toEqual({ kind: 'too-large', limit: 2 * MiB })
})

test('NUL is refused: what follows it would not be seen', () => {
  expect(analyze('select 1\0; drop table t')).toMatchObject({ kind: 'syntax-error' })
})

test('lone surrogates are refused: they have no bytes', () => {
  expect(analyze("select '\ud800'")).toMatchObject({ kind: 'syntax-error' })
  expect(analyze('select "\udc00"')).toMatchObject({ kind: 'syntax-error' })
  expect(analyze("select '\u{1F600}'")).toMatchObject({ kind: 'facts' })
})

test('a text without statements has none', () => {
  for (const sql of ['', ' ', ';', ' ;; -- x', '/* x */']) {
    expect(analyze(sql)).toMatchObject({ kind: 'facts', facts: { statements: [] } })
  }
})

test('a syntax error has the parser’s message and its place in characters', () => {
  expect(analyze('selec 1')).toEqual({
    kind: 'syntax-error',
    message: 'syntax error at or near "selec"',
    position: 1,
  })
  expect(analyze("select '\u{1F600}' fro m x")).toMatchObject({ position: 16 })
})
