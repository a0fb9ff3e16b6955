// A rule that is refused, or warned of, since it can never fire decides nothing: without it, every question has the same answer.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Config, configSchema } from '../../../src/config/schema.ts'
import type { Access } from '../../../src/core/facts.ts'
import type { Reached } from '../../../src/core/operation.ts'
import type { PrincipalKind } from '../../../src/core/principal.ts'
import { judgeStatements } from '../../../src/policy/judge.ts'
import { deniedWholly, policyProblems } from '../../../src/policy/problems.ts'
import { compileRule } from '../../../src/policy/rule.ts'
import { createRuleSets } from '../../../src/policy/rule-sets.ts'
import {
  access,
  columnPattern,
  question,
  RESOURCE,
  relationPattern as relationPatterns,
  statementOf,
} from './random-rules.ts'

const some = <const T>(...items: readonly T[]) => fc.constantFrom(...items)
const few = <const T>(arbitrary: fc.Arbitrary<T>) => fc.uniqueArray(arbitrary, { minLength: 1, maxLength: 2 })

const relationPattern = fc.oneof(
  { weight: 3, arbitrary: relationPatterns },
  some('a.t*', 'a*', '*.*t', 'pg_catalog.pg_class', 'information_schema.*', 'pg*.*'),
)
/** A star before or within a schema, and a name without one, is read otherwise of functions than of other objects. */
const objectPattern = some(
  ...(['f', 'a.f', 'a.*', '*', 'work_*', 'a*', '*f', '*.f', 'a.f*'] as const),
  ...(['pg_catalog.*', 'pg_catalog.f', 'pg*', '$catalog'] as const),
)

const window = fc.record(
  {
    time_zone: some('UTC', 'UTC', 'Asia/Tokyo'),
    days: some<readonly string[]>(['mon'], ['mon', 'tue'], ['thu', 'fri'], ['thu']),
    from: some('08:00', '22:00', '00:00'),
    to: some('06:00', '17:00', '24:00', '12:00'),
  },
  { requiredKeys: ['time_zone', 'days'] },
)
const claims = some({ team: 'a*' }, { team: ['ab', 'c'] }, { team: 'ab', level: '2' }, { team: '*' })

const targets = fc.oneof(
  fc.constant({ effects: '*' as const }),
  fc.record({
    effects: some(['read'], ['read', 'alter'], ['update'], ['update', 'insert']),
    relations: few(relationPattern),
  }),
  fc.record({ effects: some(['read'], ['update'], ['update', 'read']), columns: few(columnPattern) }),
  fc.record({
    effects: some<readonly string[] | '*'>(['call'], ['setting'], ['alter'], ['alter', 'call'], '*'),
    objects: few(objectPattern),
  }),
  fc.record({
    effects: some<readonly string[] | '*'>('*', ['alter'], ['read', 'call']),
    relations: few(relationPattern),
    objects: few(objectPattern),
  }),
)

/** One of few scopes at a time, so that one is often within another. */
const scope = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ groups: few(some('dev', 'ops')) }),
  fc.record({ kinds: few(some('person', 'workload')) }),
  fc.record({ subjects: few(some('ann', 'a*', 'bob', '*n*')) }),
  fc.record({ sources: few(some('10.0.0.0/8', '10.1.0.0/16', '192.0.2.0/24')) }),
  fc.record({ when: window }),
  fc.record({ claims }),
  fc.record({ resources: few(some('db', 'other')) }),
)

const scoped = fc
  .record({
    decision: some('allow', 'allow', 'allow', 'deny', 'deny', 'hold', 'hold'),
    targets,
    scope,
    limits: fc.option(fc.constant({ rows: 5 }), { freq: 1, nil: undefined }),
    shadow: some(false, false, false, false, false, true),
  })
  .map(({ decision, targets: target, scope: of, limits, shadow }) => ({
    ...{ decision, resources: '*', shadow, ...target, ...of },
    ...(decision === 'hold' && { approvers: ['lead'] }),
    ...(decision !== 'deny' && limits !== undefined && { limits }),
  }))

/** What is behind a name that a statement has. */
const reached: fc.Arbitrary<readonly Reached[]> = fc.array(
  fc
    .record({
      effect: some('read', 'update', 'delete'),
      schema: some('a', 'b', 'pg_catalog'),
      name: some('t', 'u', 'pg_authid'),
      columns: some<Reached['columns']>([], ['x'], ['x', 'zz'], 'any', 'mentioned'),
    })
    .map(
      ({ effect, schema, name, columns }): Reached => ({
        kind: 'behind',
        access: { effect, relation: { schema, name }, via: 'behind a.v' },
        from: { schema: 'a', name: 'v' },
        named: { schema: 'a', name: 'v' },
        columns,
      }),
    ),
  { maxLength: 2 },
)

const onObject: fc.Arbitrary<Access> = fc.record({
  effect: some('call', 'alter', 'do', 'create'),
  object: some('f', 'a.f', 'af', 'pg_catalog.f', 'pg_catalog.g', 'z.af', '*'),
  objectType: some('function', 'function', 'operator', 'database'),
})
const onRelation: fc.Arbitrary<Access> = fc.record({
  effect: some('read', 'update', 'alter', 'create'),
  relation: some(
    { schema: 'pg_catalog', name: 'pg_class' },
    { schema: 'information_schema', name: 'columns' },
    { schema: 'pg_toast', name: 't' },
    { schema: 'a', name: 't' },
    { schema: '*', name: 't' },
    { schema: '*', name: '*' },
    { name: 't' },
  ),
})
const alike = fc.array(fc.oneof({ weight: 2, arbitrary: access }, onObject, onRelation), {
  minLength: 1,
  maxLength: 2,
})

const questioned = fc.record({
  question,
  statements: fc.array(statementOf(alike), { minLength: 1, maxLength: 1 }),
  at: some(0, 5 * 3_600_000, 9 * 3_600_000, 23 * 3_600_000, 97 * 3_600_000),
  source: some('10.1.2.3:5', '192.0.2.9:5'),
  claims: some<Readonly<Record<string, unknown>>>({}, { team: 'ab', level: 2 }, { team: ['c', 'x'] }),
  reached,
})
type Asked = typeof questioned extends fc.Arbitrary<infer T> ? T : never

function judged({ policies }: Config, config: Config, one: Asked) {
  const { principal, resource, application, phase, path } = one.question
  const rules = Object.entries(policies).map(([id, each]) => compileRule(id, each, (name) => name))
  const circumstances = {
    at: one.at,
    source: one.source,
    ...(application === undefined ? {} : { application }),
  }
  const set = createRuleSets(rules, config).of({ ...principal, claims: one.claims }, resource, circumstances)
  const facts = { statements: one.statements, fingerprint: 'f', ...(path === undefined ? {} : { path }) }
  return judgeStatements({ facts, phase, reached: one.reached }, set, 'v')
}

/** Those that have no problem but that they never fire, and those that do not. */
function readable(
  rules: readonly object[],
  only: PrincipalKind | undefined,
): { config: Config; dead: readonly string[] } {
  const issuers = only && { i: { issuer: 'https://i', audience: 'x', kind: only } }
  const resource = issuers ? { ...RESOURCE, issuers: ['i'] } : RESOURCE
  let left = Object.fromEntries(rules.map((one, index) => [`r${index}`, one]))
  for (;;) {
    const config = configSchema.parse({
      version: 1,
      resources: { db: resource, other: resource },
      policies: left,
      ...(issuers && { issuers }),
    })
    const found = [...policyProblems(config), ...deniedWholly(config)]
    const bad = found
      .filter(({ message }) => !message.startsWith('it can never fire'))
      .map(({ path }) => path[1])
    if (bad.length === 0) return { config, dead: [...new Set(found.map(({ path }) => String(path[1])))] }
    left = Object.fromEntries(Object.entries(left).filter(([id]) => !bad.includes(id)))
  }
}

it('a rule that is refused as one that can never fire decides nothing', () => {
  let [dead, asked, denied] = [0, 0, 0]
  fc.assert(
    fc.property(
      fc.array(scoped, { minLength: 2, maxLength: 7 }),
      fc.array(questioned, { minLength: 12, maxLength: 12 }),
      some<PrincipalKind | undefined>(undefined, undefined, 'person', 'workload'),
      (rules, questions, only) => {
        const found = readable(rules, only)
        for (const id of found.dead) {
          dead += 1
          const { [id]: _, ...others } = found.config.policies
          for (const one of questions) {
            if (only !== undefined && one.question.principal.kind !== only) continue
            asked += 1
            const decision = judged(found.config, found.config, one)
            expect(judged({ ...found.config, policies: others }, found.config, one)).toEqual(decision)
            if (decision.outcome === 'deny') denied += 1
          }
        }
      },
    ),
    { numRuns: Number(process.env.RUNS ?? 10_000) },
  )
  expect(dead).toBeGreaterThan(1000)
  expect(denied / asked).toBeLessThan(0.98)
})
