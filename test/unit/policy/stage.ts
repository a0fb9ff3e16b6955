// A policy, a principal and an operation in few words.
import { createAnalyzer } from '../../../src/analysis/postgres/analyze.ts'
import { configSchema } from '../../../src/config/schema.ts'
import type { Circumstances } from '../../../src/core/circumstances.ts'
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

export function configOf(policies: object, searchPath = ['public'], masks: object = {}, more: object = {}) {
  const resources = { db: { ...RESOURCE, search_path: searchPath }, other: RESOURCE }
  return configSchema.parse({ version: 1, resources, policies, masks, ...more })
}

export function policyOf(policies: object, searchPath = ['public'], masks: object = {}): Policy {
  return compilePolicy(configOf(policies, searchPath, masks))
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

/** Wednesday, 25 November 2026, noon in London */
export const NOON: Circumstances = { at: Date.UTC(2026, 10, 25, 12), source: '10.1.2.3:50000' }

export const judge = (policy: Policy, sql: string, who = principal(), circumstances = NOON) =>
  policy.judge(who, 'db', operation(sql), circumstances)
export const outcome = (policy: Policy, sql: string, who = principal(), circumstances = NOON) =>
  judge(policy, sql, who, circumstances).outcome
