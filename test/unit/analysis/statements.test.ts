// What each kind of statement does, row by row.
import { beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { accessesText, type Case, statementOf } from './case.ts'
import { changes } from './cases/changes.ts'
import { definitions } from './cases/definitions.ts'
import { functions } from './cases/functions.ts'
import { queries } from './cases/queries.ts'
import { session } from './cases/session.ts'

beforeAll(loadParser)

const tables: readonly (readonly [string, readonly Case[]])[] = [
  ['queries', queries],
  ['session', session],
  ['functions', functions],
  ['definitions', definitions],
  ['changes', changes],
]

for (const [name, cases] of tables) {
  describe(name, () => {
    test.each(cases)('%s', (sql, command, accesses) => {
      const statement = statementOf(sql)
      expect([statement.command, accessesText(statement)]).toEqual([command, accesses])
    })
  })
}

test('every table together has more than 150 statements', () => {
  expect(tables.flatMap(([, cases]) => cases).length).toBeGreaterThan(150)
})
