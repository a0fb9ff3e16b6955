// What is left of the parser behind texts that trap it.
import { beforeAll, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { parseSql, scanSql } from '../../../src/analysis/postgres/parser.ts'

beforeAll(loadParser)

const tooDeep = (nth: number) => `select ${nth}${'+1'.repeat(20_000)}`

test('texts that trap the parser leave it ready for the next in the same turn of the event loop', () => {
  const { analyze } = createAnalyzer()
  for (let nth = 0; nth < 5; nth += 1) {
    const trapped = analyze(tooDeep(nth))
    if (trapped.kind !== 'facts') throw new Error(JSON.stringify(trapped))
    expect(trapped.facts.statements.map(({ incomplete }) => incomplete)).toEqual(['it is nested too deeply'])
    expect(parseSql(`select ${nth}`).kind).toBe('tree')
    expect(scanSql('select 1')).toBeDefined()
  }
})

test('an instance that took the place of one that trapped is as good one turn later', async () => {
  parseSql(tooDeep(0))
  expect(parseSql('select 1').kind).toBe('tree')
  await new Promise((resolve) => setImmediate(resolve))
  expect(parseSql('select a from t where')).toMatchObject({ kind: 'syntax-error', position: 22 })
  expect(parseSql('select 1').kind).toBe('tree')
})
