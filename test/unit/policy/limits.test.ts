import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { policyProblems } from '../../../src/policy/problems.ts'
import { configOf, judge, policyOf, rule } from './stage.ts'

beforeAll(loadParser)

const TABLES = { relations: ['public.*'] }
const limitsOf = (policies: object, sql: string) =>
  judge(policyOf(policies), sql).obligations?.limits.map((one) => one.rule)

describe('limits', () => {
  const limited = rule('allow', ['read'], { ...TABLES, limits: { rows: 3 } })

  it('are of every rule in force that gives leave for a part of the statement', () => {
    const policies = {
      limited,
      open: rule('allow', ['read'], TABLES),
      names: rule('allow', ['read'], { relations: ['public.a'], limits: { session: { rows: 1 } } }),
      written: rule('allow', ['insert'], { ...TABLES, limits: { bytes: '1B' } }),
    }
    expect(limitsOf(policies, 'select 1 from a')).toEqual(['limited', 'names'])
    expect(limitsOf(policies, 'select 1 from b')).toEqual(['limited'])
    expect(limitsOf(policies, 'insert into b select 1 from c')).toEqual(['limited', 'written'])
    expect(limitsOf(policies, 'select 1')).toBeUndefined()
  })

  it('hold for what is held, and not for what is denied', () => {
    const held = rule('hold', ['read'], { ...TABLES, limits: { rows: 1 } })
    expect(limitsOf({ limited, held }, 'select 1 from a')).toEqual(['held', 'limited'])
    const no = rule('deny', ['read'], { relations: ['public.a'] })
    expect(limitsOf({ limited, no }, 'select 1 from a')).toBeUndefined()
  })

  it('of a rule in shadow are told and not enforced', () => {
    const policies = { open: rule('allow', ['read'], TABLES), limited: { ...limited, shadow: true } }
    expect(limitsOf(policies, 'select 1 from a')).toBeUndefined()
    const { hits } = judge(policyOf(policies), 'select 1 from a')
    expect(hits).toContainEqual(expect.objectContaining({ rule: 'limited', shadow: true, obliges: true }))
  })
})

describe('refused at load', () => {
  const problems = (decision: string, limits: object, more: object = {}) => {
    const config = configOf({ r: rule(decision, ['read'], { ...TABLES, limits, ...more }) })
    const [app] = Object.values(config.resources)
    const resources = app ? { ...config.resources, blind: { ...app, process: 'requests-only' as const } } : {}
    return policyProblems({ ...config, resources }).map(({ path, message }) => `${path.join('.')} ${message}`)
  }
  const AT = { resources: ['db'] }

  it.each([
    ['limits of a denial', problems('deny', { rows: 1 }, AT), 'has no result'],
    ['limits without any', problems('allow', {}, AT), 'limits nothing'],
    [
      'a statement that may have more than its session',
      problems('allow', { rows: 2, session: { rows: 1 } }, AT),
      'more than its session',
    ],
    [
      'a statement that may have more than an hour',
      problems('allow', { bytes: '2B', hour: { bytes: '1B' } }, AT),
      'more than its session, or an hour',
    ],
    ['limits where results are not seen', problems('allow', { rows: 1 }), 'blind is requests-only'],
  ])('%s', (_, found, expected) => {
    expect(found.join('\n')).toContain(expected)
  })

  it('but not limits that go together', () => {
    expect(
      problems('allow', { rows: 1, session: { rows: 10, bytes: '10B' }, hour: { rows: 10 } }, AT),
    ).toEqual([])
    expect(problems('hold', { hour: { rows: 10 } }, AT)).toEqual([])
  })
})
