// The ways to bring masked values out as results, each stored first: where it was stored no mask is.
import type { Leak } from './case.ts'
import { leaksBehind } from './leaks-behind.ts'
import { resultLeaks } from './leaks-results.ts'
import { syntaxLeaks } from './leaks-syntax.ts'

/** A statement by itself that gives rows. */
const QUERY = /^\s*(select|with|table|values|\()/i
/** What writes cannot stand in a subquery. */
const WRITES = /\b(into|returning|for update|insert|update|delete|merge)\b/i
/** A table has no two columns of one name, and none of a row without a type. */
const NO_TABLE: ReadonlySet<string> = new Set([
  'substr, piece by piece',
  'the place of a constant behind a star',
  'constants beside the fields of a composite',
  'constants beside stars',
  'constants beside a populated row',
  'a row of rows',
])

const queries = [...resultLeaks, ...leaksBehind, ...syntaxLeaks].flatMap(({ steps, ...rest }) => {
  const [step, ...more] = steps
  const isQuery = typeof step === 'string' && more.length === 0 && QUERY.test(step) && !step.includes(';')
  return isQuery && !WRITES.test(step) ? [{ ...rest, step }] : []
})

export const storedLeaks: readonly Leak[] = queries.flatMap(({ name, step, ...rest }) => [
  ...(NO_TABLE.has(name)
    ? []
    : [{ ...rest, name: `CREATE TABLE AS: ${name}`, steps: [`create table mine as ${step}`, 'table mine'] }]),
  {
    ...rest,
    name: `INSERT: ${name}`,
    steps: ['create table mine (v text)', `insert into mine select q::text from (${step}) q`, 'table mine'],
  },
  { ...rest, name: `COPY: ${name}`, steps: [`copy (${step}) to stdout`] },
])
