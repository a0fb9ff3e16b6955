// A resource whose results go past Chaperone, end to end: stock clients, refusals, holds, cancellation, endings.
import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { eventually } from '../../support/envoy-stack.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import {
  bind,
  cancelRequest,
  copyData,
  copyDone,
  describe as describeMessage,
  execute,
  parse,
  password,
  query,
  startup,
  sync,
} from '../../support/pgwire/frontend.ts'
import { connectPgWire } from '../../support/pgwire.ts'
import { run } from '../../support/stack/clients.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
let engineer: string
beforeAll(async () => {
  stack = await startStack({
    resource: { process: 'requests-only', recording: 'commands' },
    config: { masks: {} },
    // for `pg_sleep`
    policies: { sleep: { decision: 'allow', resources: '*', groups: ['engineers'], effects: ['call'] } },
  })
  analyst = await stack.tokens.person(['analysts'])
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())

const sessions = async () =>
  Number(/^chaperone_sessions(?:\{\S*\})? (\d+)$/m.exec(await stack.metrics())?.[1] ?? Number.NaN)

const parametersOf = async (id: string) => {
  const authorization = `Bearer ${await stack.tokens.person(['approvers'], { subject: 'rita' })}`
  const response = await fetch(`${stack.admin}/api/v1/approvals/${id}`, { headers: { authorization } })
  return ((await response.json()) as { parameters: unknown }).parameters
}

const fromServer = async () =>
  Number(/^chaperone_bytes_total\{[^}]*from-server[^}]*\} (\d+)$/m.exec(await stack.metrics())?.[1])

describe('stock clients', () => {
  it('psql reads, fails and goes on as on a server', async () => {
    const sql = 'select count(*) from orders; select 1/0; slect; select 2;'
    const { stdout, stderr } = await stack.psql(analyst, sql)
    expect(stdout).toBe('4\n2\n')
    expect(stderr).toMatch(/division by zero[\s\S]*syntax error/)
  })

  it('results of any size arrive whole, and no byte of them is seen here', async () => {
    const client = await stack.connect(analyst)
    const before = await fromServer()
    const { rows } = await client.query(`select n, repeat('x', 100) as x from generate_series(1, 100000) n`)
    expect(rows.length).toBe(100_000)
    expect(rows.at(-1)).toEqual({ n: 100_000, x: 'x'.repeat(100) })
    expect(await fromServer()).toBe(before)
    await client.end()
  })

  it('node-postgres runs parameters, named statements and errors in a transaction', async () => {
    const client = await stack.connect(engineer)
    expect((await client.query('select $1::int + 1 as n', [41])).rows).toEqual([{ n: 42 }])
    for (const id of [10, 11]) {
      const named = { name: 'order', text: 'select id from orders where id = $1', values: [id] }
      expect((await client.query(named)).rows).toEqual([{ id }])
    }
    await client.query('begin')
    await expect(client.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    await client.end()
  })

  it.each(['simple', 'extended', 'prepared'])('pgbench -M %s completes every transaction', async (mode) => {
    await stack.superuser(`
      set role app_rw;
      create table if not exists pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84));
      insert into pgbench_accounts select n, 1, 0, '' from generate_series(1, 100000) n on conflict do nothing;
      create table if not exists pgbench_branches (bid int primary key, bbalance int, filler char(88));
      insert into pgbench_branches values (1, 0, '') on conflict do nothing;
      create table if not exists pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84));
      insert into pgbench_tellers select n, 1, 0, '' from generate_series(1, 10) n on conflict do nothing;
      create table if not exists pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))
    `)
    const options = ['-n', '-M', mode, '-c', '4', '-t', '25', stack.conninfo()]
    const { stdout, stderr } = await run('pgbench', options, engineer)
    expect(stdout + stderr).toMatch('number of transactions actually processed: 100/100')
    expect(stdout).toMatch('number of failed transactions: 0 ')
  })

  it('every session gets its own target’s bytes, however many begin at once', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => stack.connect(analyst)))
    const answers = await Promise.all(
      clients.map((client, n) => client.query('select $1::int as n, pg_backend_pid() as pid', [n])),
    )
    expect(answers.map(({ rows }) => rows[0].n)).toEqual(clients.map((_, n) => n))
    expect(new Set(answers.map(({ rows }) => rows[0].pid)).size).toBe(40)
    await Promise.all(clients.map((client) => client.end()))
  })

  it('a client that does not wait for the login loses nothing', async () => {
    const client = await stack.wireTls()
    client.send(
      startup({ user: 'anybody', database: 'app' }),
      password(analyst),
      query('select 1'),
      query('select 2'),
    )
    const messages = [
      ...(await client.until('ReadyForQuery')),
      ...(await client.until('ReadyForQuery')),
      ...(await client.until('ReadyForQuery')),
    ]
    expect(textRows(messages)).toEqual([['1'], ['2']])
    client.destroy()
  })

  it('COPY goes both ways', async () => {
    const out = await stack.psql(analyst, ['-c', 'copy (select id from orders order by id) to stdout'])
    expect(out).toMatchObject({ stdout: '10\n11\n12\n13\n', code: 0 })
    const copying = await stack.wire(engineer)
    copying.send(query('copy customers (id, name) from stdin'))
    await copying.until('CopyInResponse')
    copying.send(copyData('90\tNinety\n'), copyData('91\tNinety-one\n'), copyDone())
    expect(ofKind(await copying.until('ReadyForQuery'), 'CommandComplete')).toEqual([
      { kind: 'CommandComplete', tag: 'COPY 2' },
    ])
    copying.send(query('delete from customers where id > 89'))
    expect(ofKind(await copying.until('ReadyForQuery'), 'CommandComplete')[0]?.tag).toBe('DELETE 2')
    copying.destroy()
  })
})

describe('record', () => {
  it('a recording holds what was asked and decided, no result, and verifies', async () => {
    const marker = `marker-${Date.now()}`
    await stack.psql(
      engineer,
      `select 'Ada' as a, '${marker}' as b; drop table orders; select name from customers;`,
    )
    const ended = async () => (await stack.recordings()).filter(({ end }) => end !== undefined)
    let path = ''
    await eventually('the recording is complete', async () => {
      const found = (await ended()).find((summary) => readFileSync(summary.path, 'utf8').includes(marker))
      path = found?.path ?? ''
      return found !== undefined
    })
    expect(await verifyRecording(path)).toMatchObject({ state: 'ok' })
    const text = readFileSync(path, 'utf8')
    expect(text).toContain('no-drop')
    expect(text).not.toContain('Ada Lovelace')
  })
})

describe('refusals', () => {
  it('a refused Query fails with the refusal’s own SQLSTATE, words and hint', async () => {
    const client = await stack.connect(engineer)
    await expect(client.query('drop table orders')).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(/^chaperone: rule no-drop: /),
      hint: expect.stringContaining('no-drop'),
    })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  it('a refused Parse fails as a syntax error that shows the refusal', async () => {
    const client = await stack.connect(engineer)
    const refused = client.query('delete from pg_catalog.pg_class where relname = $1', ['orders'])
    await expect(refused).rejects.toMatchObject({
      code: '42601',
      message: expect.stringMatching(/"'chaperone: /),
    })
    expect((await client.query('select $1::text as one', ['1'])).rows).toEqual([{ one: '1' }])
    await client.end()
  })

  it.each([
    ['simple', (client: pg.Client) => client.query('truncate orders')],
    ['extended', (client: pg.Client) => client.query('truncate orders', [])],
    [
      'extended with parameters',
      (client: pg.Client) => client.query({ text: 'truncate orders', values: [], name: 't' }),
    ],
  ])('a refused statement fails its transaction (%s)', async (_, refused) => {
    const client = await stack.connect(engineer)
    await client.query('begin')
    await client.query(`update customers set notes = 'changed' where id = 1`)
    await expect(refused(client)).rejects.toMatchObject({ message: expect.stringContaining('chaperone: ') })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    expect((await client.query('select notes from customers where id = 1')).rows).toEqual([
      { notes: 'prefers mail' },
    ])
    await client.end()
  })

  it('after a refused message everything up to Sync is skipped, and its answer still comes', async () => {
    const client = await stack.wire(engineer)
    client.send(
      parse({ sql: 'drop table orders' }),
      bind({}),
      execute(),
      parse({ sql: 'select 1' }),
      bind({}),
      execute(),
      sync(),
      query('select 2'),
    )
    const kinds = (await client.until('ReadyForQuery')).map(({ kind }) => kind)
    expect(kinds).toEqual(['ErrorResponse', 'ReadyForQuery'])
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['2']])
    client.destroy()
  })

  it('no text of a refusal ends its own quotes', async () => {
    const client = await stack.connect(engineer)
    const name = `x'; drop table orders; -- $d$ $$ \\' %`
    await expect(client.query(`select * from secret."${name}"`)).rejects.toMatchObject({
      message: expect.stringContaining('drop table orders'),
    })
    await expect(client.query(`select * from secret."${name}" where $1`, [true])).rejects.toMatchObject({
      code: '42601',
      message: expect.stringContaining('drop table orders'),
    })
    await client.end()
  })
})

describe('holds', () => {
  it('a held statement waits, its client is told, and it runs once it is approved', async () => {
    const waiting = stack.psql(engineer, 'update orders set total = 7 where id = 13; select 5;')
    const request = await stack.reviews.next()
    expect(await stack.superuser('select total from orders where id = 13')).toEqual([{ total: '5.75' }])
    expect((await stack.reviews.approve(request.id)).status).toBe(200)
    const done = await waiting
    expect(done).toMatchObject({ stdout: 'UPDATE 1\n5\n', code: 0 })
    expect(done.stderr).toMatch(`held for approval as request ${request.id}`)
  })

  it('a held Execute shows its parameters, and what comes after it waits', async () => {
    const client = await stack.wire(engineer)
    client.send(
      parse({ sql: 'update orders set status = $1 where id = 12 returning *' }),
      bind({ values: ['held'] }),
      describeMessage('P'),
      execute(),
      sync(),
    )
    const request = await stack.reviews.next()
    expect(await parametersOf(request.id)).toEqual([{ kind: 'text', value: 'held' }])
    const notice = await client.expect('NoticeResponse')
    expect(notice.fields.M).toContain(request.id)
    await client.silence(200)
    expect((await stack.reviews.approve(request.id)).status).toBe(200)
    const kinds = (await client.until('ReadyForQuery')).map(({ kind }) => kind)
    expect(kinds).toEqual([
      'ParseComplete',
      'BindComplete',
      'RowDescription',
      'DataRow',
      'CommandComplete',
      'ReadyForQuery',
    ])
    client.destroy()
  })

  it('a client that sends on without waiting is not told, since answers may be on their way', async () => {
    const client = await stack.wire(engineer)
    client.send(
      query(`select repeat('x', 1000) from generate_series(1, 20000)`),
      query('update orders set total = 9 where id = 13'),
    )
    const request = await stack.reviews.next()
    expect((await stack.reviews.deny(request.id)).status).toBe(200)
    const first = await client.until('ReadyForQuery')
    expect(ofKind(first, 'DataRow').length).toBe(20_000)
    expect(ofKind(first, 'NoticeResponse')).toEqual([])
    const second = await client.until('ReadyForQuery')
    expect(ofKind(second, 'NoticeResponse')).toEqual([])
    expect(ofKind(second, 'ErrorResponse')[0]?.fields.C).toBe('42501')
    client.destroy()
  })

  it('a cancel request withdraws a hold', async () => {
    const client = await stack.wireTls()
    const login = await client.login({ user: 'anybody', database: 'app' }, { password: engineer })
    const [key] = ofKind(login, 'BackendKeyData')
    if (!key) throw new Error('no key')
    client.send(query('update orders set total = 11 where id = 12'))
    await stack.reviews.next()
    const canceler = await connectPgWire({ port: stack.port })
    canceler.send(cancelRequest(key.pid, key.key))
    expect(ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')[0]?.fields.C).toBe('57014')
    expect(await stack.reviews.list()).toEqual([])
    canceler.destroy()
    client.destroy()
  })

  it('an approval is for one run', async () => {
    const client = await stack.connect(engineer)
    for (let run = 0; run < 2; run += 1) {
      const held = client.query({
        name: 'again',
        text: 'update orders set total = 5.75 where id = $1',
        values: [13],
      })
      expect((await stack.reviews.approve((await stack.reviews.next()).id)).status).toBe(200)
      expect((await held).rowCount).toBe(1)
    }
    await client.end()
  })

  it('a client that leaves while it waits withdraws its request, and nothing runs', async () => {
    const client = await stack.wire(engineer)
    client.send(query('update orders set total = 10 where id = 12'))
    const { id } = await stack.reviews.next()
    client.reset()
    await eventually('the withdrawal', async () =>
      (await stack.reviews.list('withdrawn')).some((request) => request.id === id),
    )
    expect(await stack.superuser('select total from orders where id = 12')).toEqual([{ total: '250.00' }])
  })
})

describe('endings', () => {
  it('a cancel request stops a statement that runs', async () => {
    const client = await stack.wireTls()
    const login = await client.login({ user: 'anybody', database: 'app' }, { password: engineer })
    const [key] = ofKind(login, 'BackendKeyData')
    if (!key) throw new Error('no key')
    client.send(query('select pg_sleep(30)'))
    await eventually('it runs', async () => {
      const [row] = await stack.superuser(
        `select count(*)::int as n from pg_stat_activity where query ~ '^select pg_sleep'`,
      )
      return row?.['n'] === 1
    })
    const canceler = await connectPgWire({ port: stack.port })
    canceler.send(cancelRequest(key.pid, key.key))
    expect(await canceler.untilEnd()).toEqual({ messages: [], how: 'FIN' })
    expect(ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')[0]?.fields.C).toBe('57014')
    client.destroy()
  })

  it('a session whose backend is terminated ends in Chaperone as well', async () => {
    await eventually('no session is left', async () => (await sessions()) === 0)
    const client = await stack.wire(analyst)
    client.send(query('select pg_backend_pid()'))
    const [[pid] = []] = textRows(await client.until('ReadyForQuery'))
    await stack.superuser(`select pg_terminate_backend(${pid})`)
    const { messages } = await client.untilEnd()
    expect(ofKind([...messages], 'ErrorResponse')[0]?.fields.C).toBe('57P01')
    client.destroy()
    await eventually('the session ends', async () => (await sessions()) === 0)
  })

  it('a target that refuses Chaperone’s login is an error without the password', async () => {
    await stack.superuser(`alter role app_rw password 'changed behind the back'`)
    const outcome = await stack.psql(engineer, 'select 1;')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(/FATAL: {2}chaperone: /)
    expect(outcome.stderr).not.toMatch(/app_rw|changed behind/)
    await stack.rotateSecret('app-rw', 'in order again')
    expect(await stack.psql(engineer, 'select 1;')).toMatchObject({ stdout: '1\n' })
  })

  it('a crash of the target ends every session, and sessions begin again after it', async () => {
    const client = await stack.connect(analyst)
    const ended = new Promise((resolve) => client.once('end', resolve))
    await stack.postgres.kill('SIGKILL')
    await ended
    await eventually('the session ends', async () => (await sessions()) === 0)
    const down = await stack.psql(analyst, 'select 1;')
    expect(down.code).toBe(2)
    await stack.postgres.restart()
    expect(await stack.psql(analyst, 'select 1;')).toMatchObject({ stdout: '1\n', code: 0 })
  })

  it('no session of the database stays behind its client', async () => {
    await eventually('the last connection ends', async () => {
      const [row] = await stack.superuser(
        `select count(*)::int as n from pg_stat_activity where usename in ('app_rw', 'app_ro')`,
      )
      return row?.['n'] === 0
    })
    await eventually('the last session ends', async () => (await sessions()) === 0)
  })
})
