// What docs/policy.md says of effects and of the policy to start from, against analysis and policy.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { accessesOf } from '../../../src/policy/judge.ts'
import { judge, operation, outcome, policyOf, principal } from './stage.ts'

const page = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8')
const section = (title: string) => page.split(`## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

/** Rows of one effect, with the statements in code. */
const examples = [...section('Effects').matchAll(/^\| `([a-z-]+)` [^|]*\|[^|]*\|(.*)\|$/gm)].flatMap(
  ([, effect = '', cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, sql = '']) => ({ effect, sql })),
)
const starter = parse(/```yaml\n(.*?)```/s.exec(section('A policy to start from'))?.[1] ?? '') as {
  policies: object
}

beforeAll(loadParser)

describe('docs/policy.md', () => {
  it('has examples', () => expect(examples.length).toBeGreaterThan(30))

  it.each(examples)('$sql is $effect', ({ effect, sql }) => {
    expect(accessesOf(operation(sql), { byColumn: false }).map((access) => access.effect)).toContain(effect)
  })

  it.each(examples.filter(({ effect }) => !['read', 'session'].includes(effect)))(
    'the policy to start from refuses $sql',
    ({ sql }) => {
      expect(outcome(policyOf(starter.policies), sql, principal(['analysts']))).toBe('deny')
    },
  )

  it('the policy to start from lets analysts read, and holds what they write', () => {
    const policy = policyOf(starter.policies)
    const analyst = principal(['analysts'])
    expect(outcome(policy, 'SELECT a FROM public.t', analyst)).toBe('allow')
    expect(outcome(policy, 'DELETE FROM public.t', analyst)).toBe('hold')
    expect(outcome(policy, 'SELECT a FROM public.t', principal(['others']))).toBe('deny')
  })

  it.each([
    'DROP DATABASE d',
    'DROP ROLE r',
    "COPY public.t TO PROGRAM 'x'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a int)",
    'SELECT pg_terminate_backend(1)',
  ])('its deny rules refuse %s even where somebody allows everything', (sql) => {
    const wide = { decision: 'allow', resources: '*', effects: '*' }
    const policy = policyOf({ ...starter.policies, wide })
    expect(judge(policy, sql)).toMatchObject({ outcome: 'deny', hits: [{ outcome: 'deny' }] })
  })
})
