// A policy, a principal and an operation in few words.
import { createAnalyzer } from '../../../src/analysis/postgres/analyze.ts'
import { configSchema } from '../../../src/config/schema.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import type { Principal } from '../../../src/core/principal.ts'
import { compilePolicy, type Policy } from '../../../src/policy/policy.ts'

const RESOURCE = {
  protocol: 'postgres',
  listen: '127.0.0.1:1',
  certificate: 'server',
  upstream: { address: '127.0.0.1:2', tls: { mode: 'disable' } },
  databases: ['d'],
  logins: [{ user: 'app' }],
}

export function policyOf(policies: object, searchPath = ['public'], masks: object = {}): Policy {
  const resources = { db: { ...RESOURCE, search_path: searchPath }, other: RESOURCE }
  return compilePolicy(configSchema.parse({ version: 1, resources, policies, masks }))
}

export const rule = (decision: string, effects: string[] | '*', more: object = {}) => ({
  decision,
  resources: '*',
  effects,
  ...(decision === 'hold' && { approvers: ['dba'] }),
  ...more,
})

export function principal(groups: string[] = ['dev'], more: Partial<Principal> = {}): Principal {
  const identity = {
    issuer: 'https://i',
    subject: 'ann',
    name: 'ann',
    kind: 'person',
    method: 'oidc',
  } as const
  return { ...identity, groups, claims: {}, expiresAt: 1, ...more }
}

const analyzer = createAnalyzer()

export function operation(text: string, phase: SqlOperation['phase'] = 'query'): SqlOperation {
  const result = analyzer.analyze(text)
  if (result.kind !== 'facts') throw new Error(`${result.kind}: ${text}`)
  return { kind: 'sql', sequence: 1, text, facts: result.facts, phase, parameters: [], behind: [] }
}

export const judge = (policy: Policy, sql: string, who = principal()) =>
  policy.judge(who, 'db', operation(sql))
export const outcome = (policy: Policy, sql: string, who = principal()) => judge(policy, sql, who).outcome
