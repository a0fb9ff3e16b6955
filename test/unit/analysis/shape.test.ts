import { beforeAll, describe, expect, it } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { shapeOf } from '../../../src/analysis/postgres/shape.ts'

beforeAll(() => loadParser())

const analyzer = createAnalyzer({ trustedFunctions: ['public.f'] })

function shape(sql: string): string | undefined {
  const result = analyzer.analyze(sql)
  if (result.kind !== 'facts') throw new Error(`${result.kind}: ${sql}`)
  return shapeOf(sql, result.facts)
}

describe('two statements have one shape where they differ in nothing but', () => {
  it.each([
    ['a number that is compared', 'DELETE FROM t WHERE id = 7', 'DELETE FROM t WHERE id = 8'],
    ['a text that is compared', "DELETE FROM t WHERE n <> 'a'", "DELETE FROM t WHERE n <> 'bcd'"],
    ['which comes first', 'SELECT a FROM t WHERE 7 < id', 'SELECT a FROM t WHERE 70 < id'],
    ['values of IN', 'SELECT a FROM t WHERE id IN (1, 2)', 'SELECT a FROM t WHERE id IN (3, 4)'],
    [
      'limits of BETWEEN',
      'SELECT a FROM t WHERE x BETWEEN 1 AND 2',
      'SELECT a FROM t WHERE x BETWEEN 3 AND 9',
    ],
    ['dates', "SELECT a FROM t WHERE d < '2026-01-01'::date", "SELECT a FROM t WHERE d < '2027-01-01'::date"],
    [
      'what is assigned',
      "UPDATE t SET a = 5, b = 'x' WHERE id = 1",
      "UPDATE t SET a = 9, b = 'y' WHERE id = 2",
    ],
    ['what is inserted', "INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t (a, b) VALUES (2, 'y')"],
    [
      'what a conflict assigns',
      'INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1',
      'INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2',
    ],
    [
      'comments and spaces',
      'DELETE FROM t WHERE id = 7',
      '/* reason: x */ DELETE  FROM t\nWHERE id = 7 -- y',
    ],
  ])('%s', (_what, one, other) => {
    expect(shape(one)).toMatch(/^[0-9a-f]{64}$/)
    expect(shape(other)).toBe(shape(one))
  })
})

describe('two statements have shapes of their own where they differ in', () => {
  it.each([
    ['numbers of a name', 'DELETE FROM orders_2025 WHERE id = 7', 'DELETE FROM orders_2026 WHERE id = 7'],
    ['the order of columns', 'SELECT a, b FROM t WHERE id = 7', 'SELECT b, a FROM t WHERE id = 7'],
    ['how many values IN has', 'SELECT a FROM t WHERE id IN (1)', 'SELECT a FROM t WHERE id IN (1, 2)'],
    ['how many rows are inserted', 'INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (1), (2)'],
    ['the order of arguments', 'SELECT coalesce(a, b) FROM t', 'SELECT coalesce(b, a) FROM t'],
    ['an alias', 'SELECT a AS x FROM t', 'SELECT a AS y FROM t'],
    ['an operator', 'DELETE FROM t WHERE id = 7', 'DELETE FROM t WHERE id > 7'],
    ['the column that is compared', 'DELETE FROM t WHERE a = 7', 'DELETE FROM t WHERE b = 7'],
    [
      'a condition of constants',
      'DELETE FROM t WHERE id = 7 OR 1 = 2',
      'DELETE FROM t WHERE id = 7 OR 1 = 1',
    ],
    ['TRUE and FALSE', 'DELETE FROM t WHERE false', 'DELETE FROM t WHERE true'],
    ['TRUE and FALSE that are assigned', 'UPDATE t SET a = true', 'UPDATE t SET a = false'],
    ['a value and NULL', 'UPDATE t SET a = 1', 'UPDATE t SET a = NULL'],
    ['a value and a column', 'UPDATE t SET a = 1 WHERE b = 2', 'UPDATE t SET a = 1 WHERE b = b'],
    ['a value and a parameter', 'DELETE FROM t WHERE id = 7', 'DELETE FROM t WHERE id = $1'],
    ['the key of a JSON value', "SELECT d->>'name' FROM t", "SELECT d->>'ssn' FROM t"],
    ['the limit', 'SELECT a FROM t LIMIT 10', 'SELECT a FROM t LIMIT 1000000'],
    ['the offset', 'SELECT a FROM t OFFSET 10', 'SELECT a FROM t OFFSET 20'],
    ['the column that orders', 'SELECT a, b FROM t ORDER BY 1', 'SELECT a, b FROM t ORDER BY 2'],
    ['the column that groups', 'SELECT a, b FROM t GROUP BY 1, b', 'SELECT a, b FROM t GROUP BY 2, a'],
    ['the pattern of LIKE', "SELECT a FROM t WHERE n LIKE 'a%'", "SELECT a FROM t WHERE n LIKE '%'"],
    [
      'a constant that names a table',
      "SELECT a FROM t WHERE o = 't'::regclass",
      "SELECT a FROM t WHERE o = 'u'::regclass",
    ],
    ['an argument of a function', 'SELECT left(a, 1) FROM t', 'SELECT left(a, 100) FROM t'],
    ['the size of a type', 'SELECT a::varchar(1) FROM t', 'SELECT a::varchar(9) FROM t'],
    [
      'a result of CASE',
      "SELECT CASE WHEN a = 1 THEN 'x' END FROM t",
      "SELECT CASE WHEN a = 1 THEN 'y' END FROM t",
    ],
    ['the schema', 'DELETE FROM a.t WHERE id = 7', 'DELETE FROM b.t WHERE id = 7'],
    ['the kind of a constant', 'DELETE FROM t WHERE id = 7', "DELETE FROM t WHERE id = '7'"],
    [
      'a second statement',
      'DELETE FROM t WHERE id = 7',
      'DELETE FROM t WHERE id = 7; DELETE FROM t WHERE id = 8',
    ],
    ['rows that are locked', 'SELECT a FROM t WHERE id = 7', 'SELECT a FROM t WHERE id = 7 FOR UPDATE'],
  ])('%s', (_what, one, other) => {
    expect(shape(one)).toBeDefined()
    expect(shape(other)).not.toBe(shape(one))
  })
})

describe('there is no shape', () => {
  it.each([
    'DROP TABLE t',
    "COPY t TO 'x'",
    'SELECT app.purge(7)',
    "SET search_path = 'x'",
    'DO $$BEGIN END$$',
    'EXECUTE p(1)',
    'TRUNCATE t',
    'EXPLAIN ANALYZE DELETE FROM t WHERE id = 7',
  ])('of %s', (sql) => {
    expect(shape(sql)).toBeUndefined()
  })

  it.each([300, 600, 780])('of %i queries in WITH within each other', (depth) => {
    const nested = `${'WITH a AS ('.repeat(depth)}SELECT 1 FROM t${') SELECT * FROM a'.repeat(depth)}`
    expect(shape(nested)).toBeUndefined()
  })
})
