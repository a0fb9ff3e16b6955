// Patterns that no name fits are refused at load, and the statements that they seem to mean show why.
import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { policyProblems } from '../../../src/policy/problems.ts'
import { configOf, judge, policyOf, rule } from './stage.ts'

beforeAll(loadParser)

const all = rule('allow', '*')
const problemsOf = (more: object, effects: string[] | '*', decision = 'deny') =>
  policyProblems(configOf({ all, r: rule(decision, effects, more) })).map(
    ({ message, cure }) => `${message}; ${cure}`,
  )
const objects = (effects: string[] | '*', ...names: string[]) => problemsOf({ objects: names }, effects)

describe('refused at load', () => {
  it.each([
    ['argument types', objects(['call'], 'app.purge(integer)'), 'without its arguments'],
    ['argument types among all effects', objects('*', 'app.purge (integer)'), 'without its arguments'],
    ['a database of a function', objects(['call'], 'app.public.f'), 'no database before them'],
    ['quotes within', problemsOf({ relations: ['public."customers"'] }, ['read']), 'without quotes'],
    ['quotes of a function', objects(['call', 'drop'], 'public."f"'), 'without quotes'],
    [
      'a blank after the dot',
      problemsOf({ relations: ['public. customers'] }, ['read']),
      'begins or ends with a blank',
    ],
    ['an empty part', problemsOf({ relations: ['public.'] }, ['read']), 'a part of it is empty'],
    ['no name', problemsOf({ relations: ['$catalogs'] }, ['read']), 'write $catalog'],
    ['more bytes than names have', problemsOf({ relations: [`a.${'ä'.repeat(32)}`] }, ['read']), '63 bytes'],
    ['quotes of a column', problemsOf({ columns: ['public.t."a"'] }, ['read']), 'without quotes'],
    ['what is another effect', objects(['call'], '*pg_read_file'), 'list server-file under `effects`'],
    ['what is another effect, by its schema', objects(['call'], 'pg_catalog.lo_get'), 'list large-object'],
    ['what an extension brings', objects(['call'], 'public.dblink_exec'), 'list remote'],
    ['what is a change of a setting', objects(['call'], 'set_config'), 'list setting under `effects`'],
    ['what notifies', objects(['call'], '*.pg_notify'), 'list notify under `effects`'],
    [
      'a hold of what is another effect',
      problemsOf({ objects: ['lo_get'] }, ['call'], 'hold'),
      'list large-object',
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual([expect.stringContaining(expected)])
  })

  it('a mask that no column fits', () => {
    const masks = { m: { resources: '*', columns: ['public."t".a', 'public.t. a'] } }
    expect(policyProblems(configOf({ all }, ['public'], masks)).map(({ path }) => path)).toEqual([
      ['masks', 'm', 'columns'],
      ['masks', 'm', 'columns'],
    ])
  })
})

it('what may be meant is taken, and means it', () => {
  const taken: readonly (readonly [object, string[], string])[] = [
    [{ relations: ['public.Order Details'] }, ['read'], 'select 1 from public."Order Details"'],
    [{ relations: ['public.odd*name'] }, ['read'], 'select 1 from public."odd.name"'],
    [{ relations: [`public.${'a'.repeat(63)}`] }, ['read'], `select 1 from public.${'a'.repeat(70)}`],
    [{ objects: ['/srv/a (1), "b".csv '] }, ['server-file'], `copy t from '/srv/a (1), "b".csv '`],
    [{ objects: ['cut -d, "x" (y)'] }, ['server-program'], `copy t from program 'cut -d, "x" (y)'`],
    [
      { objects: ['pg_catalog.int4 as public.x'] },
      ['create'],
      'create cast (int as public.x) without function',
    ],
    [{ objects: ['ann.b.c@example.com'] }, ['role'], 'drop role "ann.b.c@example.com"'],
    [{ objects: ['a.b.c'] }, ['setting'], 'set a.b.c = 1'],
    [{ objects: ['a, b'] }, ['listen'], 'listen "a, b"'],
    [{ objects: ['*pg_read_file'] }, ['server-file'], `select pg_read_file('x')`],
    [{ objects: ['app.md5'] }, ['call'], `select app.md5('x')`],
    [{ objects: ['*md5'] }, ['call'], `select app.my_md5('x')`],
    [{ relations: ['public.Sales, 2024'] }, ['read'], 'select 1 from public."Sales, 2024"'],
    [{ relations: ["public.Bob's"] }, ['read'], `select 1 from public."Bob's"`],
    [{ objects: ['f() { ls; }; f'] }, ['server-program'], `copy t from program 'f() { ls; }; f'`],
    [{ objects: ['a.b.c'] }, ['drop'], 'drop database "a.b.c"'],
    [{ objects: ['svc(prod)'] }, ['role'], 'drop role "svc(prod)"'],
    [{ objects: ['*pg_sleep'] }, ['call'], 'select pg_sleep(1)'],
    [{ objects: ['count'] }, ['listen'], 'listen count'],
  ]
  for (const [more, effects, sql] of taken) {
    const policy = policyOf({ all, d: rule('deny', effects, more) })
    expect(judge(policy, sql), sql).toMatchObject({ outcome: 'deny', hits: [{ rule: 'd' }] })
  }
})
