// Of a service that is hot: V8 runs optimised code of the parser there, which takes more of the stack than what it begins with.
import { setFlagsFromString } from 'node:v8'
import { beforeAll, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'

beforeAll(async () => {
  setFlagsFromString('--no-liftoff')
  await loadParser()
})

const { analyze } = createAnalyzer()

test.each([
  ['subqueries', (n: number) => `select ${'(select '.repeat(n)}1${' from t)'.repeat(n)}`],
  [
    'CASE',
    (n: number) =>
      `select ${'case when '.repeat(n)}a is null then 1 end${' is null then 1 end'.repeat(n - 1)} from t`,
  ],
  ['calls', (n: number) => `select ${'lower('.repeat(n)}a${')'.repeat(n)} from t`],
  ['conditions', (n: number) => `select 1 from t where ${'not ('.repeat(n)}a${')'.repeat(n)}`],
  ['tables', (n: number) => `select * from ${'(select * from '.repeat(n)}t${' ) s'.repeat(n)}`],
])('a hundred %s within each other are understood', (_, nested) => {
  const result = analyze(nested(100))
  if (result.kind !== 'facts') throw new Error(JSON.stringify(result))
  expect(result.facts.statements.map(({ incomplete }) => incomplete)).toEqual([undefined])
})
