// When, from where and for whom a rule counts.
import { beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Circumstances } from '../../../src/core/circumstances.ts'
import { compilePolicy, PolicyError } from '../../../src/policy/policy.ts'
import { deniedWholly } from '../../../src/policy/problems.ts'
import { configOf, judge, NOON, operation, outcome, policyOf, principal, rule } from './stage.ts'

beforeAll(loadParser)

const sql = 'select * from t'
const at = (text: string): Circumstances => ({ ...NOON, at: Date.parse(text) })
const from = (source: string): Circumstances => ({ ...NOON, source })

describe('a time window', () => {
  const within = (when: object, moment: string) =>
    outcome(policyOf({ a: rule('allow', ['read'], { when }) }), sql, principal(), at(moment)) === 'allow'

  const office = {
    time_zone: 'Europe/Berlin',
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    from: '08:00',
    to: '18:00',
  }
  test.each([
    [office, '2026-11-25T06:59:59Z', false],
    [office, '2026-11-25T07:00:00Z', true],
    [office, '2026-11-25T16:59:59Z', true],
    [office, '2026-11-25T17:00:00Z', false],
    // Saturday
    [office, '2026-11-28T11:00:00Z', false],
    // in summer the same clock is an hour earlier in UTC
    [office, '2026-07-01T06:00:00Z', true],
    [office, '2026-07-01T16:00:00Z', false],
    // the zone's own day: still Friday there
    [{ time_zone: 'America/Los_Angeles', days: ['fri'] }, '2026-11-28T07:59:00Z', true],
    [{ time_zone: 'America/Los_Angeles', days: ['fri'] }, '2026-11-28T08:00:00Z', false],
  ])('%j at %s: %s', (when, moment, fits) => {
    expect(within(when, moment)).toBe(fits)
  })

  const night = { time_zone: 'UTC', days: ['fri'], from: '22:00', to: '06:00' }
  test.each([
    ['2026-11-27T21:59:00Z', false],
    ['2026-11-27T22:00:00Z', true],
    ['2026-11-28T05:59:00Z', true],
    ['2026-11-28T06:00:00Z', false],
    // Friday's early hours belong to Thursday's night
    ['2026-11-27T01:00:00Z', false],
  ])('over midnight belongs to the day on which it began: %s: %s', (moment, fits) => {
    expect(within(night, moment)).toBe(fits)
  })

  test('is looked at anew for a statement that was judged before', () => {
    const policy = policyOf({ a: rule('allow', ['read'], { when: { time_zone: 'UTC', to: '18:00' } }) })
    const who = principal()
    const asked = operation(sql)
    const outcomes = ['12:00', '18:00', '12:01', '17:59', '18:01'].map(
      (time) => policy.judge(who, 'db', asked, at(`2026-11-25T${time}:00Z`)).outcome,
    )
    expect(outcomes).toEqual(['allow', 'deny', 'allow', 'allow', 'deny'])
  })

  test('of a deny leaves the rest of the time to the other rules', () => {
    const freeze = { time_zone: 'UTC', days: ['fri'] }
    const policy = policyOf({ a: rule('allow', '*'), d: rule('deny', ['drop'], { when: freeze }) })
    expect(outcome(policy, 'drop table t', principal(), at('2026-11-27T12:00:00Z'))).toBe('deny')
    expect(outcome(policy, 'drop table t', principal(), at('2026-11-26T12:00:00Z'))).toBe('allow')
  })

  test('lets nobody in while no rule counts', () => {
    const policy = policyOf({ a: rule('allow', ['read'], { when: { time_zone: 'UTC', to: '18:00' } }) })
    expect(policy.mayReach(principal(), 'db', NOON)).toBe(true)
    expect(policy.mayReach(principal(), 'db', at('2026-11-25T19:00:00Z'))).toBe(false)
  })
})

describe('source networks', () => {
  const policy = policyOf({
    a: rule('allow', ['read'], { sources: ['10.0.0.0/8', '2001:db8::/33', '192.0.2.7'] }),
  })
  test.each([
    ['10.255.0.1:1', 'allow'],
    ['11.0.0.1:1', 'deny'],
    ['192.0.2.7:65535', 'allow'],
    ['192.0.2.8:1', 'deny'],
    ['[2001:db8:7fff::1]:1', 'allow'],
    ['[2001:db8:8000::1]:1', 'deny'],
    // an IPv4 client of a listener on IPv6
    ['[::ffff:10.1.2.3]:1', 'allow'],
    ['[::ffff:0b01:203]:1', 'deny'],
  ])('%s: %s', (source, expected) => {
    expect(outcome(policy, sql, principal(), from(source))).toBe(expected)
  })

  test.each(['', '10.0.0.1', 'unknown', '10.0.0.1:1:2', '[fe80::1%eth0]:1', '/run/socket'])(
    'a source that is no address denies everything that depends on one: %j',
    (source) => {
      for (const decision of ['allow', 'deny', 'hold']) {
        const rules = {
          a: rule('allow', ['insert']),
          s: rule(decision, ['read'], { sources: ['10.0.0.0/8'] }),
        }
        expect(judge(policyOf(rules), 'insert into t values (1)', principal(), from(source))).toMatchObject({
          outcome: 'deny',
          reason: 'the policy could not be evaluated',
        })
      }
    },
  )
})

test('an application_name can be refused and held', () => {
  const policy = policyOf({
    a: rule('allow', ['read']),
    d: rule('deny', ['read'], { applications: ['pgAdmin*'] }),
  })
  expect(outcome(policy, sql, principal(), { ...NOON, application: 'pgAdmin 4' })).toBe('deny')
  expect(outcome(policy, sql, principal(), { ...NOON, application: 'psql' })).toBe('allow')
  expect(outcome(policy, sql)).toBe('allow')
})

const ISSUERS = {
  corp: { issuer: 'https://i', audience: 'x', kind: 'person' },
  ci: { issuer: 'https://ci', audience: 'x', kind: 'workload' },
}
const CERTIFICATES = { mesh: { trust_domain: 'corp.example', groups: ['services'] } }

function configured(policies: object, more: object = {}) {
  const config = configOf(
    policies,
    ['public'],
    {},
    { issuers: ISSUERS, certificate_identities: CERTIFICATES, ...more },
  )
  const db = { ...config.resources.db, issuers: ['corp', 'ci'], certificates: ['mesh'] }
  return { ...config, resources: { db: { ...config.resources.db, ...db } } } as typeof config
}

test('a rule for an issuer is for whom that issuer vouches for', () => {
  const policy = compilePolicy(configured({ a: rule('allow', ['read'], { issuers: ['corp', 'mesh'] }) }))
  expect(outcome(policy, sql)).toBe('allow')
  expect(outcome(policy, sql, principal(['dev'], { issuer: 'mesh' }))).toBe('allow')
  expect(outcome(policy, sql, principal(['dev'], { issuer: 'https://ci' }))).toBe('deny')
  // a certificate authority of that name is not the issuer of that name
  expect(outcome(policy, sql, principal(['dev'], { issuer: 'corp' }))).toBe('deny')
})

describe('conditions that cannot be meant are refused with the reason', () => {
  test.each<[string, object]>([
    [
      'a.when: it can never fire: from and to are the same time',
      { when: { time_zone: 'UTC', from: '08:00', to: '08:00' } },
    ],
    ['a.when: leaves out no time at all', { when: { time_zone: 'UTC' } }],
    ['a.when.from: no minute begins at 24:00', { when: { time_zone: 'UTC', from: '24:00', to: '06:00' } }],
    ['a.sources: 10.1.0.0/16 is within 10.0.0.0/8', { sources: ['10.1.0.0/16', '10.0.0.0/8'] }],
    ['a.sources: 10.0.0.1 is there twice', { sources: ['10.0.0.1', '10.0.0.1'] }],
    ['a.applications: a client states', { applications: ['psql'] }],
    ['a.groups: "dev*" is no pattern', { groups: ['dev*'] }],
    ['a.groups: "dev " begins or ends', { groups: ['dev '] }],
    ['a.issuers: there is no nobody under', { issuers: ['nobody'] }],
    [
      'a.issuers: it can never fire: these are not for the kind workload',
      { issuers: ['corp'], kinds: ['workload'] },
    ],
  ])('%s', (message, more) => {
    const load = () => compilePolicy(configured({ a: rule('allow', ['read'], more) }))
    expect(load).toThrow(PolicyError)
    expect(load).toThrow(message)
  })

  test('an issuer that no resource of the rule accepts, or that has a twin', () => {
    const policies = { a: rule('allow', ['read'], { issuers: ['corp'] }) }
    const unused = configured(policies)
    const nobody = {
      ...unused,
      resources: { db: { ...unused.resources.db, issuers: ['ci'] } },
    } as typeof unused
    expect(() => compilePolicy(nobody)).toThrow('no resource of the rule lets these in')
    const twins = configured(policies, { issuers: { ...ISSUERS, twin: ISSUERS.corp } })
    expect(() => compilePolicy(twins)).toThrow('corp and twin have one URL')
  })

  test.each<[object, string]>([
    [{ when: { time_zone: 'Europe/Nowhere', to: '10:00' } }, 'time zone'],
    [{ when: { time_zone: 'UTC', from: '8:00' } }, 'time of day'],
    [{ when: { time_zone: 'UTC', days: [] } }, 'days'],
    [{ sources: ['10.0.0.1/8'] }, 'bits beyond'],
    [{ sources: ['10.0.0.0/33'] }, 'from 0 to 32'],
    [{ sources: ['::ffff:10.0.0.0/104'] }, 'not one mapped'],
    [{ sources: ['db.internal'] }, 'an address or a network'],
  ])('%j has no shape of a condition', (more, message) => {
    expect(() => configOf({ a: rule('allow', ['read'], more) })).toThrow(message)
  })

  test('a deny covers a rule only if its conditions do', () => {
    const told = (narrow: object, wide: object) =>
      deniedWholly(configOf({ a: rule('allow', ['read'], narrow), d: rule('deny', ['read'], wide) })).map(
        ({ message }) => message,
      )
    const covered = [expect.stringContaining('rule d denies')]
    const ten = { sources: ['10.0.0.0/8'] }
    expect(told({}, ten)).toEqual([])
    expect(told({ sources: ['10.1.0.0/16'] }, ten)).toEqual(covered)
    expect(told(ten, { sources: ['10.1.0.0/16'] })).toEqual([])
    const morning = { when: { time_zone: 'UTC', to: '12:00' } }
    expect(told({}, morning)).toEqual([])
    expect(told(morning, morning)).toEqual(covered)
    expect(told({}, { applications: ['x'] })).toEqual([])
  })
})
