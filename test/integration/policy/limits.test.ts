// Limits of rules on results, through the real Envoy: what is over is not shown, and the statement fails as any other.
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import {
  bind,
  describe as describeMessage,
  execute,
  flush,
  parse,
  query,
  sync,
} from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
const open: (() => unknown)[] = []

type Rule = NonNullable<ConfigInput['policies']>[string]

const read = (group: string, limits: NonNullable<Rule['limits']>): Rule => ({
  decision: 'allow',
  resources: '*',
  groups: [group],
  effects: ['read'],
  relations: ['public.*'],
  limits,
})

beforeAll(async () => {
  stack = await startStack({
    policies: {
      three: read('three', { rows: 3 }),
      'three-written': {
        decision: 'allow',
        resources: '*',
        groups: ['three'],
        effects: ['insert', 'update', 'delete'],
        relations: ['public.*'],
        limits: { rows: 3 },
      },
      small: read('small', { bytes: '100B' }),
      'ten-a-session': read('ten-a-session', { session: { rows: 10 } }),
      'five-an-hour': read('five-an-hour', { hour: { rows: 5 } }),
    },
  })
  await stack.superuser(
    'create table many as select i as id, repeat($$x$$, 20) as x from generate_series(1, 1000) i',
  )
  await stack.superuser('grant select on many to app_ro; grant all on many to app_rw')
})
afterAll(() => stack?.stop())
afterEach(async () => {
  for (const end of open.splice(0)) await end()
})

async function client(...groups: string[]): Promise<pg.Client> {
  const connected = await stack.connect(await stack.tokens.person(groups))
  open.push(() => connected.end())
  return connected
}

async function wire(...groups: string[]): Promise<PgWireClient> {
  const connected = await stack.wire(await stack.tokens.person(groups))
  open.push(() => connected.destroy())
  return connected
}

const over = (rule: string) => ({
  code: '53400',
  message: expect.stringMatching(new RegExp(`rule ${rule} lets through`)),
})
const MANY = 'select id from many order by id'

describe('rows of one statement', () => {
  it('as many as the rule says come, and then an error; the session goes on', async () => {
    const session = await wire('three')
    session.send(query(MANY))
    const answer = await session.until('ReadyForQuery')
    expect(textRows(answer)).toEqual([['1'], ['2'], ['3']])
    expect(ofKind(answer, 'CommandComplete')).toEqual([])
    expect(ofKind(answer, 'ErrorResponse')[0]?.fields).toMatchObject({ C: '53400', S: 'ERROR' })
    session.send(query('select 1'))
    expect(textRows(await session.until('ReadyForQuery'))).toEqual([['1']])
  })

  it('exactly as many are no error', async () => {
    const session = await client('three')
    expect((await session.query(`${MANY} limit 3`)).rowCount).toBe(3)
    expect((await session.query(`select id from many where id <= $1`, [3])).rowCount).toBe(3)
    await expect(session.query('select id from many where id <= $1', [4])).rejects.toMatchObject(
      over('three'),
    )
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('more than a limit lets through is in the audit log, with the limit and what was measured', async () => {
    const session = await client('ten-a-session')
    await session.query(`${MANY} limit 4`)
    await expect(session.query('select id from many where id <= $1', [9])).rejects.toMatchObject(
      over('ten-a-session'),
    )
    await expect(session.query(MANY)).rejects.toMatchObject(over('ten-a-session'))
    const found = stack.audit().filter(({ type, rule }) => type === 'limit' && rule === 'ten-a-session')
    const same = {
      over: 'session',
      limit: { rows: 10 },
      actor: expect.anything(),
      session: expect.anything(),
    }
    expect(found).toMatchObject([
      { ...same, sequence: 3, measured: { rows: 11, bytes: expect.any(Number) } },
      { ...same, sequence: 4, measured: { rows: 10, bytes: expect.any(Number) } },
    ])
  })

  it('a transaction is aborted, as by an error of the server', async () => {
    const session = await client('three', 'admins')
    for (const values of [[], [0]]) {
      await session.query('BEGIN')
      await session.query(`insert into many values (2000, 'new')`)
      const text = values.length > 0 ? 'select id from many where id > $1' : MANY
      await expect(session.query(text, values.length > 0 ? values : undefined)).rejects.toMatchObject(
        over('three'),
      )
      await expect(session.query('select 1')).rejects.toMatchObject({ code: '25P02' })
      await session.query('COMMIT')
      expect((await session.query('select count(*)::int as n from many where id = 2000')).rows).toEqual([
        { n: 0 },
      ])
    }
  })

  it('a limit holds also where another rule gives leave without one', async () => {
    const session = await client('three', 'analysts')
    await expect(session.query(MANY)).rejects.toMatchObject(over('three'))
  })

  it('what comes after it in a pipeline does not run, and what came before it is undone', async () => {
    const session = await wire('three', 'admins')
    const insert = (id: number) => [
      parse({ sql: `insert into many values (${id}, 'p')` }),
      bind({}),
      execute(),
    ]
    session.send(
      ...insert(3000),
      ...[parse({ sql: MANY }), bind({}), describeMessage('P'), execute()],
      ...insert(3001),
      sync(),
      ...[parse({ sql: 'select count(*) from many where id >= 3000' }), bind({}), execute(), sync()],
    )
    const first = await session.until('ReadyForQuery')
    expect(textRows(first)).toEqual([['1'], ['2'], ['3']])
    expect(ofKind(first, 'ErrorResponse').map(({ fields }) => fields.C)).toEqual(['53400'])
    expect(ofKind(first, 'CommandComplete')).toHaveLength(1)
    expect(textRows(await session.until('ReadyForQuery'))).toEqual([['0']])
  })

  it('the parts in which a portal is read count together', async () => {
    const session = await wire('three')
    session.send(query('BEGIN'), parse({ sql: MANY }), bind({ portal: 'p' }), execute('p', 2), flush())
    await session.until('ReadyForQuery')
    expect(textRows(await session.until('PortalSuspended'))).toEqual([['1'], ['2']])
    session.send(execute('p', 2), sync())
    const answer = await session.until('ReadyForQuery')
    expect(textRows(answer)).toEqual([['3']])
    expect(ofKind(answer, 'ErrorResponse')[0]?.fields.C).toBe('53400')
  })

  it('the server is asked for no more rows than show that there are more', async () => {
    const session = await client('three')
    const counted = () =>
      stack.superuser(`select seq_tup_read::int as n from pg_stat_user_tables where relname = 'many'`)
    await stack.superuser('select pg_stat_force_next_flush()').catch(() => [])
    const before = (await counted())[0]?.['n'] as number
    await expect(session.query('select id from many where $1::int is null', [null])).rejects.toMatchObject(
      over('three'),
    )
    await session.end()
    open.length = 0
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      const now = (await counted())[0]?.['n'] as number
      if (now > before) return expect(now - before).toBeLessThan(1000)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('the server counted nothing')
  })

  it('COPY is a result as well', async () => {
    const session = await wire('three')
    session.send(query('copy many (id) to stdout'))
    const answer = await session.until('ReadyForQuery')
    expect(ofKind(answer, 'CopyData')).toHaveLength(3)
    expect(ofKind(answer, 'CopyDone')).toEqual([])
    expect(ofKind(answer, 'ErrorResponse')[0]?.fields.C).toBe('53400')
    session.send(query('select 1'))
    expect(textRows(await session.until('ReadyForQuery'))).toEqual([['1']])
  })

  it('FETCH counts like any statement', async () => {
    const session = await client('three')
    await session.query('BEGIN')
    await session.query(`declare c cursor for ${MANY}`)
    expect((await session.query('fetch 3 from c')).rowCount).toBe(3)
    await expect(session.query('fetch 4 from c')).rejects.toMatchObject(over('three'))
    await session.query('ROLLBACK')
  })
})

describe('changes that give back too many rows', () => {
  const update = `update many set x = 'changed' where id > $1 returning id`
  const changed = async () =>
    (await stack.superuser(`select count(*)::int as n from many where x = 'changed'`))[0]?.['n']

  it('are undone in the extended protocol, and in a transaction', async () => {
    const session = await client('three', 'admins')
    await expect(session.query(update, [0])).rejects.toMatchObject(over('three'))
    expect(await changed()).toBe(0)
    await session.query('BEGIN')
    await expect(session.query(update.replace('$1', '0'))).rejects.toMatchObject(over('three'))
    await session.query('COMMIT')
    expect(await changed()).toBe(0)
  })

  it('end the session where a simple query would have committed them', async () => {
    const session = await wire('three', 'admins')
    session.send(query(`${update.replace('$1', '0')}`))
    const { messages } = await session.untilEnd()
    expect(textRows(messages)).toEqual([['1'], ['2'], ['3']])
    expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({ S: 'FATAL', C: '53400' })
  })

  it.each([`${MANY}; select 1`, `begin; ${MANY}; commit`])(
    'as do texts of several statements: %s',
    async (text) => {
      const session = await wire('three')
      session.send(query(text))
      const { messages } = await session.untilEnd()
      expect(textRows(messages)).toEqual([['1'], ['2'], ['3']])
      expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({ S: 'FATAL', C: '53400' })
    },
  )
})

it('what was begun without a Sync, and is committed by a simple query, is not told to have failed', async () => {
  const session = await wire('three', 'admins')
  session.send(parse({ sql: `insert into many values (4000, 'q')` }), bind({}), execute(), query(MANY))
  const { messages } = await session.untilEnd()
  expect(ofKind(messages, 'ErrorResponse')[0]?.fields).toMatchObject({ S: 'FATAL', C: '53400' })
})

it('bytes are those that the client gets, so that one row may be too much', async () => {
  const session = await client('small')
  expect((await session.query('select id from many where id < 3')).rowCount).toBe(2)
  await expect(session.query('select string_agg(x, $1) from many', ['-'])).rejects.toMatchObject(
    over('small'),
  )
  await expect(session.query(`select string_agg(x, '-') from many`)).rejects.toMatchObject(over('small'))
  expect((await session.query('select id from many where id < 3')).rowCount).toBe(2)
})

it('what a session used up is refused before the server is asked; another session has its own', async () => {
  const session = await client('ten-a-session')
  expect((await session.query(`${MANY} limit 6`)).rowCount).toBe(6)
  await expect(session.query(`${MANY} limit 6`)).rejects.toMatchObject(over('ten-a-session'))
  await expect(session.query(MANY)).rejects.toMatchObject({ code: '53400' })
  const decision = stack
    .audit()
    .filter(({ type }) => type === 'decision')
    .at(-1)
  expect(decision).toMatchObject({ outcome: 'deny', operation: MANY })
  const other = await client('ten-a-session')
  expect((await other.query(`${MANY} limit 10`)).rowCount).toBe(10)
})

it('an hour counts over the sessions of a principal, and not those of another', async () => {
  const subject = { subject: 'hugo' }
  const as = async (who: { subject: string }) => {
    const connected = await stack.connect(await stack.tokens.person(['five-an-hour'], who))
    open.push(() => connected.end())
    return connected
  }
  expect((await (await as(subject)).query(`${MANY} limit 4`)).rowCount).toBe(4)
  const second = await as(subject)
  await expect(second.query(`${MANY} limit 2`)).rejects.toMatchObject(over('five-an-hour'))
  await expect(second.query(`${MANY} limit 1`)).rejects.toMatchObject(over('five-an-hour'))
  expect((await (await as({ subject: 'ida' })).query(`${MANY} limit 5`)).rowCount).toBe(5)
})
