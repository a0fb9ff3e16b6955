// What SQL's own names cost when one text defines thousands.
import { beforeAll, expect, it } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { createSqlNames } from '../../../src/protocols/postgres/sql-names.ts'
import { costOf } from '../../support/cost.ts'

beforeAll(() => loadParser())

it('a text that defines thousands of names is read a few times, not once for each of them', () => {
  const text = Array.from(
    { length: 4_000 },
    (_, n) => `PREPARE p${n} AS SELECT * FROM orders WHERE id > 1;`,
  ).join(' ')
  const analysis = createAnalyzer({ trustedFunctions: [], maxBytes: 1024 * 1024 }).analyze(text)
  if (analysis.kind !== 'facts') throw new Error('invariant: not analysed')
  const names = createSqlNames(10_000)
  expect(costOf(() => names.note(analysis.facts, text)).turns).toBeLessThan(5)
  expect(names.meanings('prepared', 'p3999')).toHaveLength(1)
})
