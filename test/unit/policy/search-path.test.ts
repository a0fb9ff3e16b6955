// What rules mean for names without a schema, on a path that the session set.
import { beforeAll, describe, expect, it, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { SearchPath } from '../../../src/core/search-path.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { compilePolicy } from '../../../src/policy/policy.ts'
import { configOf, NOON, operation, policyOf, principal, rule } from './stage.ts'

beforeAll(() => loadParser())

function judged(policy: Policy, sql: string, path: SearchPath | undefined) {
  const plain = operation(sql)
  const facts = path === undefined ? plain.facts : { ...plain.facts, path }
  return policy.judge(principal(), 'db', { ...plain, facts }, NOON)
}

const outcome = (policy: Policy, sql: string, path: SearchPath | undefined) =>
  judged(policy, sql, path).outcome
const reads = (...relations: string[]) => policyOf({ a: rule('allow', ['read'], { relations }) })

test.each<[SearchPath, string, string[], 'allow' | 'deny']>([
  [['a'], 'table t', ['a.*'], 'allow'],
  [['a'], 'table t', ['public.*'], 'deny'],
  [['a', 'b'], 'table t', ['a.*'], 'deny'],
  [['a', 'b'], 'table t', ['a.*', 'b.t'], 'allow'],
  [['a'], 'table public.t', ['public.*'], 'allow'],
  ['any', 'table t', ['a.*', 'b.*', 'public.*', 'pg_temp.*'], 'deny'],
  ['any', 'table t', ['*'], 'allow'],
  ['any', 'table t', ['*.t'], 'allow'],
  ['any', 'table a.t', ['a.*'], 'allow'],
  // The catalog is found first, unless the path says where.
  [['a'], 'table pg_class', ['$catalog'], 'allow'],
  [['a', 'pg_catalog'], 'table pg_class', ['$catalog'], 'deny'],
  [['a', 'pg_catalog'], 'table pg_class', ['$catalog', 'a.*'], 'allow'],
  [['pg_catalog', 'a'], 'table pg_class', ['$catalog'], 'allow'],
  [['a', 'pg_catalog'], 'table t', ['a.*'], 'allow'],
  ['any', 'table pg_class', ['$catalog'], 'deny'],
  ['any', 'table pg_class', ['*'], 'allow'],
  // A rule for every schema gives nothing away of what the catalog keeps.
  ['any', 'table pg_authid', ['*'], 'deny'],
  ['any', 'table pg_toast_2619', ['*'], 'deny'],
  ['any', 'table user_mapping_options', ['*'], 'deny'],
  [['information_schema'], 'table user_mapping_options', ['*'], 'deny'],
  // Where nothing else is, there are temporary tables.
  [[], 'table t', ['a.*', 'public.*'], 'deny'],
  [[], 'table t', ['pg_temp.*'], 'allow'],
  [['pg_temp', 'a'], 'table t', ['a.*'], 'deny'],
])('on %j, %s under a rule for %j: %s', (path, sql, relations, expected) => {
  expect(outcome(reads(...relations), sql, path)).toBe(expected)
})

describe('a rule that refuses', () => {
  const policy = policyOf({ a: rule('allow', '*'), d: rule('deny', ['read'], { relations: ['b.t'] }) })
  test.each<[SearchPath, 'allow' | 'deny']>([
    [['a'], 'allow'],
    [['a', 'b'], 'deny'],
    ['any', 'deny'],
  ])('on %j: %s', (path, expected) => {
    expect(outcome(policy, 'table t', path)).toBe(expected)
    expect(outcome(policy, 'table u', path)).toBe('allow')
  })
})

describe('functions', () => {
  test.each<[SearchPath, string[], 'allow' | 'deny']>([
    [['a'], ['a.f'], 'allow'],
    [['a'], ['public.f'], 'deny'],
    [['a', 'b'], ['a.f'], 'deny'],
    [['a', 'pg_temp'], ['a.f'], 'allow'],
    [[], ['a.f', '*.f'], 'deny'],
    ['any', ['a.f', 'public.f'], 'deny'],
    ['any', ['*.f'], 'allow'],
  ])('on %j under a rule for %j: %s', (path, objects, expected) => {
    const policy = policyOf({ c: rule('allow', ['call'], { objects }), s: rule('allow', ['session']) })
    expect(outcome(policy, 'select f()', path)).toBe(expected)
  })
})

it('code is meant where its schema is on the path', () => {
  const policy = policyOf({ a: rule('allow', ['read'], { relations: ['*'] }) })
  const plain = operation('select lower(x) from a.t')
  const access = {
    effect: 'call' as const,
    object: 'b.lower',
    objectType: 'function',
    via: 'called by the name lower',
  }
  const from = { schema: 'b', name: 'lower' }
  const reached = [{ kind: 'code' as const, access, from, named: { name: 'lower' }, columns: 'any' as const }]
  const outcomeOn = (path: SearchPath) =>
    policy.judge(principal(), 'db', { ...plain, facts: { ...plain.facts, path }, reached }, NOON).outcome
  expect([outcomeOn(['a']), outcomeOn(['a', 'b']), outcomeOn('any')]).toEqual(['allow', 'deny', 'deny'])
})

it('setting the path takes leave for it, as other settings do', () => {
  expect(outcome(policyOf({ a: rule('allow', ['read']) }), 'set search_path = a', undefined)).toBe('deny')
  const objects = ['search_path']
  const policy = policyOf({ a: rule('allow', ['setting'], { objects }) })
  expect(outcome(policy, 'set local search_path = a', undefined)).toBe('allow')
  expect(outcome(policy, 'set role_is = a', undefined)).toBe('deny')
})

it('nobody may set the path where its changes are not heard of', () => {
  const config = configOf({ a: rule('allow', '*') })
  const { db } = config.resources
  if (db === undefined) throw new Error('no resource')
  const unheard = {
    ...config,
    resources: { ...config.resources, db: { ...db, process: 'requests-only' as const } },
  }
  const decision = judged(compilePolicy(unheard), 'set search_path = a', undefined)
  expect([decision.outcome, decision.reason]).toEqual(['deny', 'search_path stays as the login set it'])
})

it('a refusal says that the path is not known, where leave could help', () => {
  const decision = judged(reads('a.*'), 'table t', 'any')
  expect(decision.hint).toContain('name the schema')
  expect(judged(reads('a.*'), 'table b.t', 'any').hint).not.toContain('name the schema')
})

it('a decision on one path is none on another', () => {
  const policy = reads('a.*')
  const { facts } = operation('table t')
  const on = (path: SearchPath) => ({ ...operation('table t'), facts: { ...facts, path } })
  const [a, b] = [on(['a']), on(['b'])]
  const decision = policy.judge(principal(), 'db', a, NOON)
  expect(decision.outcome).toBe('allow')
  expect(() => policy.permit(decision, b)).toThrow('another operation')
  expect(policy.judge(principal(), 'db', b, NOON).outcome).toBe('deny')
})
