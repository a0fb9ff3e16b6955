// Code that a statement runs without showing it needs leave like a call, and the refusal says which, where, and the cure.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { explained } from '../../support/explained.ts'
import { freePorts } from '../../support/ports.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const SCHEMA = `
  create schema other; grant usage on schema other to app_rw;
  create function f() returns int language sql volatile as 'select 1';
  create function checks(int) returns boolean language sql immutable as 'select true';
  create function vouched(int) returns boolean language sql immutable as 'select true';
  create function vouched(text) returns boolean language sql immutable as 'select true';
  create function fires() returns trigger language plpgsql as 'begin return new; end';
  create domain checked_domain as int check (checks(value)); create domain default_domain as int default f();
  create table plain (id int, name varchar(20), note text);
  create table triggered (id int, note text);
  create trigger t before insert on triggered for each row execute function fires();
  create table defaulted (id int default f(), note text);
  create table checked (id int check (checks(id)), note text);
  create table indexed (id int, note text); create index by_check on indexed ((checks(id)));
  create table generated (id int, note text, g boolean generated always as (checks(id)) stored);
  create table ruled (id int, note text); create table log (id int, note text);
  create rule logs as on insert to ruled do also insert into log values (f(), new.note);
  create table guarded (id int, note text); create policy p on guarded using (checks(id)); alter table guarded enable row level security;
  create table domained (id default_domain, note text);
  create table parted (id int, note text) partition by range (id); create table parted_1 partition of parted for values from (0) to (10);
  create trigger t before insert on parted_1 for each row execute function fires();
  create table leaving (id int, note text) partition by range (id); create table leaving_1 partition of leaving default;
  create trigger t after delete on leaving_1 for each row execute function fires();
  create table coming (id int, note text) partition by range (id); create table coming_1 partition of coming default;
  create trigger t before insert on coming_1 for each row execute function fires();
  create table vouched_for (id int check (vouched(id)), note text);
  create table vouched_not (id text check (vouched(id)), note text);
  create table parent (id int primary key); create table child (id int references parent on delete cascade);
  create trigger t after delete on child for each row execute function fires();
  create table key (id int primary key); create table follower (id int references key on delete cascade) partition by range (id);
  create table follower_1 partition of follower default; create trigger t after delete on follower_1 for each row execute function fires();
  create view over_triggered as select id, note from triggered;
  create view calling as select f() as one from plain;
  create view xml_view as select query_to_xml('select * from orders', true, true, '') as x;
  create function lower(varchar) returns text language sql as $$ select 'mine' $$;
  create function concat(int, int) returns text language sql as $$ select 'mine' $$;
  create function other.upper(varchar) returns text language sql as $$ select 'mine' $$;
  create function compares(text, varchar) returns boolean language sql as 'select true';
  create operator = (leftarg = text, rightarg = varchar, function = compares);
  create function as_text(plain) returns text language sql as $$ select 'mine' $$;
  create cast (plain as text) with function as_text(plain);
  create function secret(plain) returns text language sql as $$ select 'mine' $$;
  create function called(int) returns int language sql as 'select 1';
  create function called(text) returns int language sql as 'select 1';
  create function agreed(int) returns int language sql as 'select 1';
  create role code_owner; grant create, usage on schema public to code_owner;
  create function twice(int) returns int language sql as 'select 1';
  create function twice(text) returns int language plpgsql as 'begin return 1; end';
  create function privileged(int) returns int language plpgsql stable security definer set search_path = public, pg_temp
    as 'begin return 1; end';
  create function stamps() returns trigger language plpgsql security definer as 'begin return new; end';
  alter function privileged owner to code_owner; alter function stamps owner to code_owner;
  create table stamped (id int, note text);
  create trigger stamp before insert on stamped for each row execute function stamps();
  create table secured (id int); create policy q on secured using (checks(id)); alter table secured owner to app_rw;
  grant select, insert, update, delete on all tables in schema public to app_rw`

let stack: Stack
let token: string
let client: pg.Client
beforeAll(async () => {
  stack = await startStack({
    resource: { trusted_functions: ['public.vouched(int)', 'public.agreed(integer)', 'public.called(int)'] },
    config: {
      policies: {
        data: {
          decision: 'allow',
          resources: '*',
          groups: ['engineers'],
          effects: ['read', 'insert', 'update', 'delete'],
          relations: ['public.*'],
        },
        guards: {
          decision: 'allow',
          resources: '*',
          groups: ['engineers'],
          effects: ['grant'],
          relations: ['public.secured'],
        },
        upkeep: { decision: 'allow', resources: '*', groups: ['engineers'], effects: ['maintenance'] },
        held: {
          decision: 'hold',
          resources: '*',
          groups: ['engineers'],
          effects: ['call'],
          objects: ['public.privileged', 'public.twice', 'public.stamps'],
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

describe('code that no statement shows needs leave', () => {
  test.each<[string, string, RegExp]>([
    [
      'a trigger',
      `insert into triggered values (1, 'a')`,
      /call function public\.fires\(\) \(trigger t of public\.triggered\)/,
    ],
    [
      'a default',
      `insert into defaulted (note) values ('a')`,
      /public\.f\(\) \(the default of id of public\.defaulted\)/,
    ],
    [
      'a check',
      `insert into checked values (1, 'a')`,
      /public\.checks\(integer\) \(constraint checked_id_check of/,
    ],
    [
      'an index',
      `update indexed set id = 2`,
      /public\.checks\(integer\) \(index by_check of public\.indexed\)/,
    ],
    ['a generated column', `insert into generated values (1, 'a')`, /the generated column g of/],
    ['a rule', `insert into ruled values (1, 'a')`, /public\.f\(\) \(rule logs of public\.ruled\)/],
    [
      'a row security policy',
      'select * from guarded',
      /public\.checks\(integer\) \(policy p of public\.guarded\)/,
    ],
    [
      'the default of a domain',
      `insert into domained (note) values ('a')`,
      /public\.f\(\) \(the default of the domain default_domain\)/,
    ],
    ['a trigger of a partition', `insert into parted values (1, 'a')`, /trigger t of public\.parted_1/],
    ['an index that is built anew', 'reindex index by_check', /index by_check of public\.indexed/],
    ['every index', 'analyze', /call function \* \(what code every relation runs cannot be told\)/],
    [
      'a trigger of the partition that an updated row leaves',
      'update leaving set id = id + 10',
      /trigger t of public\.leaving_1/,
    ],
    [
      'a trigger of the partition that an updated row comes into',
      'update coming set id = id + 10',
      /trigger t of public\.coming_1/,
    ],
    [
      'a trigger behind a view',
      `insert into over_triggered values (1, 'a')`,
      /trigger t of public\.triggered/,
    ],
    ['a trigger behind a foreign key', 'delete from parent', /trigger t of public\.child/],
    ['a trigger of a partition behind a foreign key', 'delete from key', /trigger t of public\.follower_1/],
    ['a view that calls it', 'select * from calling', /public\.f\(\) \(the query of public\.calling\)/],
    [
      'a view that runs text',
      'select * from xml_view',
      /do function pg_catalog\.query_to_xml\(.*\) \(the query of public\.xml_view\)/,
    ],
    [
      'a better match of a built-in name',
      'select lower(name) from plain',
      /public\.lower\(character varying\) \(called by the name lower\)/,
    ],
    ['a better match of concat', 'select concat(1, 2)', /public\.concat\(integer, integer\)/],
    [
      'a better match of an operator',
      `select note = name from plain`,
      /public\.compares\(text, character varying\) \(the operator =\)/,
    ],
    [
      'a cast of a row',
      'select plain::text from plain',
      /public\.as_text\(public\.plain\) \(the cast from plain to text\)/,
    ],
    [
      'a function as a column',
      'select plain.secret from plain',
      /public\.secret\(public\.plain\) \(called as the column secret\)/,
    ],
    [
      'a domain in a cast',
      'select 1::checked_domain',
      /public\.checks\(integer\) \(a constraint of checked_domain_check\)/,
    ],
    [
      'another overload than the one that is vouched for',
      `insert into vouched_not values ('a')`,
      /public\.vouched\(text\)/,
    ],
    ['a call of which not every overload is vouched for', 'select called(1)', /call function called/],
  ])('%s', async (_, sql, message) => {
    await expect(client.query(sql)).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(message),
    })
    expect((await client.query('table log')).rows).toEqual([])
  })

  it('also where the session itself turned it on a moment ago', async () => {
    expect((await client.query('select * from secured')).rows).toEqual([])
    await client.query('alter table secured enable row level security')
    await expect(client.query('select * from secured')).rejects.toThrow(/policy q of public\.secured/)
  })

  it('and the refusal says how to give it', async () => {
    await expect(client.query('select concat(1, 2)')).rejects.toMatchObject({
      hint: expect.stringMatching(
        /public\.concat\(integer, integer\) in trusted_functions.*call of public\.concat/,
      ),
    })
  })
})

describe('what needs no leave runs', () => {
  test.each([
    ['code that is vouched for by its signature', `insert into vouched_for values (1, 'a')`],
    ['a call of which every overload is vouched for', 'select agreed(1)'],
    ['another event than the trigger is for', 'select * from triggered'],
    ['a read of a table with defaults', 'select * from defaulted'],
    ['a name that only another schema has', 'select upper(name) from plain'],
    ['a column of no function', 'select plain.note from plain'],
  ])('%s', async (_, sql) => {
    await expect(client.query(sql)).resolves.toBeDefined()
  })
})

describe('what the catalog says of a function', () => {
  const owned = { owner: 'code_owner', securityDefiner: true, settings: [], language: 'plpgsql' }
  const privileged = {
    ...owned,
    signature: 'public.privileged(integer)',
    volatility: 'stable',
    settings: ['search_path=public, pg_temp'],
  }
  const twice = { volatility: 'volatile', securityDefiner: false, settings: [] }
  const stamps = {
    ...owned,
    signature: 'public.stamps()',
    volatility: 'volatile',
    via: 'trigger stamp of public.stamped',
  }
  const superuser = async () => (await stack.superuser('select current_user as name'))[0]?.['name']

  test.each([
    ['select f()', 'call function f [volatile sql, owner NAME]'],
    ['insert into triggered values (1)', '(trigger t of public.triggered) [volatile plpgsql, owner NAME]'],
  ])('is in the refusal of %s', async (sql, words) => {
    const message = expect.stringContaining(words.replace('NAME', String(await superuser())))
    await expect(client.query(sql)).rejects.toMatchObject({ code: '42501', message })
  })

  test.each<[string, string, object[]]>([
    ['of a call by name', 'select public.privileged(1)', [privileged]],
    ['of a trigger', 'insert into stamped values (1)', [stamps]],
    [
      'of each that a name may mean',
      `select twice('a')`,
      [
        { ...twice, signature: 'public.twice(integer)', language: 'sql' },
        { ...twice, signature: 'public.twice(text)', language: 'plpgsql' },
      ],
    ],
  ])('is shown to reviewers and written to the audit log: %s', async (_, text, functions) => {
    const result = client.query(text)
    const request = await stack.reviews.next()
    expect(await stack.reviews.get(request.id)).toMatchObject({ text, functions })
    expect(await stack.reviews.approve(request.id)).toMatchObject({ status: 200 })
    await result
    const audited = stack
      .audit()
      .filter((event) => event['type'] === 'decision' && event['operation'] === text)
    expect(audited.at(-1)).toMatchObject({
      outcome: 'hold',
      rules: expect.arrayContaining(['held']),
      functions,
    })
  })

  it('a held call of the extended protocol is approved once, though it is judged before its Bind', async () => {
    const result = client.query('select public.privileged($1)', [1])
    const { id } = await stack.reviews.next()
    await stack.reviews.approve(id)
    expect((await result).rowCount).toBe(1)
    expect(await stack.reviews.list()).toEqual([])
  }, 20_000)

  it('a call that stands in several statements of a text is vouched for in each', async () => {
    await expect(client.query('select agreed(1); select agreed(1)')).resolves.toBeDefined()
  })
})

describe('chaperone explain --connect', () => {
  it('decides as a session does, says what the functions are, and runs nothing', async () => {
    const text = await explained(stack.configFile, '--connect', `insert into ruled values (1, 'a')`)
    expect(text).toContain(
      'decision: deny: no rule allows: call function public.f() (rule logs of public.ruled) [volatile sql, owner ',
    )
    expect(text).toMatch(/^function public\.f\(\): volatile sql, owner .*, rule logs of public\.ruled$/m)
    expect(text).not.toContain('not looked at')
    expect((await client.query('table ruled')).rows).toEqual([])
    const held = await explained(stack.configFile, '--connect', '--json', 'insert into stamped values (1)')
    expect(JSON.parse(held)).toMatchObject({
      outcome: 'hold',
      catalog: 'asked',
      functions: [{ signature: 'public.stamps()', owner: 'code_owner', securityDefiner: true }],
    })
  })

  it('without it says what was not looked at', async () => {
    const text = await explained(stack.configFile, `insert into ruled values (1, 'a')`)
    expect(text).toContain('decision: allow')
    expect(text).toMatch(/^not looked at: .*code that no statement shows.*--connect/m)
  })

  it('says why where the target cannot be asked', async () => {
    await expect(explained(stack.configFile, '--connect', '--database', 'other', 'select 1')).rejects.toThrow(
      'the database other is not offered here',
    )
  })

  it('says which target it was, and as whom it was asked', async () => {
    const [port = 0] = await freePorts(1)
    const config = readFileSync(stack.configFile, 'utf8')
    const gone = join(dirname(stack.configFile), 'gone.yaml')
    writeFileSync(gone, config.replaceAll(`:${stack.postgres.port}`, `:${port}`))
    await expect(explained(gone, '--connect', 'select 1')).rejects.toThrow(
      `the target at 127.0.0.1:${port} cannot be asked as app_rw: connect ECONNREFUSED`,
    )
  })
})
