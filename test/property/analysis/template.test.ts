// Facts that are remembered for all texts that differ in some numbers must be the facts of each of them.
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { textFingerprint } from '../../../src/analysis/postgres/fingerprint.ts'
import { templateOf } from '../../../src/analysis/postgres/template.ts'
import { changes } from '../../unit/analysis/cases/changes.ts'
import { functions } from '../../unit/analysis/cases/functions.ts'
import { queries } from '../../unit/analysis/cases/queries.ts'

beforeAll(loadParser)

/** remembers nothing */
const { analyze } = createAnalyzer({ cacheEntries: 0 })

/** Numbers that places, sizes, object identifiers and constant conditions would show by. */
const number = fc.oneof(
  fc.constantFrom(1, 2, 3, 10, 1259, 999_999_999),
  fc.integer({ min: 1, max: 999_999_999 }),
)

/** What analysis says, less the fingerprint that is of the text alone. */
function said(sql: string): unknown {
  const result = analyze(sql)
  if (result.kind !== 'facts') return result.kind
  const { statements, fingerprint } = result.facts
  return { statements, fingerprint: fingerprint === textFingerprint(sql) ? 'the text' : fingerprint }
}

/** How many of the texts were of use: a test of nothing else shows nothing. */
let compared = 0

function sameWith(sql: string, numbers: readonly number[]): void {
  const template = templateOf(sql)
  if (template === undefined) return
  let next = 0
  const other = template.replaceAll('\0', () => String(numbers[next++ % numbers.length]))
  expect(templateOf(other)).toBe(template)
  const facts = said(sql)
  expect(said(other)).toEqual(facts)
  if (typeof facts === 'object') compared += 1
}

const PIECES = [
  ...`select insert update delete from where and or not in exists ( ) ( ) , . * + - / % < > = <= >= <> != => := :: [ ] id
  ssn t u c null true as on join left order by group by having limit offset distinct set values into returning between
  case when then else end any all variadic array row over partition union with ordinality filter rows preceding for update
  regclass int numeric(5,2) nextval count sum coalesce lower purge public. 1 2 17 =1 =2 <3 >=4 <>5 = 6 = 7 a= 8`.split(
    /\s+/,
  ),
  'order by 1',
  'group by 2',
  'limit 3',
  'nextval(-4)',
  'purge(x => 5)',
  'where id = 6',
  'set id = 7',
  'on t.id = 8',
]
const BEGINNINGS = [
  'select id from t where id = 6',
  'select id, ssn from t, u where id <> 5 and',
  'update t set id = 7',
  'insert into t select id from u where id < 3',
  'delete from t where id >= 4 or',
]
const randomText = fc
  .tuple(fc.constantFrom(...BEGINNINGS), fc.array(fc.constantFrom(...PIECES), { maxLength: 7 }))
  .map(([begin, words]) => [begin, ...words].join(' '))

/** Conditions that always parse, with compared numbers where one may stand. */
const condition = fc.letrec<{ value: string; condition: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('id', 't.ssn', '1', '(select max(ssn) from u where id = 4)', 'nextval(3)', '5::regclass'),
    tie('value').map((value) => `purge(${value}, b => 1)`),
    tie('condition').map((one) => `case when ${one} then id else 2 end`),
    tie('value').map((value) => `coalesce(${value} >= 3, true)::int`),
    tie('value').map((value) => `(${value} + 1)`),
  ),
  condition: fc.oneof(
    { depthSize: 'small' },
    tie('value').map((value) => `${value} = 7`),
    tie('value').map((value) => `${value}<>8::int`),
    tie('value').map((value) => `${value} < 9 * id`),
    tie('value').map((value) => `1 = 1 and ${value} is null`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} or not ${b})`),
    tie('condition').map((one) => `exists (select 1 from u where ${one} order by id = 2, 1)`),
  ),
})).condition
const statement = fc.tuple(condition, condition, fc.constantFrom(0, 1, 2, 3, 4)).map(([a, b, kind]) => {
  switch (kind) {
    case 0:
      return `select id, ${a} from t where ${b} order by 2, ${a} limit 3`
    case 1:
      return `update t set ssn = 4, id = id + 1 where ${a} returning ${b}`
    case 2:
      return `insert into t select id from u where ${a} on conflict do nothing returning ${b}`
    case 3:
      return `delete from t using u where ${a} and u.id = 5;`
    default:
      return `select count(*), max(ssn) from t where ${a} group by id > 2, 1 having ${b}`
  }
})

const RUNS = 1500
const numbers = fc.array(number, { minLength: 1, maxLength: 8 })

test('facts of a statement are the same with other numbers in the places of its template', () => {
  compared = 0
  fc.assert(fc.property(statement, numbers, sameWith), { numRuns: RUNS })
  expect(compared).toBeGreaterThan(RUNS / 2)
})

test('so are those of anything that looks like a statement', () => {
  compared = 0
  fc.assert(fc.property(randomText, numbers, sameWith), { numRuns: RUNS })
  expect(compared).toBeGreaterThan(RUNS / 100)
})

test('so are those of every statement that analysis is tested with, with numbers put in', () => {
  const known = [...queries, ...functions, ...changes].map(([sql]) => sql)
  const withNumbers = known.flatMap((sql) => [sql, sql.replaceAll(/= *(?:\$1|'[^']*'|[a-z]+\b)/g, '= 11')])
  compared = 0
  for (const sql of withNumbers) sameWith(sql, [1, 2, 3])
  expect(compared).toBeGreaterThan(10)
})
