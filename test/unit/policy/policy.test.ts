// What rules mean.
import { beforeAll, describe, expect, test } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import type { Reached, SqlOperation } from '../../../src/core/operation.ts'
import { consumePermit } from '../../../src/core/permit.ts'
import { principalId } from '../../../src/core/principal.ts'
import { compilePolicy, PolicyError } from '../../../src/policy/policy.ts'
import { costOf } from '../../support/cost.ts'
import { configOf, judge, NOON, operation, outcome, policyOf, principal, rule } from './stage.ts'

beforeAll(loadParser)

const readAll = rule('allow', ['read'])

describe('decisions', () => {
  test('what no rule allows is denied', () => {
    expect(judge(policyOf({ a: readAll }), 'drop table t')).toMatchObject({
      outcome: 'deny',
      reason: 'no rule allows: drop table t',
    })
  })

  test('deny beats hold, hold beats allow, in any order', () => {
    const all = { a: rule('allow', '*'), h: rule('hold', ['update', 'drop']), d: rule('deny', ['drop']) }
    const policy = policyOf(all)
    expect(
      ['select * from t', 'update t set a = 1', 'drop table t'].map((sql) => outcome(policy, sql)),
    ).toEqual(['allow', 'hold', 'deny'])
  })

  test('the strictest access decides, and the strictest statement', () => {
    const policy = policyOf({
      a: rule('allow', ['read', 'delete']),
      d: rule('deny', ['delete'], { relations: ['public.t'] }),
    })
    expect(outcome(policy, 'with x as (delete from t returning *) select * from x')).toBe('deny')
    expect(outcome(policy, 'select 1; delete from t; select 2')).toBe('deny')
    expect(outcome(policy, 'select 1; delete from u; select 2')).toBe('allow')
  })

  test('a reason names the rule, the access and the description', () => {
    const policy = policyOf({ a: readAll, 'no-drop': rule('deny', ['drop'], { description: 'ask first' }) })
    expect(judge(policy, 'drop table public.customers').reason).toBe(
      'rule no-drop: drop table public.customers (ask first)',
    )
  })

  test.each([
    [
      'select * from pg_stat_activity',
      'names it: it has more than descriptions, so $catalog does not cover it.',
    ],
    ['select * from pg_catalog.pg_authid', '$catalog does not cover it.'],
    ['select * from app.t', 'Ask for a rule that allows read there.'],
    ['select * from public.t for update', 'SELECT … FOR UPDATE or FOR SHARE needs it, too.'],
    [
      'begin read write',
      'Begin without READ WRITE, or ask for a rule that allows setting of transaction_read_only.',
    ],
    ['set search_path = app', 'Name relations with their schema, or ask'],
    ["set app.tenant = '5'", 'Ask for a rule that allows setting of app.tenant.'],
    ['select app.f()', 'Ask for a rule that allows call of this function, or for it to be trusted.'],
  ])('what to ask for is said to who sends %s', (sql, hint) => {
    const decision = judge(
      policyOf({ a: rule('allow', ['read'], { relations: ['public.*', '$catalog'] }) }),
      sql,
    )
    expect(decision).toMatchObject({ outcome: 'deny', hint: expect.stringContaining(hint) })
  })

  test('a shadow rule is recorded and changes nothing', () => {
    const policy = policyOf({ a: readAll, s: rule('deny', ['read'], { shadow: true }) })
    const decision = judge(policy, 'select * from t')
    expect(decision.outcome).toBe('allow')
    expect(decision.hits).toContainEqual(
      expect.objectContaining({ rule: 's', shadow: true, outcome: 'deny' }),
    )
  })

  test('what is not understood is denied, whatever is allowed', () => {
    const policy = policyOf({ a: rule('allow', '*') })
    expect(outcome(policy, 'select set_config(a, b, true) from t')).toBe('deny')
    expect(outcome(policy, `select ${'abs('.repeat(900)}1${')'.repeat(900)}`)).toBe('deny')
  })

  test('no rule lets a session change what judging rests on', () => {
    const policy = policyOf({ a: rule('allow', '*') })
    for (const sql of ['set standard_conforming_strings = off', "set names 'sjis'"]) {
      expect(outcome(policy, sql)).toBe('deny')
    }
    expect(outcome(policy, 'set row_security = off')).toBe('allow')
    expect(outcome(policy, 'set search_path = other')).toBe('allow')
  })

  test('whoever is let in may use the session itself, unless a rule denies it', () => {
    expect(outcome(policyOf({ a: readAll }), 'begin; select 1; commit')).toBe('allow')
    expect(outcome(policyOf({ a: readAll, d: rule('deny', ['session']) }), 'begin')).toBe('deny')
  })

  test('a hold is left to execute: prepare is allowed', () => {
    const policy = policyOf({ h: rule('hold', '*') })
    const sql = 'delete from t'
    expect(policy.judge(principal(), 'db', operation(sql, 'prepare'), NOON).outcome).toBe('allow')
    expect(policy.judge(principal(), 'db', operation(sql, 'execute'), NOON).outcome).toBe('hold')
  })

  test('several rules that hold must all be content', () => {
    const hold = (approvers: string[], more: object) => rule('hold', ['delete'], { approvers, ...more })
    const policy = policyOf({
      a: hold(['x', 'y'], { quorum: 2, notify: ['team'] }),
      b: hold(['y'], { expires_after: '5m', notify: ['mail', 'team'] }),
    })
    expect(judge(policy, 'delete from t').hold).toEqual({
      approvers: ['y'],
      quorum: 2,
      expiresAfter: 300_000,
      notify: ['team', 'mail'],
    })
    expect(outcome(policyOf({ a: hold(['x'], {}), b: hold(['z'], {}) }), 'delete from t')).toBe('deny')
  })

  test('what has to say why is refused where it does not, and its permit cannot be had', () => {
    const policy = policyOf({ h: rule('hold', ['delete'], { reason: 'required' }) })
    const refused = judge(policy, 'delete from t')
    expect(refused).toMatchObject({ outcome: 'deny', hint: expect.stringContaining('/* reason: … */') })
    expect(refused.hold).toBeUndefined()
    expect(() => policy.permit(refused, operation('delete from t'))).toThrow('invariant')
    for (const text of ['delete from t /* Reason: x */;', '/* break-glass: x */ delete from t']) {
      expect(outcome(policy, text)).toBe('hold')
    }
    for (const text of ['/* reason: */ delete from t', "delete from t where a = '/* reason: x */'"]) {
      expect(outcome(policy, text)).toBe('deny')
    }
  })

  test('a reason has to be like the pattern of its rule, in a comment or in the session', () => {
    const policy = policyOf({ h: rule('hold', ['delete'], { reason: { pattern: ['CHG-*', 'INC-*'] } }) })
    const said = (text: string, sessionReason?: string) => {
      const asked = operation(text)
      const of = sessionReason === undefined ? asked : { ...asked, sessionReason }
      return policy.judge(principal(), 'db', of, NOON)
    }
    expect(said('delete from t /* reason: . */')).toMatchObject({
      outcome: 'deny',
      reason: expect.stringContaining('has to be like CHG-* or INC-*'),
      hint: expect.stringContaining('SET chaperone.reason'),
    })
    expect(said('delete from t', '.').outcome).toBe('deny')
    expect(said('delete from t /* reason: . */', 'CHG-1').outcome).toBe('deny')
    expect(said('delete from t', 'CHG-1').outcome).toBe('hold')
    expect(said('delete from t /* reason: INC-1 */', '.').outcome).toBe('hold')
    for (const pattern of ['', ' CHG-*', 'CHG-*  fix', 'a\nb', []])
      expect(
        () => policyOf({ h: rule('hold', ['delete'], { reason: { pattern } }) }),
        String(pattern),
      ).toThrow()
  })

  test('the glass is broken by members of its groups alone, who are people and say so in the statement', () => {
    const policy = policyOf({ h: rule('hold', ['delete'], { break_glass: ['oncall'] }) })
    const broken = '/* break-glass: it burns */ delete from t'
    const breaks = (text: string, who = principal(['oncall'])) => {
      const asked = operation(text)
      return policy.permitBrokenGlass(policy.judge(who, 'db', asked, NOON), asked)
    }
    expect(() => breaks(broken)).not.toThrow()
    expect(() => breaks('/* reason: it burns */ delete from t')).toThrow('invariant')
    expect(() => breaks('/* break-glass: */ delete from t')).toThrow('invariant')
    expect(() => breaks(broken, principal(['dev']))).toThrow('invariant')
    expect(() => breaks(broken, principal(['oncall'], { kind: 'workload' }))).toThrow('invariant')
  })

  test('something may be held where a rule or a mask holds for the principal, whatever the time', () => {
    const when = { time_zone: 'UTC', from: '03:00', to: '04:00' }
    const policy = policyOf({ h: rule('hold', ['delete'], { groups: ['dev'], when }) })
    expect(policy.mayHold(principal(['dev']), 'db')).toBe(true)
    expect(policy.mayHold(principal(['ops']), 'db')).toBe(false)
    expect(policyOf({ h: rule('hold', ['delete'], { shadow: true }) }).mayHold(principal(), 'db')).toBe(false)
    const masks = { m: { resources: '*', columns: ['public.t.a'], probes: 'hold', approvers: ['dba'] } }
    expect(policyOf({ a: readAll }, ['public'], masks).mayHold(principal(), 'db')).toBe(true)
  })

  test('a hold has the terms of its rule', () => {
    const hours = { time_zone: 'UTC', from: '09:00' }
    const h = rule('hold', ['delete'], {
      ...{ approvers: ['dba'], quorum: 2, each: { security: 1 }, wait: '0s', reason: 'required' },
      ...{ window: { for: '30m', uses: 10 }, approve_when: hours, break_glass: ['oncall'] },
    })
    const held = judge(policyOf({ h }), '/* reason: ticket 7 */ delete from t')
    expect(held.hint).toBe('It runs once 2 of dba and 1 of security approved it.')
    expect(held.hold).toEqual({
      ...{ approvers: ['dba', 'security'], quorum: 3, expiresAfter: 1_800_000, wait: 0 },
      each: [
        { groups: ['dba'], people: 2 },
        { groups: ['security'], people: 1 },
      ],
      ...{ reason: 'required', window: { for: 1_800_000, uses: 10 } },
      ...{ approveWhen: [hours], breakGlass: ['oncall'] },
    })
  })
})

describe('names', () => {
  test('a name without a schema is denied if it could be meant, allowed only if all it can mean is', () => {
    const path = ['app', 'public']
    const deny = policyOf({ a: readAll, d: rule('deny', ['read'], { relations: ['public.t'] }) }, path)
    expect(outcome(deny, 'select * from t')).toBe('deny')
    expect(outcome(deny, 'select * from app.t')).toBe('allow')
    const allow = policyOf({ a: rule('allow', ['read'], { relations: ['public.*'] }) }, path)
    expect(outcome(allow, 'select * from t')).toBe('deny')
    expect(outcome(allow, 'select * from public.t')).toBe('allow')
  })

  test('CASCADE meets every rule that denies the effect somewhere', () => {
    const policy = policyOf({
      a: rule('allow', '*'),
      d: rule('deny', ['drop', 'truncate'], { relations: ['public.t'] }),
    })
    expect(outcome(policy, 'drop schema app cascade')).toBe('deny')
    expect(outcome(policy, 'truncate app.u cascade')).toBe('deny')
    expect(outcome(policy, 'truncate app.u')).toBe('allow')
  })

  test('a rule for all relations does not reach the catalog’s data and secrets', () => {
    for (const relations of [undefined, ['*'], ['*.*']]) {
      const policy = policyOf({ a: rule('allow', ['read', 'update'], relations && { relations }) })
      expect(outcome(policy, 'select * from pg_class, pg_catalog.pg_type, information_schema.tables')).toBe(
        'allow',
      )
      for (const name of [
        'pg_authid',
        'pg_catalog.pg_stats',
        'pg_statistic',
        'pg_toast.pg_toast_1',
        'pg_shadow',
      ]) {
        expect(outcome(policy, `select * from ${name}`)).toBe('deny')
      }
      expect(outcome(policy, 'update pg_class set relname = $$x$$')).toBe('deny')
    }
    const explicit = policyOf({ a: rule('allow', ['read'], { relations: ['pg_catalog.pg_authid'] }) })
    expect(outcome(explicit, 'select * from pg_authid')).toBe('allow')
  })

  test('$catalog is the catalog without its data, to be read', () => {
    const policy = policyOf({ a: rule('allow', ['read'], { relations: ['$catalog'] }) })
    expect(outcome(policy, 'select * from pg_catalog.pg_class')).toBe('allow')
    expect(outcome(policy, 'select * from pg_stat_activity')).toBe('deny')
    // It shows the last values of all sequences.
    expect(outcome(policy, 'select * from pg_sequences')).toBe('deny')
    expect(outcome(policy, 'select * from t')).toBe('deny')
  })

  test('a rule with relations means no other object, and the reverse', () => {
    const policy = policyOf({ a: rule('allow', '*', { relations: ['public.*'] }) })
    expect(outcome(policy, 'select purge()')).toBe('deny')
    const calls = policyOf({ a: rule('allow', '*', { objects: ['app.*'] }) }, ['app'])
    expect(outcome(calls, 'select purge()')).toBe('allow')
    expect(outcome(calls, 'select lib.purge()')).toBe('deny')
    expect(outcome(calls, 'select * from t')).toBe('deny')
  })

  test('leave to create functions is no leave to shadow PostgreSQL’s own', () => {
    const policy = policyOf({ a: rule('allow', ['create', 'alter']) })
    const define = (name: string) => `create function ${name}(text) returns text language sql as 'x'`
    expect(outcome(policy, define('app.mine'))).toBe('allow')
    expect(outcome(policy, define('public.lower'))).toBe('deny')
  })
})

describe('whom a rule is for', () => {
  const may = (more: object, who = principal()) =>
    policyOf({ a: rule('allow', ['read'], more) }).mayReach(who, 'db', NOON)

  test.each([
    [{ resources: ['other'] }, false],
    [{ groups: ['ops'] }, false],
    [{ groups: ['ops', 'dev'] }, true],
    [{ kinds: ['workload'] }, false],
    [{ subjects: ['a*'] }, true],
    [{ subjects: ['https://i#ann'] }, true],
    [{ subjects: ['bob'] }, false],
    [{ claims: { repo: 'x' } }, false],
    [{ shadow: true }, false],
  ])('%j: %s', (more, reaches) => {
    expect(may(more)).toBe(reaches)
  })

  test('a subject that spells an identity of another issuer is allowed nothing by it, and escapes nothing', () => {
    const spelled = { ...principal(), issuer: 'https://other', subject: 'https://i#ann' }
    expect(may({ subjects: ['https://i#ann'] }, spelled)).toBe(false)
    expect(may({ subjects: ['https://i#*'] }, spelled)).toBe(false)
    expect(may({ subjects: ['https://other#https://i#ann'] }, spelled)).toBe(true)
    const denied = policyOf({
      a: rule('allow', ['read']),
      d: rule('deny', ['read'], { subjects: ['https://i#ann'] }),
    })
    expect(outcome(denied, 'select * from t', spelled)).toBe('deny')
  })

  test('a pattern of certificate subjects goes by the parts of the subject', () => {
    const reaches = (subject: string) =>
      may({ subjects: ['CN=*,O=Acme'] }, { ...principal(), subject, method: 'certificate' })
    expect(reaches('CN=ann,O=Acme')).toBe(true)
    expect(reaches('CN=ann\\,O=Acme')).toBe(false)
  })

  test('claims are matched with globs', () => {
    expect(may({ claims: { repo: 'acme/*' } }, principal([], { claims: { repo: 'acme/shop' } }))).toBe(true)
  })

  test('masks are for those who are not excepted', () => {
    const mask = { resources: ['db'], columns: ['public.t.ssn'], except_groups: ['dba'] }
    const policy = policyOf({ a: readAll }, ['public'], { m: mask })
    expect(policy.masks(principal(), 'db').map(({ id }) => id)).toEqual(['m'])
    expect(policy.masks(principal(['dba']), 'db')).toEqual([])
    expect(policy.masks(principal(), 'other')).toEqual([])
  })
})

describe('what is behind a name', () => {
  const policy = policyOf({ all: rule('allow', '*'), no: rule('deny', ['read'], { relations: ['hr.pay'] }) })
  const behind = (schema: string, qualified: boolean): readonly Reached[] => [
    {
      kind: 'behind',
      access: { effect: 'read', relation: { schema: 'hr', name: 'pay' }, via: `behind ${schema}.v` },
      from: { schema, name: 'v' },
      named: qualified ? { schema, name: 'v' } : { name: 'v' },
      columns: 'any',
    },
  ]
  let asked: SqlOperation
  beforeAll(() => {
    asked = operation('select * from v')
  })
  const outcomeOf = (reached?: readonly Reached[]) =>
    policy.judge(principal(), 'db', reached ? { ...asked, reached } : asked, NOON)

  test('is refused by a rule that refuses it, which says where it hides', () => {
    expect(outcomeOf(behind('public', false))).toMatchObject({
      outcome: 'deny',
      reason: 'rule no: read hr.pay (behind public.v)',
    })
  })

  test('does not count for a name without a schema that the search path does not find', () => {
    expect(outcomeOf(behind('other', false)).outcome).toBe('allow')
    expect(outcomeOf(behind('other', true)).outcome).toBe('deny')
    expect(outcomeOf(behind('pg_temp_3', false)).outcome).toBe('deny')
  })

  test('is judged anew when it is something else: a decision is not remembered by the text alone', () => {
    expect(
      [outcomeOf(), outcomeOf(behind('public', false)), outcomeOf()].map(({ outcome }) => outcome),
    ).toEqual(['allow', 'deny', 'allow'])
  })

  test('needs no leave of its own', () => {
    const narrow = policyOf({ v: rule('allow', ['read'], { relations: ['public.v'] }) })
    const decision = narrow.judge(principal(), 'db', { ...asked, reached: behind('public', false) }, NOON)
    expect(decision.outcome).toBe('allow')
  })

  test('is told of what is held: changes first, at most 50, and only what the name finds', () => {
    const held = policyOf({ h: rule('hold', '*', { approvers: ['leads'] }) })
    const [one] = behind('public', false)
    const also = (effect: 'read' | 'delete', name: string) =>
      one ? [{ ...one, access: { ...one.access, effect, relation: { schema: 'hr', name } } }] : []
    const many = Array.from({ length: 60 }, (_, n) => also('read', `t${n}`)).flat()
    const reached = [...behind('other', false), ...many, ...also('delete', 'pay'), ...also('read', 't0')]
    const { behind: told, moreBehind } = held.judge(principal(), 'db', { ...asked, reached }, NOON)
    expect(told?.[0]).toMatchObject({ effect: 'delete', relation: { schema: 'hr', name: 'pay' } })
    expect([told?.length, moreBehind]).toEqual([50, 11])
    expect(JSON.stringify(told)).not.toContain('other.v')
  })

  test('is part of what a permit is for', () => {
    const decision = outcomeOf()
    expect(() => policy.permit(decision, { ...asked, reached: behind('public', false) })).toThrow('invariant')
  })

  test('is asked for where a rule refuses or holds relations by name, for that principal', () => {
    const some = policyOf({
      a: rule('allow', '*'),
      d: rule('deny', ['read'], { relations: ['hr.*'], groups: ['dev'] }),
    })
    expect(some.looksBehind(principal(['dev']), 'db')).toBe(true)
    expect(some.looksBehind(principal(['ops']), 'db')).toBe(false)
    expect(
      policyOf({ a: rule('allow', '*'), d: rule('deny', ['drop']) }).looksBehind(principal(), 'db'),
    ).toBe(false)
  })
})

describe('code that a statement does not show', () => {
  const code = (schema: string, named: string | undefined): readonly Reached[] => [
    {
      kind: 'code',
      access: {
        effect: 'call',
        object: `${schema}.f`,
        objectType: 'function',
        signature: `${schema}.f(integer)`,
        via: 'the default of id of public.t',
      },
      from: { schema, name: 'f' },
      named: { name: 'f', ...(named !== undefined && { schema: named }) },
      columns: 'any',
    },
  ]
  const reading = { read: rule('allow', ['read']) }
  const asked = () => operation('select * from v')
  const outcomeOf = (policy: ReturnType<typeof policyOf>, reached: readonly Reached[]) =>
    policy.judge(principal(), 'db', { ...asked(), reached }, NOON)

  test('needs leave, and the refusal says where it hides and what to do', () => {
    expect(outcomeOf(policyOf(reading), code('public', undefined))).toMatchObject({
      outcome: 'deny',
      reason: 'no rule allows: call function public.f(integer) (the default of id of public.t)',
      hint: expect.stringContaining('public.f(integer) in trusted_functions'),
    })
  })

  test('runs under a rule that allows to call it', () => {
    const calling = policyOf({ ...reading, call: rule('allow', ['call'], { objects: ['public.f'] }) })
    expect(outcomeOf(calling, code('public', undefined)).outcome).toBe('allow')
    expect(outcomeOf(calling, code('pg_catalog', undefined)).outcome).toBe('deny')
  })

  test('does not count where the search path does not find it', () => {
    expect(outcomeOf(policyOf(reading), code('other', undefined)).outcome).toBe('allow')
    expect(outcomeOf(policyOf(reading), code('other', 'other')).outcome).toBe('deny')
  })

  test('is asked for unless everything is allowed, and no rule refuses or holds code', () => {
    const looks = (rules: Parameters<typeof policyOf>[0]) => policyOf(rules).looksBehind(principal(), 'db')
    const all = rule('allow', '*')
    expect(looks({ all })).toBe(false)
    expect(looks(reading)).toBe(true)
    expect(looks({ all: { ...all, shadow: true } })).toBe(true)
    expect(looks({ all, no: rule('deny', ['call'], { objects: ['public.*'] }) })).toBe(true)
  })

  test('is asked for wherever something may be held: an approval is for what is behind the names as well', () => {
    const all = rule('allow', '*')
    const looks = (hold: object) =>
      policyOf({
        all,
        hold: { ...rule('hold', ['update'], { approvers: ['approvers'] }), ...hold },
      }).looksBehind(principal(), 'db')
    expect(looks({})).toBe(true)
    expect(looks({ groups: ['others'] })).toBe(false)
    expect(looks({ shadow: true })).toBe(false)
  })
})

describe('permits', () => {
  const policy = policyOf({ a: readAll, h: rule('hold', ['delete']) })
  const asker = principal()
  const approvalFor = (text: string, more: Partial<ApprovalRequest> = {}): ApprovalRequest => ({
    id: 'x',
    session: 's',
    resource: 'db',
    principal: principalId(asker),
    principalName: 'ann',
    principalKind: 'person',
    text,
    parameters: [],
    fingerprint: operation(text).facts.fingerprint,
    policyVersion: policy.version,
    accesses: [],
    rules: [],
    approvers: [],
    quorum: 1,
    createdAt: 0,
    expiresAt: 1,
    state: 'consumed',
    votes: [],
    ...more,
  })
  const decided = (text: string) => {
    const asked = operation(text)
    return { asked, decision: policy.judge(asker, 'db', asked, NOON) }
  }

  test('an allowed operation gets one, good once and for itself', () => {
    const { asked, decision } = decided('select * from t')
    const permit = policy.permit(decision, asked)
    consumePermit(permit, asked)
    expect(() => consumePermit(permit, asked)).toThrow('invariant')
  })

  test('a denied operation, a forged decision and another operation get none', () => {
    const { asked, decision } = decided('drop table t')
    expect(() => policy.permit(decision, asked)).toThrow('invariant')
    expect(() => policy.permit({ ...decision, outcome: 'allow' }, asked)).toThrow('invariant')
    const good = decided('select * from t')
    expect(() => policy.permit(good.decision, asked)).toThrow('invariant')
  })

  const text = 'delete from t'
  test.each<[string, Partial<ApprovalRequest> | undefined]>([
    ['none', undefined],
    ['approved, not consumed', { state: 'approved' }],
    ['of another text', { text: 'delete from u' }],
    ['of another resource', { resource: 'other' }],
    ['of another principal', { principal: 'https://i#eve' }],
    ['under another policy', { policyVersion: 'old' }],
    ['with other parameters', { parameters: [{ kind: 'text', value: '1' }] }],
    ['of another fingerprint', { fingerprint: '0' }],
    ['for a reason that its session says no more', { sessionReason: 'CHG-1' }],
  ])('a held operation gets none by an approval that is %s', (_name, more) => {
    const { asked, decision } = decided(text)
    expect(() => policy.permit(decision, asked, more && approvalFor(text, more))).toThrow('invariant')
  })

  test('a held operation gets one by the approval that was consumed for it', () => {
    const { asked, decision } = decided(text)
    consumePermit(policy.permit(decision, asked, approvalFor(text)), asked)
  })

  test('what its session says is a part of what was approved, where no comment says it', () => {
    const { asked, decision } = decided(text)
    const saying = { ...asked, sessionReason: 'CHG-1' }
    expect(() => policy.permit(decision, saying, approvalFor(text))).toThrow('invariant')
    consumePermit(policy.permit(decision, saying, approvalFor(text, { sessionReason: 'CHG-1' })), saying)
    const commented = decided(`${text} /* reason: x */`)
    const other = { ...commented.asked, sessionReason: 'CHG-1' }
    consumePermit(policy.permit(commented.decision, other, approvalFor(other.text)), other)
  })
})

describe('a policy that cannot be meant is refused', () => {
  test.each<[string, object]>([
    ['nobody may approve', { h: { decision: 'hold', resources: '*', effects: ['drop'] } }],
    ['more than 20 people', { h: rule('hold', ['drop'], { quorum: 15, each: { security: 6 } }) }],
    ['there are none', { h: rule('hold', ['drop'], { approvers: undefined, quorum: 2, each: { dba: 1 } }) }],
    ['is no pattern', { h: rule('hold', ['drop'], { approvers: ['*'] }) }],
    ['is no pattern', { h: rule('hold', ['drop'], { break_glass: ['on*'] }) }],
    ['the request expires before', { h: rule('hold', ['drop'], { wait: '30m' }) }],
    ['nothing could be granted', { h: rule('hold', ['drop'], { window: { for: '1h', uses: 2 } }) }],
    [
      'only people break the glass',
      { h: rule('hold', ['drop'], { break_glass: ['ops'], kinds: ['workload'] }) },
    ],
    [
      'nobody could approve: from and to',
      { h: rule('hold', ['drop'], { approve_when: { time_zone: 'UTC', from: '08:00', to: '08:00' } }) },
    ],
    [
      'expires before these hours begin',
      {
        h: rule('hold', ['drop'], {
          when: { time_zone: 'UTC', from: '20:00', to: '06:00' },
          approve_when: { time_zone: 'UTC', from: '09:00', to: '17:00' },
          expires_after: '3h',
        }),
      },
    ],
    ['no resource', { a: rule('allow', ['read'], { resources: ['nowhere'] }) }],
    ['relations can never match', { a: rule('allow', ['call'], { relations: ['public.*'] }) }],
    ['objects can never match', { a: rule('allow', ['read'], { objects: ['x'] }) }],
    ['can never fire', { a: rule('allow', ['unknown']) }],
    ['can never fire', { a: rule('allow', ['drop'], { relations: ['$catalog'] }) }],
  ])('%s', (message, policies) => {
    expect(() => policyOf(policies)).toThrow(PolicyError)
    expect(() => policyOf(policies)).toThrow(message)
  })

  test('a deny that leaves nothing of another rule can be meant: it stops all at once', () => {
    const policies = { a: rule('allow', ['read'], { relations: ['public.t'] }), d: rule('deny', ['read']) }
    expect(outcome(policyOf(policies), 'select * from public.t')).toBe('deny')
  })

  test('a hold at night that lives until the approvers’ morning can be meant', () => {
    const h = rule('hold', ['drop'], {
      when: { time_zone: 'UTC', from: '20:00', to: '06:00' },
      approve_when: { time_zone: 'UTC', from: '09:00', to: '17:00' },
      expires_after: '4h',
    })
    expect(() => policyOf({ h })).not.toThrow()
  })

  test('a hold that approvers elsewhere meet while clocks are put forward on other days can be meant', () => {
    const half = (time_zone: string, hour: number) => ({ time_zone, from: `${hour}:00`, to: `${hour}:30` })
    const h = (hour: number) =>
      rule('hold', ['drop'], {
        when: half('Europe/Berlin', 15),
        approve_when: half('America/New_York', hour),
        expires_after: '30m',
      })
    // 15:00 in Berlin is 10:00 in New York in late March alone, and 11:00 never.
    expect(() => policyOf({ h: h(10) })).not.toThrow()
    expect(() => policyOf({ h: h(11) })).toThrow('expires before these hours begin')
  })

  test('a deny that is narrower in any way overrules nothing', () => {
    for (const more of [
      { groups: ['x'] },
      { relations: ['public.u'] },
      { shadow: true },
      { resources: ['db'] },
    ]) {
      expect(() => policyOf({ a: rule('allow', ['read']), d: rule('deny', ['read'], more) })).not.toThrow()
    }
  })
})

test('what reaches every relation is meant by a denial of the catalog, and not by leave for it', () => {
  const publish = 'create publication p for all tables'
  const catalog = { relations: ['$catalog'] }
  const denied = policyOf({ a: rule('allow', '*'), d: rule('deny', ['read'], catalog) })
  expect(judge(denied, publish)).toMatchObject({ outcome: 'deny', hits: [{ rule: 'd' }] })
  const published = rule('allow', ['create', 'remote'])
  const schema = 'create publication p for tables in schema pg_catalog'
  for (const sql of [publish, schema]) {
    expect(outcome(policyOf({ published, a: rule('allow', ['read'], catalog) }), sql)).toBe('deny')
  }
})

test('the version follows the rules', () => {
  const version = policyOf({ a: readAll }).version
  expect(policyOf({ a: readAll }).version).toBe(version)
  expect(policyOf({ a: rule('allow', ['insert']) }).version).not.toBe(version)
})

test('the version follows the target: what was approved for a test database is not approved for another', () => {
  const config = configOf({ a: readAll })
  const { db } = config.resources
  if (db === undefined) throw new Error('there is no resource db')
  const upstream = { ...db.upstream, address: 'production:5432' }
  const elsewhere = { ...config, resources: { ...config.resources, db: { ...db, upstream } } }
  expect(compilePolicy(elsewhere).version).not.toBe(compilePolicy(config).version)
})

test('a statement that was judged before costs next to nothing', () => {
  const policy = policyOf({ a: readAll })
  const who = principal()
  const asked = operation('select * from a join b using (id)')
  const first = policy.judge(who, 'db', asked, NOON)
  const { turns } = costOf(() => {
    for (let i = 0; i < 10_000; i++) policy.judge(who, 'db', asked, NOON)
  })
  expect(turns).toBeLessThan(6)
  expect(policy.judge(who, 'db', asked, NOON)).toBe(first)
})
