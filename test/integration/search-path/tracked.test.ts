// A session that may set its search_path is judged by what its names mean on it, however it came to be. Each client may read
// a.t and public.t, and nothing of b; every t says where it lies.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { type BackendMessage, textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const RELATIONS = ['a.*', 'public.*', 'pg_temp.*', '$catalog']
type Policy = NonNullable<ConfigInput['policies']>[string]
const rule = (more: Pick<Policy, 'effects'> & Partial<Policy>): Policy => ({
  decision: 'allow',
  resources: '*',
  ...more,
})
const CALLABLE = ['*.go', '*.go_here', '*.secret', '*.moves']

const SCHEMA = `
  create schema a; create schema b;
  ${['a', 'b', 'public']
    .map((schema) => `create table ${schema}.t as select '${schema}'::text as place;`)
    .join(' ')}
  create table b.only as select 'b'::text as place; create table public.watched (id int);
  create function public.go(path text) returns text language sql as $$ select set_config('search_path', path, false) $$;
  create function public.go_here(path text) returns text language sql as $$ select set_config('search_path', path, true) $$;
  create function a.go(path text) returns text language sql as $$ select set_config('search_path', path, false) $$;
  create function b.go(path text) returns text language sql as $$ select set_config('search_path', path, false) $$;
  create function public.within() returns text language sql set search_path = b as 'select place from t';
  create function public.moves() returns trigger language plpgsql as $$ begin set search_path = b; return new; end $$;
  create trigger moves after insert on public.watched for each row execute function public.moves();
  create function a.upper(text) returns text language sql as $$ select 'a'::text $$;
  create view public.moving as select public.go('b') as place; alter view public.moving owner to app_rw;
  create schema app_rw authorization app_rw; create table app_rw.mine as select 'app_rw'::text as place;
  grant usage on schema a, b to app_rw, app_ro; grant select on all tables in schema a, b, public to app_ro; grant all on all tables in schema a, b, public, app_rw to app_rw`

/** what is sent in one write: simple queries, or messages */
type Step = string | readonly (string | Uint8Array)[]

const once = (sql: string, name = '') => [f.parse({ name, sql }), f.bind({ statement: name }), f.execute()]
const outcomeOf = ({ C = '', M = '' }: Readonly<Partial<Record<string, string>>>) =>
  C === '42501' && M.startsWith('chaperone') ? 'refused' : C

const again = (name: string) => [f.bind({ statement: name }), f.execute()]

describe.each(['18', '15'] as const)('on PostgreSQL %s', (version) => {
  let stack: Stack
  const tokens: Record<string, string> = {}
  beforeAll(async () => {
    stack = await startStack({
      postgres: { version },
      // Queries that only read go as Parse, Bind and Execute there.
      ...(version === '15' ? { resource: { window: '64KiB' } } : {}),
      config: {
        masks: {},
        policies: {
          session: rule({ effects: ['session'] }),
          reads: rule({ groups: ['engineers', 'analysts'], effects: ['read'], relations: RELATIONS }),
          writes: rule({ groups: ['engineers'], effects: ['insert', 'create'], relations: RELATIONS }),
          everywhere: rule({ groups: ['admins'], effects: ['read'], relations: ['*'] }),
          path: rule({
            groups: ['engineers', 'admins'],
            effects: ['setting'],
            objects: ['search_path', 'synchronize_seqscans'],
          }),
          calls: rule({ groups: ['engineers', 'admins'], effects: ['call'], objects: CALLABLE }),
        },
      },
    })
    await stack.superuser(SCHEMA)
    for (const group of ['engineers', 'analysts', 'admins'])
      tokens[group] = await stack.tokens.person([group])
  })
  afterAll(() => stack?.stop())

  /** What the client sees, answer by answer: values, SQLSTATEs, or that Chaperone refused. Texts of several statements in one write are steps of one. */
  async function play(steps: readonly Step[], group = 'engineers'): Promise<string[]> {
    const client = await stack.wire(tokens[group] ?? '')
    const seen: string[] = []
    const note = (messages: readonly BackendMessage[]) => {
      for (const message of messages) {
        if (message.kind === 'DataRow') seen.push(...textRows([message]).flat().map(String))
        if (message.kind === 'ErrorResponse') seen.push(outcomeOf(message.fields))
      }
    }
    for (const step of steps) {
      const messages = (typeof step === 'string' ? [step] : step).map((one) =>
        typeof one === 'string' ? f.query(one) : one,
      )
      client.send(...messages)
      const ends = messages.filter((one) => one[0] === 0x51 || one[0] === 0x53)
      for (const _ of ends) note(await client.until('ReadyForQuery'))
    }
    client.destroy()
    return seen
  }

  test('without a rule, the path stays', async () => {
    expect(await play(['set search_path = a', 'table t'], 'analysts')).toEqual(['refused', 'public'])
    const ways = [
      'set local search_path = a',
      'reset search_path',
      "set schema 'a'",
      "select set_config('search_path', 'a', false)",
    ]
    for (const way of ways) expect(await play([way], 'analysts'), way).toEqual(['refused'])
  })

  test('a path with nothing but the catalog needs no rule, and finds nothing else', async () => {
    const emptied = ["select pg_catalog.set_config('search_path', '', false)", 'table t', 'table public.t']
    expect(await play([...emptied, 'reset all', 'table t'], 'analysts')).toEqual([
      '',
      '42P01',
      'public',
      'public',
    ])
  })

  describe('names mean what they mean on the path', () => {
    test.each<[string, readonly Step[], readonly string[]]>([
      ['set', ['set search_path = a', 'table t', 'set search_path = b', 'table t'], ['a', 'refused']],
      [
        'set to several',
        ['set search_path = b, a', 'table t', 'set search_path = a, public', 'table t'],
        ['refused', 'a'],
      ],
      ['set by its other name', ["set schema 'b'", 'table t', "set schema 'a'", 'table t'], ['refused', 'a']],
      ['set_config', ["select set_config('search_path', 'b', false)", 'table t'], ['b', 'refused']],
      ['a view that calls a function', ['table moving', 'table t'], ['b', 'refused']],
      ['reset', ['set search_path = b', 'reset search_path', 'table t'], ['public']],
      ['reset of all', ['set search_path = b', 'reset all', 'table t'], ['public']],
      ['discard', ['set search_path = b', 'discard all', 'table t'], ['public']],
      ['default', ['set search_path = b', 'set search_path to default', 'table t'], ['public']],
      [
        'local',
        ['begin', 'set local search_path = b', 'table t', 'rollback', 'table t'],
        ['refused', 'public'],
      ],
      [
        'local until the end',
        ['set search_path = b', 'begin', 'set local search_path = a', 'table t', 'commit', 'table t'],
        ['a', 'refused'],
      ],
      [
        'a rollback',
        ['set search_path = b', 'begin', 'set search_path = a', 'table t', 'rollback', 'table t'],
        ['a', 'refused'],
      ],
      [
        'a failed transaction',
        ['set search_path = b', 'begin', 'set search_path = a', 'table t', 'select 1/0', 'commit', 'table t'],
        ['a', '22012', 'refused'],
      ],
      [
        'a savepoint',
        [
          'set search_path = b',
          'begin',
          'savepoint s',
          'set search_path = a',
          'table t',
          'rollback to s',
          'table t',
          'rollback',
        ],
        ['a', 'refused'],
      ],
      [
        'a savepoint that is released',
        ['begin', 'savepoint s', 'set search_path = a', 'release s', 'table t', 'rollback', 'table t'],
        ['a', 'public'],
      ],
      [
        'a text that fails',
        ['set search_path = b', 'set search_path = a; select 1/0', 'table t'],
        ['22012', 'refused'],
      ],
      [
        'a function',
        ["select go('b')", 'table t', "select public.go('a')", 'table t'],
        ['b', 'refused', 'a', 'a'],
      ],
      [
        'a function in a transaction',
        ['begin', "select public.go_here('a')", 'table t', 'commit', 'table t'],
        ['a', 'a', 'public'],
      ],
      ['a trigger', ['insert into watched values (1)', 'table t'], ['refused']],
      [
        'its quotes',
        [
          'set search_path = "a"',
          'table t',
          'set search_path = A',
          'table t',
          'set search_path = "A"',
          'table t',
        ],
        ['a', 'a', 'refused'],
      ],
      [
        'whoever is logged in',
        ['set search_path = "$user"', 'table mine', 'set search_path = "$user", a', 'table t'],
        ['refused', 'refused'],
      ],
      [
        'a schema that is not there',
        ['set search_path = a, nowhere', 'table t', 'set search_path = a', 'table t'],
        ['refused', 'a'],
      ],
      [
        'a temporary table',
        ['set search_path = a', 'create temporary table t (place text)', 'table t', 'drop table t'],
        ['refused'],
      ],
      [
        'a function before the catalog’s',
        [
          "select upper('x')",
          'set search_path = a, pg_catalog',
          "select upper('x')",
          "select pg_catalog.upper('x')",
        ],
        ['X', 'refused', 'X'],
      ],
      [
        'a setting by its name in pg_settings',
        [
          "select set_config(name, 'b', false) from pg_catalog.pg_settings where name = 'search_path'",
          'table t',
          'reset search_path',
          "select set_config(name, 'on', false) from pg_settings where name = 'synchronize_seqscans'",
          "create temporary table pg_settings as select 'role'::text as name",
          "select set_config(name, 'on', false) from pg_settings where name = 'synchronize_seqscans'",
        ],
        ['b', 'refused', 'on', 'refused'],
      ],
      [
        'a view is bound when it is made',
        [
          'set search_path = a',
          'create view public.seen as table t',
          'set search_path = b',
          'table public.seen',
        ],
        ['a'],
      ],
    ])('%s', async (_, steps, seen) => {
      expect(await play(steps)).toEqual(seen)
    })
  })

  describe('where the server cannot be asked, they may be anywhere', () => {
    const same = 'set search_path = b; table t'
    test('in one text: only a rule for every schema covers them', async () => {
      expect(await play([same])).toEqual(['refused'])
      expect(await play(['set search_path = a; table t'])).toEqual(['refused'])
      expect(await play([same], 'admins')).toEqual(['b'])
      expect(await play(["select go('b'); table t"])).toEqual(['refused'])
      expect(await play(['begin; set local search_path = a; commit', 'table t'])).toEqual(['public'])
      expect(await play(['begin; set local search_path = a', 'table t', 'commit; table t'])).toEqual([
        'a',
        'refused',
      ])
    })

    test('names with a schema are what they are', async () => {
      expect(await play(['set search_path = b; table a.t', 'set search_path = a; table b.t'])).toEqual([
        'a',
        'refused',
      ])
    })

    test('after an insert whose trigger may set it', async () => {
      expect(await play(['insert into watched values (1); table t'])).toEqual(['refused'])
      expect(await play(['begin; insert into watched values (1); commit'])).toEqual([])
    })

    test('the refusal says so', async () => {
      const client = await stack.wire(tokens['engineers'] ?? '')
      client.send(f.query(same))
      const { fields } = await client.expect('ErrorResponse')
      expect(fields.M).toContain('no rule allows: read t')
      expect(fields.H).toContain('name the schema, or send the statement by itself')
      client.destroy()
    })
  })

  describe('messages that are sent at once', () => {
    test.each<[string, readonly Step[], readonly string[]]>([
      [
        'simple queries',
        [['set search_path = b', 'table t', 'set search_path = a', 'table t']],
        ['refused', 'a'],
      ],
      [
        'one segment',
        [[...once('set search_path = b'), ...once('table t'), f.sync()], 'table t'],
        ['refused', 'public'],
      ],
      [
        'one segment that may',
        [[...once('set search_path = a'), ...once('table t'), f.sync()], 'table t'],
        ['a', 'a'],
      ],
      [
        'a segment that fails after it was asked',
        [
          'set search_path = b',
          [
            ...once('set search_path = a'),
            ...once('table t'),
            ...once('select 1/0'),
            f.sync(),
            ...once('table t'),
            f.sync(),
          ],
        ],
        ['a', '22012', 'refused'],
      ],
      [
        'a transaction that ends in the segment',
        [
          'set search_path = b',
          'begin',
          [
            ...once('commit'),
            ...once('set search_path = a'),
            ...once('table t'),
            ...once('select 1/0'),
            f.sync(),
            ...once('table t'),
            f.sync(),
          ],
        ],
        ['a', '22012', 'refused'],
      ],
      [
        'local to a segment',
        [
          'set search_path = b',
          [...once('set local search_path = a'), ...once('table t'), f.sync(), ...once('table t'), f.sync()],
        ],
        ['a', 'refused'],
      ],
      [
        'a transaction that is rolled back',
        ['set search_path = b', ['begin', 'set local search_path = a', 'table t', 'rollback', 'table t']],
        ['a', 'refused'],
      ],
    ])('%s', async (_, steps, seen) => {
      expect(await play(steps)).toEqual(seen)
    })
  })

  describe('what was prepared is planned anew', () => {
    const prepared = ['set search_path = a', [f.parse({ name: 'p', sql: 'table t' }), f.sync()]] as const
    test.each<[string, readonly Step[], readonly string[]]>([
      [
        'a statement',
        [
          ...prepared,
          'set search_path = b',
          [...again('p'), f.sync()],
          'set search_path = a',
          [...again('p'), f.sync()],
        ],
        ['refused', 'a'],
      ],
      [
        'a statement that code follows',
        [...prepared, "select public.go('b')", [...again('p'), f.sync()]],
        ['b', 'refused'],
      ],
      [
        'EXECUTE',
        ['set search_path = a', 'prepare p as table t', 'execute p', 'set search_path = b', 'execute p'],
        ['a', 'refused'],
      ],
      [
        'its columns are not told',
        [
          ...prepared,
          'set search_path = b',
          [f.describe('S', 'p'), f.sync()],
          [f.bind({ statement: 'p' }), f.sync()],
        ],
        ['refused', 'refused'],
      ],
      [
        'EXECUTE behind a change',
        ['set search_path = a', 'prepare p as table t', 'set search_path = b; execute p'],
        ['refused'],
      ],
      [
        'a portal that was bound elsewhere',
        [
          ...prepared,
          ['begin', 'set search_path = b'],
          [f.bind({ portal: 'x', statement: 'p' }), ...once('set search_path = a'), f.execute('x'), f.sync()],
        ],
        ['refused'],
      ],
      [
        'a portal that is executed elsewhere',
        [
          ...prepared,
          'begin',
          [f.bind({ portal: 'x', statement: 'p' }), ...once('set search_path = b'), f.execute('x'), f.sync()],
        ],
        ['refused'],
      ],
      [
        'a cursor keeps its meaning',
        ['set search_path = a', 'begin', 'declare c cursor for table t', 'set search_path = b', 'fetch c'],
        ['refused'],
      ],
      [
        'a cursor on its path',
        ['set search_path = a', 'begin', 'declare c cursor for table t', 'fetch c', 'commit'],
        ['a'],
      ],
      [
        'a cursor that is held',
        [
          'set search_path = a',
          'begin',
          'declare c cursor with hold for table t',
          'commit',
          'fetch c',
          'set search_path = b',
          'fetch c',
        ],
        ['a', 'refused'],
      ],
    ])('%s', async (_, steps, seen) => {
      expect(await play(steps)).toEqual(seen)
    })
  })
})
