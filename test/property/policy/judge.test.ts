// Random rules and operations: the policy decides as a judge does that tries everything that a name could stand for.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Config, configSchema, type PolicyRuleConfig } from '../../../src/config/schema.ts'
import type { Access, ColumnMention, StatementFacts } from '../../../src/core/facts.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import type { Principal } from '../../../src/core/principal.ts'
import type { SearchPath } from '../../../src/core/search-path.ts'
import { compilePolicy } from '../../../src/policy/policy.ts'
import { policyProblems } from '../../../src/policy/problems.ts'
import { PATH, referenceJudge, type Setting } from './reference-judge.ts'

const some = <const T>(...items: readonly T[]) => fc.constantFrom(...items)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 3 })

const EFFECTS = [
  'read',
  'insert',
  'update',
  'delete',
  'alter',
  'call',
  'setting',
  'session',
  'unknown',
] as const
const relationPattern = some(
  'a.t',
  'b.t',
  'a.*',
  '*.t',
  '*.*',
  '*',
  't',
  'pg_catalog.*',
  '$catalog',
  'pg_catalog.pg_authid',
)
const columnPattern = some('a.t.x', 'a.t.*', '*.t.x', '*.*.x*', 'a.*.x', 'b.t.xy', '*.*.*', 'a.u.*')
const objectPattern = some('f', 'a.f', 'a.*', '*', 'work_*')

const targets = fc.oneof(
  fc.constant({}),
  fc.record({ relations: few(relationPattern) }),
  fc.record({ columns: few(columnPattern) }),
  fc.record({ objects: few(objectPattern) }),
  fc.record({ relations: few(relationPattern), objects: few(objectPattern) }),
)

const manyEffects: fc.Arbitrary<readonly string[] | '*'> = fc.uniqueArray(some(...EFFECTS), {
  minLength: 1,
  maxLength: 4,
})

const rule = fc
  .record({
    decision: some('allow', 'allow', 'allow', 'deny', 'hold', 'hold'),
    resources: some<string | readonly string[]>('*', '*', ['db'], ['other']),
    groups: optional(few(some('dev', 'ops'))),
    kinds: optional(few(some('person', 'workload'))),
    subjects: optional(few(some('ann', 'a*', 'https://i#ann', 'bob'))),
    sources: optional(few(some('10.0.0.0/8', '192.0.2.0/24'))),
    applications: optional(few(some('psql', 'p*', '*'))),
    effects: fc.oneof(fc.constant<readonly string[] | '*'>('*'), manyEffects),
    shadow: some(false, false, false, true),
    approvers: few(some<string>('lead', 'dba')),
    targets,
  })
  .map(({ targets: target, approvers, ...rest }) => ({
    ...rest,
    ...target,
    ...(rest.decision === 'hold' ? { approvers: [...new Set<string>(approvers)] } : {}),
    ...('columns' in target ? { effects: ['read', 'insert', 'update'] } : {}),
  }))

const LEAVE = { decision: 'allow', resources: '*', effects: '*' }

/** Often with leave for everything, so that deny and hold are what decides. */
const someRules = fc
  .tuple(fc.array(rule, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([rules, open]) => (open ? [LEAVE, ...rules] : rules))

const relation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ name: some('t', 't', 't', 'u', 'u', 'pg_class') }) },
  { weight: 5, arbitrary: fc.record({ schema: some('a', 'b', 'z'), name: some('t', 'u') }) },
  fc.record({ schema: fc.constant('pg_catalog'), name: some('pg_class', 'pg_authid') }),
  fc.constant({ schema: '*', name: '*' }),
  fc.record({ schema: some('a', 'pg_catalog'), name: fc.constant('*') }),
)

const access: fc.Arbitrary<Access> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ effect: some('read', 'insert', 'update', 'delete', 'alter'), relation }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      effect: fc.constant('call' as const),
      object: some('f', 'g', 'a.f', 'z.f'),
      objectType: fc.constant('function'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      effect: fc.constant('setting' as const),
      object: some('work_mem', 'work_mem', 'work_mem', 'search_path'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ effect: some('session', 'unknown'), object: fc.constant('it') }) },
)

/** A statement mentions columns of relations that it names, or of what cannot be told. */
const statement: fc.Arbitrary<StatementFacts> = fc
  .record({
    command: some('SELECT', 'SELECT', 'SELECT', 'CREATE PUBLICATION'),
    accesses: fc.array(access, { minLength: 1, maxLength: 3 }),
    mentions: fc.array(
      fc.record({
        column: some('x', 'xy', 'zz', '*'),
        of: fc.nat({ max: 3 }),
        uses: some<ColumnMention['uses']>(['output'], ['written'], ['written', 'stored'], ['predicate']),
      }),
      { maxLength: 3 },
    ),
    incomplete: fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constant('it is odd') },
    ),
  })
  .map(({ mentions, incomplete, accesses, command }) => ({
    command,
    accesses,
    columns: mentions.map(({ of, column, uses }) => {
      const named = accesses[of]?.relation
      return { column, uses, ...(named === undefined || named.name === '*' ? {} : { relation: named }) }
    }),
    returnsRows: true,
    changes: [],
    references: [],
    ...(incomplete === undefined ? {} : { incomplete }),
  }))

const principal: fc.Arbitrary<Principal> = fc.record({
  issuer: fc.constant('https://i'),
  subject: some('ann', 'bob'),
  name: fc.constant('somebody'),
  kind: some('person', 'workload'),
  groups: fc.subarray(['dev', 'ops']),
  claims: fc.constant({}),
  method: fc.constant('oidc' as const),
  expiresAt: fc.constant(1),
})

const question = fc.record({
  principal,
  resource: some('db', 'other'),
  source: fc.oneof(
    { weight: 19, arbitrary: some('10.1.2.3:5', '192.0.2.9:5') },
    { weight: 1, arbitrary: some('nowhere') },
  ),
  application: optional(some('psql', 'other')),
  statements: fc.array(statement, { minLength: 1, maxLength: 2 }),
  phase: some('query', 'prepare', 'execute'),
  path: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: some<SearchPath>(
        ...([
          'any',
          [],
          ['a'],
          ['a', 'z'],
          ['z', 'pg_catalog', 'b'],
          ['pg_catalog', 'a'],
          ['b', 'pg_temp'],
        ] as const),
      ),
    },
  ),
})

const RESOURCE = {
  protocol: 'postgres',
  listen: '127.0.0.1:1',
  certificate: 'server',
  upstream: { address: '127.0.0.1:2', tls: { mode: 'disable' } },
  databases: ['d'],
  logins: [{ user: 'app' }],
  search_path: PATH,
}

/** The configuration with as many of the rules as are not refused at load. */
function configOf(rules: readonly object[]): Config {
  let left = new Map(rules.map((one, index) => [`r${index}`, one]))
  for (;;) {
    const policies = Object.fromEntries(left)
    const config = configSchema.parse({ version: 1, resources: { db: RESOURCE, other: RESOURCE }, policies })
    const bad = new Set(policyProblems(config).map(({ path }) => path[1]))
    if (bad.size === 0) return config
    left = new Map([...left].filter(([id]) => !bad.has(id)))
  }
}

function decided(config: Config, setting: Omit<Setting, 'rules'>) {
  const { principal: who, resource, source, application, statements, phase, path } = setting
  const operation: SqlOperation = {
    kind: 'sql',
    sequence: 1,
    text: 'made up',
    facts: { statements, fingerprint: 'f', ...(path === undefined ? {} : { path }) },
    phase,
    parameters: [],
    behind: [],
  }
  const circumstances = { at: 0, source, ...(application === undefined ? {} : { application }) }
  return compilePolicy(config).judge(who, resource, operation, circumstances)
}

const seen: Record<string, number> = {}

it('the policy decides as a judge that tries everything', () => {
  fc.assert(
    fc.property(someRules, question, (rules, asked) => {
      const config = configOf(rules)
      const decision = decided(config, asked)
      const expected = referenceJudge({ rules: config.policies, ...asked })
      const enforced = decision.hits.filter((hit) => !hit.shadow)
      const denied = [
        ...new Set(enforced.filter((hit) => hit.outcome === 'deny').map((hit) => hit.rule)),
      ].sort()
      expect({ outcome: decision.outcome, denied }).toEqual(expected)
      seen[decision.outcome] = (seen[decision.outcome] ?? 0) + 1
    }),
    { numRuns: 20_000 },
  )
  // Rules that never let anything through would prove nothing.
  for (const outcome of ['allow', 'hold', 'deny']) expect(seen[outcome], outcome).toBeGreaterThan(40)
})

it('rules in shadow change no decision', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 5 }),
      fc.array(rule, { maxLength: 3 }),
      question,
      (rules, more, asked) => {
        const known = { ...asked, source: '10.1.2.3:5' }
        const alone = configOf(rules)
        const shadows = more.map((one, index) => [`s${index}`, { ...one, shadow: true }])
        const policies: Record<string, PolicyRuleConfig> = { ...alone.policies }
        for (const [id, shadow] of shadows) {
          const parsed = configSchema.parse({
            version: 1,
            resources: { db: RESOURCE, other: RESOURCE },
            policies: { [`${id}`]: shadow },
          })
          Object.assign(policies, parsed.policies)
        }
        const both = { ...alone, policies }
        fc.pre(policyProblems(both).length === 0)
        const [without, with_] = [decided(alone, known), decided(both, known)]
        expect(with_.outcome).toBe(without.outcome)
        expect(with_.reason).toBe(without.reason)
      },
    ),
    { numRuns: 500 },
  )
})
