// Rules that can never fire are refused, or warned of where denies make them so, with the reason and the cure; those that look
// like them and can are not.
import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { createComparisons } from '../../../src/policy/comparisons.ts'
import { deniedWholly, policyProblems } from '../../../src/policy/problems.ts'
import { overruledWithin } from '../../../src/policy/problems-overruled.ts'
import { costOf } from '../../support/cost.ts'
import { configOf, outcome, policyOf, rule } from './stage.ts'

beforeAll(loadParser)

const reads = (more: object = {}) => rule('allow', ['read'], more)
const denies = (more: object = {}) => rule('deny', ['read'], more)
const on = (...relations: string[]) => ({ relations })
const hours = (from: string, to: string, ...days: string[]) => ({
  when: { time_zone: 'Europe/Berlin', from, to, ...(days.length > 0 && { days }) },
})
type Found = ReturnType<typeof policyProblems>[number]
const textOf = ({ path, message, cure }: Found) => `${path.join('.')}: ${message}; ${cure}`
/** What is refused at load, and what is warned of. */
const texts = (policies: object, more: object = {}) => {
  const config = configOf(policies, ['public'], {}, more)
  return [...policyProblems(config), ...deniedWholly(config)].map(textOf)
}
const refused = (policies: object) => policyProblems(configOf(policies)).map(textOf)

describe('it can never fire', () => {
  it.each<[string, object]>([
    ['a relation of a schema', { a: reads(on('public.orders')), d: denies(on('public.*')) }],
    ['a relation of any schema', { a: reads(on('public.orders')), d: denies(on('*.orders')) }],
    ['a subject', { a: reads({ subjects: ['svc-a'] }), d: denies({ subjects: ['svc-*'] }) }],
    ['hours', { a: reads(hours('09:00', '12:00', 'mon')), d: denies(hours('08:00', '17:00', 'mon', 'tue')) }],
    ['hours over midnight', { a: reads(hours('01:00', '05:00', 'mon')), d: denies(hours('22:00', '06:00')) }],
    [
      'a network',
      { a: reads({ sources: ['10.1.0.0/16'] }), d: denies({ sources: ['10.0.0.0/8', '192.0.2.0/24'] }) },
    ],
    ['a claim', { a: reads({ claims: { team: 'ab' } }), d: denies({ claims: { team: ['c', 'a*'] } }) }],
    [
      'columns',
      {
        a: rule('allow', ['update'], { columns: ['public.t.salary'] }),
        d: rule('deny', ['update'], { columns: ['*.*.salary'] }),
      },
    ],
    ['a hold', { a: rule('hold', ['read'], on('public.orders')), d: denies(on('public.*')) }],
    [
      'a function',
      { a: rule('allow', ['call'], { objects: ['app.f'] }), d: rule('deny', '*', { objects: ['app.*'] }) },
    ],
  ])('%s that a deny means', (_, policies) => {
    expect(texts(policies)).toEqual([
      expect.stringMatching(
        /^policies\.a: it can never fire: rule d denies all that it would (allow|hold); leave it out, or narrow rule d$/,
      ),
    ])
  })

  it('what several denies mean together', () => {
    expect(
      texts({
        a: rule('allow', ['read', 'insert'], on('public.t', 'app.u')),
        reading: denies(),
        public: rule('deny', ['insert'], on('public.*')),
        app: rule('deny', ['insert', 'update'], on('app.*')),
        other: rule('deny', ['delete']),
      }),
    ).toEqual([
      'policies.a: it can never fire: rules reading, public, app together deny all that it would allow; leave it out, or narrow one of them',
    ])
    const of = (group: string) => denies({ groups: [group] })
    expect(texts({ a: reads({ groups: ['x', 'y'] }), x: of('x'), y: of('y') })).toHaveLength(1)
    expect(texts({ a: reads({ groups: ['x', 'y', 'z'] }), x: of('x'), y: of('y') })).toEqual([])
  })

  it('leave for what is held', () => {
    expect(texts({ a: reads(on('public.orders')), h: rule('hold', ['read'], on('public.*')) })).toEqual([
      'policies.a: it can never fire: rule h holds all that it would allow; leave it out, or narrow rule h',
    ])
    expect(
      texts({
        a: rule('allow', ['read', 'delete']),
        d: rule('deny', ['read']),
        h: rule('hold', ['delete']),
      }),
    ).toEqual([expect.stringContaining('rules d, h together deny or hold all')])
  })

  it('a kind that nobody who can log in has', () => {
    const issuer = (kind: string) => ({ issuer: `https://${kind}.test`, audience: 'x', kind })
    const withIssuers = (...names: string[]) => {
      const issuers = { people: issuer('person'), machines: issuer('workload') }
      const policies = {
        w: reads({ kinds: ['workload'] }),
        d: denies({ kinds: ['person'] }),
        a: reads({ resources: ['db'] }),
      }
      const { resources, ...config } = configOf(policies, ['public'], {}, { issuers })
      const db = resources.db && { ...resources.db, issuers: names }
      const meant = { ...config, resources: db ? { db } : {} }
      return [...policyProblems(meant), ...deniedWholly(meant)].map(textOf)
    }
    expect(withIssuers('people')).toEqual([
      'policies.w.kinds: it can never fire: nobody of the kind workload can log in to db; leave the kind out, or let an issuer or a certificate identity of that kind in there',
      // There are only people, so all are denied.
      'policies.a: it can never fire: rule d denies all that it would allow; leave it out, or narrow rule d',
    ])
    expect(withIssuers('people', 'machines')).toEqual([])
  })

  it.each([
    [['read', 'call'], on('public.*'), 'its relations can never match: call is not on relations; make two'],
    [
      ['read', 'call'],
      { objects: ['app.f'] },
      'its objects can never match: read is on relations only; make two',
    ],
    [
      ['read'],
      { objects: ['app.f'] },
      'its objects can never match: read is on relations only; name relations',
    ],
  ])('%s on %s', (effects, more, message) => {
    expect(texts({ a: rule('allow', effects, more) })).toEqual([expect.stringContaining(message)])
    expect(texts({ a: rule('allow', effects, { ...on('public.*'), objects: ['app.f'] }) })).toHaveLength(
      effects.length === 1 ? 1 : 0,
    )
  })
})

describe('it can fire, and is taken', () => {
  it.each<[string, object, string]>([
    [
      'a function, where names that begin alike are denied',
      { a: rule('allow', ['call'], { objects: ['app.f'] }), d: rule('deny', ['call'], { objects: ['a*'] }) },
      'select app.f()',
    ],
    [
      'leave to count, where each column is denied',
      { a: reads({ columns: ['public.t.a'] }), d: denies({ columns: ['public.t.*'] }) },
      'select count(*) from public.t',
    ],
    [
      'the catalog by name, where everything else is held',
      { a: reads(on('pg_catalog.pg_stat_activity')), h: rule('hold', ['read'], on('*.pg_stat_ssl')) },
      'select 1 from pg_catalog.pg_stat_activity',
    ],
    [
      'a setting that no session may change, for a role',
      { a: rule('allow', ['setting', 'role'], { objects: ['client_encoding', 'r'] }) },
      `alter role r set client_encoding = 'latin1'`,
    ],
    [
      'other hours of the same day',
      { a: reads(hours('09:00', '13:01')), d: denies(hours('08:00', '13:00')) },
      'select 1 from t',
    ],
    [
      'the same hours elsewhere',
      {
        a: reads({ when: { time_zone: 'Europe/London', from: '00:00', to: '23:59' } }),
        d: denies({ when: { time_zone: 'Asia/Tokyo', from: '00:00', to: '20:00' } }),
      },
      'select 1 from t',
    ],
  ])('%s', (_, policies, sql) => {
    expect(outcome(policyOf(policies), sql)).toBe('allow')
  })

  it('leave to alter one of PostgreSQL’s own functions, beside a hold for every function, which gives no such leave', () => {
    const h = rule('hold', ['alter'], { objects: ['*'] })
    const a = rule('allow', ['alter'], { objects: ['pg_catalog.f'] })
    const sql = 'alter function pg_catalog.f() stable'
    expect(outcome(policyOf({ h }), sql)).toBe('deny')
    expect(outcome(policyOf({ h, a }), sql)).toBe('hold')
  })

  it('a hold of a relation whose columns are denied: what is behind a name may touch none', () => {
    const d = rule('deny', ['update'], { columns: ['public.t.*'] })
    expect(texts({ h: rule('hold', ['update'], on('public.t')), d })).toEqual([])
    expect(texts({ a: rule('allow', ['update'], on('public.t')), d })).toHaveLength(1)
  })

  it('limits beside a hold, which they are added to', () => {
    expect(texts({ a: reads({ limits: { rows: 5 } }), h: rule('hold', ['read']) })).toEqual([])
  })
})

describe('to stop all at once', () => {
  const stop = (more: object = {}) => ({ decision: 'deny', resources: '*', effects: '*', ...more })
  const today = { when: { time_zone: 'UTC', days: ['fri'] } }

  it.each<[string, object]>([
    ['no rules', {}],
    ['a deny of everything by itself', { stop: stop() }],
    ['a deny of everything on a day', { a: reads(), stop: stop(today) }],
    [
      'a deny of everything but for one group',
      { a: reads({ groups: ['dev', 'oncall'] }), stop: stop({ groups: ['dev'] }) },
    ],
  ])('%s is taken', (_, rules) => {
    expect(texts(rules)).toEqual([])
  })

  it.each<[string, object]>([
    ['a deny of everything for good', { a: reads(), h: rule('hold', ['delete']), stop: stop() }],
    [
      'a deny of what else is held',
      { a: rule('allow', ['read', 'delete']), h: rule('hold', ['delete']), d: denies() },
    ],
  ])('%s is taken, and warned of, beside rules that it leaves nothing of', (_, rules) => {
    expect(refused(rules)).toEqual([])
    expect(texts(rules)).not.toEqual([])
    expect(outcome(policyOf(rules), 'select 1 from t')).toBe('deny')
  })

  it('what holds alone leave nothing of is refused as before, whatever denies are added', () => {
    const dead = { a: reads(on('public.orders')), h: rule('hold', ['read'], on('public.*')) }
    expect(refused(dead)).toEqual(refused({ ...dead, stop: stop() }))
    expect(refused(dead)).toEqual([expect.stringContaining('rule h holds all that it would allow')])
  })
})

describe('a thousand rules', () => {
  const many = (made: (index: number) => readonly [string, object]) =>
    configOf(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => made(index))))
  const took = (config: ReturnType<typeof configOf>) => {
    const { result, turns } = costOf(() => [...policyProblems(config), ...deniedWholly(config)])
    return { found: result.map(({ path }) => path[1]), turns }
  }

  it('are looked at within seconds, and the one that is dead is found', () => {
    const config = many((index) => {
      const own = { groups: [`team-${index % 50}`], relations: [`app${index % 100}.t${index}*`] }
      if (index === 999) return ['last', reads({ groups: ['team-7'], relations: ['app7.t7x'] })]
      return [`r${index}`, index % 2 === 1 ? denies(own) : reads(own)]
    })
    const { found, turns } = took(config)
    expect(found).toEqual(['last'])
    expect(turns).toBeLessThan(100)
  })

  it.each<[string, (index: number) => readonly [string, object]]>([
    [
      'with patterns that take long',
      (index) => [
        `r${index}`,
        index % 2 === 0
          ? reads(on(`public.${'ab'.repeat(30)}`))
          : denies(on(...Array.from({ length: 20 }, () => `public.${'*a'.repeat(30)}${index}`))),
      ],
    ],
    [
      'with many parts that all but one are overruled',
      (index) => [
        `r${index}`,
        index % 2 === 0
          ? reads({
              groups: Array.from({ length: 200 }, (_, n) => `g${n}`),
              ...on(...Array.from({ length: 20 }, (_, n) => `a.t${n}`), `b.u${index}`),
            })
          : denies(on('a.*')),
      ],
    ],
    [
      'with many subjects',
      (index) => [
        `r${index}`,
        (index % 2 === 0 ? reads : denies)({
          subjects: Array.from({ length: 100 }, (_, n) => `svc-${n === 99 ? index : n}-*`),
        }),
      ],
    ],
  ])('%s cost a few seconds at most', (_, made) => {
    expect(took(many(made)).turns).toBeLessThan(100)
  })

  it('ten times as many that have nothing in common cost no more', () => {
    const rules = Array.from({ length: 10_000 }, (_, index) => {
      const own = { groups: [`team-${index}`], ...on(`a.t${index}`) }
      return [`r${index}`, index % 2 === 0 ? reads(own) : denies(own)] as const
    })
    const { found, turns } = took(configOf(Object.fromEntries(rules)))
    expect(found).toEqual([])
    expect(turns).toBeLessThan(100)
  })

  it('three times as many of a few groups each are looked at beside those of the same groups alone', () => {
    const decisions = ['deny', 'hold', 'allow'] as const
    const rules = Array.from({ length: 3000 }, (_, index) => {
      const own = { groups: [`team-${index % 50}`, `own-${index}`], ...on(`a.t${index}`, `b${index}.*`) }
      return [`r${index}`, rule(decisions[index % 3] ?? 'deny', ['read', 'insert', 'update'], own)] as const
    })
    const { found, turns } = took(configOf(Object.fromEntries(rules)))
    expect(found).toEqual([])
    expect(turns).toBeLessThan(30)
  })

  it('what is beyond the budget is taken for alive', () => {
    const config = configOf({ a: reads(on('public.orders')), d: denies(on('public.*')) })
    expect(overruledWithin(config, createComparisons(100)).byDenies).toHaveLength(1)
    expect(overruledWithin(config, createComparisons(2)).byDenies).toEqual([])
  })
})
