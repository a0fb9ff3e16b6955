import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { deniedWholly, policyProblems } from '../../../src/policy/problems.ts'
import { configOf, judge, outcome, policyOf, rule } from './stage.ts'

beforeAll(loadParser)

const OPEN = rule('allow', '*')
const SOME = { columns: ['public.c.id', 'public.c.name'] }

describe('leave to read some columns', () => {
  const policy = policyOf({ some: rule('allow', ['read'], SOME) })
  it.each([
    'select id, name from c',
    'select count(*) from c',
    'select c.id from public.c where upper(c.name) = $1 order by id',
    'select x.id from c x',
    'with w as (select id from c) select * from w',
  ])('covers %s', (sql) => {
    expect(outcome(policy, sql)).toBe('allow')
  })

  it.each([
    'select * from c',
    'select c from c',
    'select c.* from c',
    'table c',
    'select ssn from c',
    'select id from c where ssn > $1',
    'select id from c order by ssn',
    'select count(ssn) from c',
    'select 1 from c x(a, b, d) where d is null',
    'select (c).ssn from c',
    'select row_to_json(c) from c',
    'select id from c natural join c d',
    'select x from (select ssn as x from c) s',
    'select 1 from (select ssn from c) s',
    'select id, (select ssn) from c',
    'select id from c where exists (select from c d where d.ssn is null)',
    'copy c to stdout',
    'copy c (id, ssn) to stdout',
    'select ctid from c',
    'select id from d',
    'select c.id, d.id from c, d',
    'update c set name = $1 where id = 1',
    'prepare p as select ssn from c',
    'explain select ssn from c',
    'create publication p for table c where (id > 1)',
    'create table x (id int references c(id))',
  ])('does not cover %s', (sql) => {
    expect(outcome(policy, sql)).toBe('deny')
  })

  it('may come from several rules', () => {
    const two = policyOf({
      a: rule('allow', ['read'], { columns: ['public.c.id'] }),
      b: rule('allow', ['read'], { columns: ['public.c.n*'] }),
    })
    expect(outcome(two, 'select id, name from c')).toBe('allow')
    expect(outcome(two, 'select id, ssn from c')).toBe('deny')
  })

  it('of every column covers a star', () => {
    const every = policyOf({ a: rule('allow', ['read'], { columns: ['public.c.*'] }) })
    expect(outcome(every, 'select *, ctid from c')).toBe('allow')
  })

  it('in one schema does not cover a name that may be of another', () => {
    const policy = policyOf({ some: rule('allow', ['read'], SOME) }, ['other', 'public'])
    expect(outcome(policy, 'select id from c')).toBe('deny')
    expect(outcome(policy, 'select id from public.c')).toBe('allow')
  })
})

describe('a rule that denies or holds a column', () => {
  const DENY = { open: OPEN, no: rule('deny', ['read'], { columns: ['public.c.ssn'] }) }
  it.each([
    ['select id from c', 'allow'],
    ['select count(*) from c', 'allow'],
    ['select ssn from d', 'allow'],
    ["insert into c (ssn) values ('1')", 'allow'],
    ["update c set ssn = '1' where id = 1", 'allow'],
    ['select * from c', 'deny'],
    ['select id from c where ssn is null', 'deny'],
    ["update c set ssn = '1' returning ssn", 'deny'],
    ['update c set name = ssn', 'deny'],
    ['delete from c where ssn is null', 'deny'],
    ['select d.id from d, c where ssn is null', 'deny'],
    ['copy c to stdout', 'deny'],
    ['create view v as select id from c', 'allow'],
    ['create view v as select ssn from c', 'deny'],
    ['create publication p for table c where (id > 1)', 'deny'],
    ['create publication p for all tables', 'deny'],
    ['create publication p for tables in schema public', 'deny'],
    ['create table x (s text references c(ssn))', 'deny'],
    ['create table x (like c, id int check (id > 1))', 'deny'],
    ["select nextval('s')", 'allow'],
  ])('%s: %s', (sql, expected) => {
    expect(outcome(policyOf(DENY), sql)).toBe(expected)
  })

  it.each([
    ["update c set ssn = '1' where id = 1", 'hold'],
    ["update c set (name, ssn) = ('a', '1')", 'hold'],
    ["insert into c (id, ssn) values (1, '1')", 'hold'],
    ['insert into c values (1)', 'hold'],
    ["insert into c (id) values (1) on conflict (id) do update set ssn = '1'", 'hold'],
    ['copy c from stdin', 'hold'],
    ["update c set name = 'a' where ssn is null", 'allow'],
    ['insert into c (id) values (1)', 'allow'],
    ['select ssn from c', 'allow'],
  ])('when it is written: %s: %s', (sql, expected) => {
    const hold = rule('hold', ['insert', 'update'], { columns: ['public.c.ssn'] })
    expect(outcome(policyOf({ open: OPEN, hold }), sql)).toBe(expected)
  })

  it('is named in the decision, whose record has no list of columns', () => {
    const decision = judge(policyOf(DENY), 'select ssn from c')
    expect(decision.hits).toMatchObject([{ rule: 'no', access: { effect: 'read', relation: { name: 'c' } } }])
    expect(decision.hits[0]?.access).not.toHaveProperty('columns')
  })
})

describe('refused at load', () => {
  const problems = (more: object, effects: string[] | '*' = ['read'], others: object = {}) =>
    policyProblems(configOf({ ...others, r: rule('allow', effects, more) })).map(({ message }) => message)

  it.each([
    [
      'columns for an effect that has none',
      problems(SOME, ['read', 'delete']),
      'only read, insert and update',
    ],
    ['columns for every effect', problems(SOME, '*'), 'only read, insert and update'],
    ['columns beside relations', problems({ ...SOME, relations: ['a.b'] }), 'beside `relations`'],
    ['columns beside objects', problems({ ...SOME, objects: ['f'] }), 'beside `relations`'],
    ['columns of $catalog', problems({ columns: ['$catalog.x.y'] }), 'no such name'],
  ])('%s', (_, found, expected) => {
    expect(found.join('\n')).toContain(expected)
  })

  it.each([
    ['on the relation', 'read', { relations: ['a.b'] }],
    ['on them', 'update', { columns: ['*.b.*'] }],
  ])('but only warned of, columns that a deny covers: %s', (_, effect, denied) => {
    const config = configOf({
      r: rule('allow', [effect], { columns: ['a.b.c'] }),
      no: rule('deny', [effect], denied),
    })
    expect(policyProblems(config)).toEqual([])
    expect(deniedWholly(config).map(({ message }) => message)).toEqual([
      expect.stringContaining('can never fire'),
    ])
  })

  it('but not a column that is denied, where leave for it is leave to count rows', () => {
    const no = rule('deny', ['read'], { columns: ['public.t.a'] })
    const policy = policyOf({ no, r: rule('allow', ['read'], { columns: ['public.t.a'] }) })
    expect(outcome(policy, 'select count(*) from public.t')).toBe('allow')
    expect(outcome(policy, 'select a from public.t')).toBe('deny')
  })

  it('nor a relation of which a column is denied', () => {
    const others = { no: rule('deny', ['read'], { columns: ['a.b.c'] }) }
    expect(problems({ relations: ['a.b'] }, ['read'], others)).toEqual([])
    expect(problems({}, ['read'], others)).toEqual([])
    expect(problems({ columns: ['a.b.d'] }, ['read'], others)).toEqual([])
  })
})
