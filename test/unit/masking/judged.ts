// What masks say of one statement, as the analysis tells it.
import { createAnalyzer } from '../../../src/analysis/postgres/analyze.ts'
import type { Decision } from '../../../src/core/decision.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import { Secret } from '../../../src/core/secret.ts'
import { underMasks } from '../../../src/gateway/under-masks.ts'
import { createMasker, type MaskRule } from '../../../src/masking/masker.ts'

const analyzer = createAnalyzer()

/** Of customers.ssn, with probes allowed: what is refused is so for what it stores. */
export const mask = (more: Partial<MaskRule> = {}): MaskRule => ({
  id: 'ssn',
  resources: '*',
  columns: ['public.customers.ssn'],
  strategy: 'redact',
  probes: 'allow',
  copies: 'refuse',
  ...more,
})

export const HELD: Partial<MaskRule> = { copies: 'hold', approvers: ['dba'] }

export const masker = (...rules: MaskRule[]) => createMasker(rules, { key: () => new Secret('') }, 'app')

export function operation(sql: string, more: Partial<SqlOperation> = {}): SqlOperation {
  const result = analyzer.analyze(sql)
  if (result.kind !== 'facts') throw new Error(`${sql}: ${result.kind}`)
  const { facts } = result
  return { kind: 'sql', sequence: 1, text: sql, facts, phase: 'query', parameters: [], behind: [], ...more }
}

const allowed: Decision = { outcome: 'allow', hits: [], reason: 'a rule', policyVersion: '1' }

export function judgedBy(
  rules: readonly MaskRule[],
  sql: string,
  more: Partial<SqlOperation> = {},
): Decision {
  return underMasks(allowed, operation(sql, more), masker(...rules))
}

export const judged = (sql: string, rule: MaskRule, more?: Partial<SqlOperation>) =>
  judgedBy([rule], sql, more)
