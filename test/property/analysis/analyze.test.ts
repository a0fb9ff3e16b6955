// Analysis holds for any text: it never throws, and statements side by side are judged as each alone.
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createAnalyzer, loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Facts } from '../../../src/core/facts.ts'
import { changes } from '../../unit/analysis/cases/changes.ts'
import { definitions } from '../../unit/analysis/cases/definitions.ts'
import { functions } from '../../unit/analysis/cases/functions.ts'
import { queries } from '../../unit/analysis/cases/queries.ts'
import { session } from '../../unit/analysis/cases/session.ts'

beforeAll(loadParser)

const { analyze } = createAnalyzer()
const known = [...queries, ...session, ...functions, ...definitions, ...changes].map(([sql]) => sql)

function factsOf(sql: string): Facts {
  const result = analyze(sql)
  if (result.kind !== 'facts') throw new Error(`${result.kind}: ${sql}`)
  return result.facts
}

const WORDS =
  `select insert into update delete from where with recursive as materialized returning values set and or not in exists
   ( ) ( ) , ; . * = + || :: [ ] $1 'a' "b" 1 2.5 null true t u c id ssn count max lower purge public. explain analyze
   copy to stdin stdout program do $$x$$ prepare execute declare cursor for fetch create table view function drop
   truncate cascade grant on merge using when matched then union all order by group having limit case end array row
   over partition join lateral left natural table lock begin commit`.split(/\s+/)

/** Strings that look like SQL: most do not parse, some do. */
const sqlLike = fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }).map((words) => words.join(' '))

/** Expressions that always parse, with columns, subqueries and calls at any depth. */
const expression: fc.Arbitrary<string> = fc.letrec((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1', "'x'", 'a', 'u.b', '$1', 'null'),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a} || ${b})`),
    tie('expression').map((a) => `lower(${a})`),
    tie('expression').map((a) => `purge(${a})`),
    tie('expression').map((a) => `(select ${a} from hidden)`),
    tie('expression').map((a) => `case when ${a} is null then 1 end`),
    tie('expression').map((a) => `(${a})::text`),
    tie('expression').map((a) => `array[${a}]`),
  ),
})).expression as fc.Arbitrary<string>

test('analysis never throws, whatever the text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), sqlLike), (sql) => {
      expect(['facts', 'syntax-error', 'too-large']).toContain(analyze(sql).kind)
    }),
    { numRuns: 3000 },
  )
})

test('a statement that is understood has at least one access', () => {
  fc.assert(
    fc.property(sqlLike, (sql) => {
      const result = analyze(sql)
      if (result.kind !== 'facts') return
      for (const statement of result.facts.statements) expect(statement.accesses.length).toBeGreaterThan(0)
    }),
    { numRuns: 3000 },
  )
})

test('statements side by side have the facts that each has alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...known), { maxLength: 6 }),
      fc.constantFrom(';', ' ; ', ';\n-- x\n', ';/* y; */', ';;'),
      (texts, separator) => {
        const together = factsOf(texts.join(separator)).statements
        expect(together).toEqual(texts.flatMap((sql) => factsOf(sql).statements))
      },
    ),
    { numRuns: 500 },
  )
})

test('case, white space and comments between words change nothing', () => {
  const spaced = fc.constantFrom(' ', '\n', '\t', '  ', ' /* x */ ', ' -- y\n', '\f', ' /* /* z */ */ ')
  fc.assert(
    fc.property(
      fc.constantFrom('delete from customers where id = 1', 'truncate customers cascade'),
      spaced,
      (sql, space) => {
        const changed = sql.toUpperCase().split(' ').join(space)
        expect(factsOf(changed).statements).toEqual(factsOf(sql).statements)
      },
    ),
    { numRuns: 100 },
  )
})

test('an expression’s calls and subqueries show wherever it stands', () => {
  const places: readonly ((e: string) => string)[] = [
    (e) => `select ${e} from u`,
    (e) => `select 1 from u where ${e} is null`,
    (e) => `select 1 from u order by ${e}`,
    (e) => `select 1 from u group by ${e}`,
    (e) => `select 1 from u having ${e} is null`,
    (e) => `select * from u join v on ${e} is null`,
    (e) => `select * from u, lateral (select ${e}) l`,
    (e) => `insert into u values (${e})`,
    (e) => `update u set b = ${e}`,
    (e) => `delete from u where ${e} is null`,
    (e) => `delete from u returning ${e}`,
    (e) => `with x as (select ${e} from u) select 1`,
    (e) => `explain select ${e} from u`,
    (e) => `copy (select ${e} from u) to stdout`,
    (e) => `create table n as select ${e} from u`,
    (e) => `select 1 limit (select 1 where ${e} is null)`,
    (e) => `select max(b) filter (where ${e} is null) over (partition by ${e}) from u`,
    (e) => `call p(${e})`,
    (e) => `execute p(${e})`,
    (e) => `alter table u alter column b set default ${e}`,
  ]
  fc.assert(
    fc.property(expression, fc.constantFrom(...places), (text, place) => {
      const statements = factsOf(place(text)).statements
      const accesses = statements.flatMap((statement) => statement.accesses)
      const columns = statements.flatMap((statement) => statement.columns.map(({ column }) => column))
      if (text.includes('purge(')) expect(accesses.map((access) => access.object)).toContain('purge')
      if (text.includes('hidden')) expect(accesses.map((access) => access.relation?.name)).toContain('hidden')
      if (/\ba\b/.test(text)) expect(columns).toContain('a')
    }),
    { numRuns: 2000 },
  )
})
