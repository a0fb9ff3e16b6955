// Rules that refuse or hold a relation, against the other names that it can be reached by.
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { query } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const SCHEMA = `
  create schema hr authorization app_rw; create schema other authorization app_rw;
  create table hr.salaries (id int primary key, amount int);
  insert into hr.salaries values (1, 100);
  create view salaries_view as select * from hr.salaries;
  create view nested_view as select id, amount from salaries_view;
  create materialized view salaries_kept as select * from hr.salaries;
  create table hr.salaries_child () inherits (hr.salaries);
  create view child_view as select * from hr.salaries_child;
  create table hr.events (id int, at int) partition by range (at);
  create table hr.events_1 partition of hr.events for values from (0) to (10);
  create table hr.events_2 partition of hr.events for values from (10) to (20);
  create table hr.owners (id int primary key) partition by range (id); create table hr.owners_1 partition of hr.owners default;
  create table hr.parts (owner int references hr.owners on delete cascade) partition by range (owner);
  create table hr.parts_1 partition of hr.parts default;
  create table hr.keys (id int primary key) partition by range (id); create table hr.followers (id int references hr.keys on delete cascade);
  alter table hr.keys owner to app_rw;
  alter table hr.owners owner to app_rw; alter table hr.owners_1 owner to app_rw;
  create table hr.fixed (id int) partition by range (id); create table hr.fixed_1 partition of hr.fixed default; create table hr.fixing (id int);
  create rule fix as on insert to hr.fixing do also update hr.fixed set id = 2; alter table hr.fixing owner to app_rw; alter table hr.fixed owner to app_rw;
  create table hr.ruled (id int); alter table hr.ruled owner to app_rw;
  create rule instead as on delete to hr.ruled do instead insert into hr.ruled values (42);
  create table hr.tops (id int primary key); create table hr.belows (id int references hr.tops on delete cascade on update cascade);
  create rule further as on delete to hr.belows do also delete from hr.salaries where id = old.id; alter table hr.tops owner to app_rw;
  create view plain_view as select id from orders;
  create table same_name (id int); create view other.same_name as select * from hr.salaries;
  create table people (id int, ssn text, tail text generated always as (right(ssn, 4)) stored); create view people_ids as select id from people where id > 0;
  create view people_tails as select id, tail as t from people; create view people_whole as select id, to_jsonb(people) as all from people; create view people_sorted as select id from people order by ssn;
  create table codes (id int, ssn text, code text generated always as (id::text) stored); create table codes_child (code text generated always as (ssn) stored) inherits (codes);
  create view codes_view as select code as c from codes; alter table codes owner to app_rw; alter table codes_child owner to app_rw; alter view codes_view owner to app_rw;
  create table people_child () inherits (people); alter table people owner to app_rw; alter table people_child owner to app_rw;
  alter view people_ids owner to app_rw; alter view people_tails owner to app_rw; alter view people_whole owner to app_rw; alter view people_sorted owner to app_rw;
  create table held (id int); create view held_view as select * from held;
  alter table hr.salaries owner to app_rw; alter table hr.salaries_child owner to app_rw;
  alter table hr.events owner to app_rw; alter table hr.events_1 owner to app_rw; alter table hr.events_2 owner to app_rw;
  alter view salaries_view owner to app_rw; alter view nested_view owner to app_rw; alter view child_view owner to app_rw;
  alter view plain_view owner to app_rw; alter materialized view salaries_kept owner to app_rw;
  alter table same_name owner to app_rw; alter view other.same_name owner to app_rw;
  alter table held owner to app_rw; alter view held_view owner to app_rw`

let stack: Stack
let token: string
let client: pg.Client
beforeAll(async () => {
  stack = await startStack({
    config: {
      policies: {
        anything: { decision: 'allow', resources: '*', groups: ['engineers'], effects: '*' },
        salaries: {
          decision: 'deny',
          resources: '*',
          effects: ['read', 'insert', 'update', 'delete', 'drop', 'maintenance'],
          relations: ['hr.salaries', 'hr.events_1', 'hr.parts_1', 'hr.followers'],
        },
        fixed: { decision: 'deny', resources: '*', effects: ['update'], relations: ['hr.fixed_1'] },
        ruled: { decision: 'deny', resources: '*', effects: ['insert'], relations: ['hr.ruled'] },
        ssn: {
          decision: 'deny',
          resources: '*',
          effects: ['read'],
          columns: ['public.people.ssn', 'public.codes.ssn'],
        },
        held: {
          decision: 'hold',
          resources: '*',
          effects: ['read'],
          relations: ['public.held'],
          approvers: ['approvers'],
        },
      },
    },
  })
  await stack.superuser(SCHEMA)
  token = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())
beforeEach(async () => {
  client = await stack.connect(token)
})
afterEach(() => client?.end())

describe('a relation that is denied is denied', () => {
  test.each<[string, string, RegExp]>([
    [
      'behind a view',
      'select * from salaries_view',
      /salaries: read hr\.salaries \(behind public\.salaries_view\)/,
    ],
    ['behind a view of a view', 'table nested_view', /read hr\.salaries \(behind public\.nested_view\)/],
    ['behind a materialized view', 'table salaries_kept', /read hr\.salaries/],
    ['to a refresh that reads it', 'refresh materialized view salaries_kept', /read hr\.salaries/],
    ['to a delete on a view', 'delete from nested_view', /(delete|read) hr\.salaries/],
    ['to an update of a view', 'update salaries_view set amount = 0', /(update|read) hr\.salaries/],
    ['to an insert into a view', 'insert into salaries_view values (7, 7)', /insert hr\.salaries/],
    ['by a child', 'table hr.salaries_child', /read hr\.salaries \(behind hr\.salaries_child\)/],
    ['by a view of a child', 'table child_view', /read hr\.salaries \(behind public\.child_view\)/],
    ['as a partition by its parent', 'table hr.events', /read hr\.events_1/],
    ['as a partition that goes with its parent', 'drop table hr.events', /drop .*hr\.events_1/],
    ['as a partition of what follows a key', 'delete from hr.owners', /delete hr\.parts_1/],
    ['as the same, by a partition of the key', 'delete from hr.owners_1', /delete hr\.parts_1/],
    ['as a partition that a rule updates', 'insert into hr.fixing values (1)', /update hr\.fixed_1/],
    ['to a key whose update may take it away', 'update hr.keys set id = 1', /delete hr\.followers/],
    [
      'to a rule of what follows a key',
      'delete from hr.tops',
      /(read|insert|update|delete) hr\.salaries \(behind hr\.tops\)/,
    ],
    [
      'by its index',
      'reindex index hr.salaries_pkey',
      /maintenance hr\.salaries \(behind hr\.salaries_pkey\)/,
    ],
    ['in a subquery', 'select (select max(amount) from salaries_view)', /read hr\.salaries/],
    ['under EXPLAIN ANALYZE', 'explain analyze select * from salaries_view', /read hr\.salaries/],
    ['by a column that a view sorts by', 'select * from people_sorted', /read public\.people/],
    ['by a column in a whole row in a view', 'select id from people_whole', /read public\.people/],
    ['by the column of a child', 'select ssn from people_child', /read public\.people/],
    [
      'by a column that is generated from it',
      'select tail from people',
      /read public\.people \(the generated column tail of public\.people\)/,
    ],
    [
      'by a generated column of a child',
      'select id from people_child where tail > $$5$$',
      /generated column tail/,
    ],
    ['by a generated column of a view', 'select t from people_tails', /behind public\.people_tails/],
    ['by a column that a child generates in another way', 'select code from codes', /generated column code/],
    [
      'by a column that a child generates in another way, in a view',
      'select c from codes_view',
      /behind public\.codes_view/,
    ],
    [
      'by a generated column that RETURNING gives',
      'delete from people returning tail',
      /generated column tail/,
    ],
    ['by a generated column in COPY', 'copy people (id, tail) to stdout', /generated column tail/],
    ['to COPY', 'copy (select * from salaries_view) to stdout', /read hr\.salaries/],
  ])('%s', async (_, sql, message) => {
    await expect(client.query(sql)).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(message),
    })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('in a prepared statement whose view is another by now', async () => {
    await stack.superuser('create view changing as select 1 as id; alter view changing owner to app_rw')
    const named = { name: 'p', text: 'select * from changing' }
    expect((await client.query(named)).rows).toEqual([{ id: 1 }])
    await client.query('drop view changing')
    await stack.superuser(
      'create view changing as select id from hr.salaries; alter view changing owner to app_rw',
    )
    await expect(client.query(named)).rejects.toMatchObject({ code: '42501' })
  })
})

describe('what is not denied runs', () => {
  test.each([
    ['a view of other tables', 'select * from plain_view limit 1'],
    ['a view without the column', 'select * from people_ids'],
    ['other columns of a child', 'select id from people_child'],
    ['a partition beside the one that is denied', 'table hr.events_2'],
    ['a name whose other meaning is not on the search path', 'table same_name'],
    ['to drop a view, which leaves its tables', 'drop view child_view'],
    ['the catalog', `select count(*) from pg_catalog.pg_class where relname = 'orders'`],
  ])('%s', async (_, sql) => {
    await expect(client.query(sql)).resolves.toBeDefined()
  })

  it('a temporary view of a temporary table', async () => {
    await client.query('create temporary table mine (id int)')
    await client.query('create temporary view mine_view as select * from mine')
    expect((await client.query('select * from pg_temp.mine_view')).rows).toEqual([])
  })
})

it('a relation that is held is held behind a view', async () => {
  const found = client.query('select * from held_view')
  const request = await stack.reviews.next()
  await stack.reviews.approve(request.id)
  expect((await found).rows).toEqual([])
})

it('in a failed transaction, a name that is not known may be anything', async () => {
  const wire = await stack.wireTls()
  await wire.login({ user: 'app_rw', database: 'app' }, { password: token })
  wire.send(query('begin'))
  await wire.until('ReadyForQuery')
  wire.send(query('select 1/0'))
  await wire.until('ReadyForQuery')
  wire.send(query('rollback; delete from never_asked_view'))
  const messages = await wire.until('ReadyForQuery')
  expect(JSON.stringify(messages)).toMatch(/42501/)
  wire.destroy()
})
