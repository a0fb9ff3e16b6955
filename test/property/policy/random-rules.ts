// Random rules and operations, and what the policy makes of them.
import fc from 'fast-check'
import { type Config, configSchema } from '../../../src/config/schema.ts'
import type { Decision } from '../../../src/core/decision.ts'
import type { Access, ColumnMention, StatementFacts } from '../../../src/core/facts.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import type { Principal } from '../../../src/core/principal.ts'
import type { SearchPath } from '../../../src/core/search-path.ts'
import { onObjects, onRelations } from '../../../src/policy/effects.ts'
import { compilePolicy } from '../../../src/policy/policy.ts'
import { policyProblems } from '../../../src/policy/problems.ts'
import { PATH, type Setting } from './reference-judge.ts'

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
export const relationPattern = some(
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
export const columnPattern = some('a.t.x', 'a.t.*', '*.t.x', '*.*.x*', 'a.*.x', 'b.t.xy', '*.*.*', 'a.u.*')
export const objectPattern = some('f', 'a.f', 'a.*', '*', 'work_*')

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

export const rule = fc
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
    ...('columns' in target
      ? { effects: ['read', 'insert', 'update'] }
      : { effects: fitting(rest.effects, target) }),
  }))

/** Those that the patterns can be on; others are refused at load. */
function fitting(effects: readonly string[] | '*', target: object): readonly string[] | '*' {
  if (effects === '*') return effects
  const [relations, objects] = ['relations' in target, 'objects' in target]
  if (relations === objects) return effects
  const fit = effects.filter((one) =>
    EFFECTS.some((known) => known === one && (relations ? onRelations(known) : onObjects(known))),
  )
  return fit.length > 0 ? fit : relations ? ['read'] : ['call']
}

const LEAVE = { decision: 'allow', resources: '*', effects: '*' }

/** Often with leave for everything, so that deny and hold are what decides. */
export const someRules = fc
  .tuple(fc.array(rule, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([rules, open]) => (open ? [LEAVE, ...rules] : rules))

const relation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ name: some('t', 't', 't', 'u', 'u', 'pg_class') }) },
  { weight: 5, arbitrary: fc.record({ schema: some('a', 'b', 'z'), name: some('t', 'u') }) },
  fc.record({ schema: fc.constant('pg_catalog'), name: some('pg_class', 'pg_authid') }),
  fc.constant({ schema: '*', name: '*' }),
  fc.record({ schema: some('a', 'pg_catalog'), name: fc.constant('*') }),
)

export const access: fc.Arbitrary<Access> = fc.oneof(
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
export const statementOf = (accesses: fc.Arbitrary<Access[]>): fc.Arbitrary<StatementFacts> =>
  fc
    .record({
      command: some('SELECT', 'SELECT', 'SELECT', 'CREATE PUBLICATION'),
      accesses,
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
    .map(({ mentions, incomplete, accesses: made, command }) => ({
      command,
      accesses: made,
      columns: mentions.map(({ of, column, uses }) => {
        const named = made[of]?.relation
        return { column, uses, ...(named === undefined || named.name === '*' ? {} : { relation: named }) }
      }),
      returnsRows: true,
      changes: [],
      references: [],
      ...(incomplete === undefined ? {} : { incomplete }),
    }))

const statement = statementOf(fc.array(access, { minLength: 1, maxLength: 3 }))

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

export const question = fc.record({
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

export const RESOURCE = {
  protocol: 'postgres',
  listen: '127.0.0.1:1',
  certificate: 'server',
  upstream: { address: '127.0.0.1:2', tls: { mode: 'disable' } },
  databases: ['d'],
  logins: [{ user: 'app' }],
  search_path: PATH,
}

/** The configuration with as many of the rules as are not refused at load. */
export function configOf(rules: readonly object[]): Config {
  let left = new Map(rules.map((one, index) => [`r${index}`, one]))
  for (;;) {
    const policies = Object.fromEntries(left)
    const config = configSchema.parse({ version: 1, resources: { db: RESOURCE, other: RESOURCE }, policies })
    const bad = new Set(policyProblems(config).map(({ path }) => path[1]))
    if (bad.size === 0) return config
    left = new Map([...left].filter(([id]) => !bad.has(id)))
  }
}

export function decided(config: Config, setting: Omit<Setting, 'rules'>): Decision {
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
