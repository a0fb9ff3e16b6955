// Random rules and operations: the policy decides as a judge does that tries everything that a name could stand for.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { configSchema, type PolicyRuleConfig } from '../../../src/config/schema.ts'
import { policyProblems } from '../../../src/policy/problems.ts'
import { configOf, decided, question, RESOURCE, rule, someRules } from './random-rules.ts'
import { referenceJudge } from './reference-judge.ts'

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
