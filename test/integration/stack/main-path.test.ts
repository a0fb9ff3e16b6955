// The main job from end to end: stock clients, a token as password, the real Envoy, the real PostgreSQL.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replaySession } from '../../../src/cli/sessions/replay.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { type BackendOf, ofKind } from '../../support/pgwire/backend.ts'
import { cancelRequest, query } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
let engineer: string
beforeAll(async () => {
  stack = await startStack()
  analyst = await stack.tokens.person(['analysts'])
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())

const connections = async () => {
  const rows = await stack.superuser(
    `select count(*)::int as open from pg_stat_activity where usename in ('app_rw', 'app_ro')`,
  )
  return rows[0]?.['open']
}

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`did not happen: ${what}`)
}

describe('login', () => {
  it('a person logs in with a token in place of the password, as the role of their group', async () => {
    const reading = await stack.psql(analyst, 'select current_user;')
    expect(reading).toEqual({ stdout: 'app_ro\n', stderr: '', code: 0 })
    expect(await stack.psql(engineer, 'select current_user;')).toMatchObject({ stdout: 'app_rw\n' })
  })

  it('a workload logs in with its own token', async () => {
    const token = await stack.tokens.workload('reporting')
    expect(await stack.psql(token, 'select count(*) from orders;')).toMatchObject({ stdout: '4\n', code: 0 })
  })

  it.each<[string, () => Promise<string>, RegExp]>([
    ['garbage', async () => 'letmein', /token/],
    ['a token signed by a stranger', () => stack.tokens.stranger(['admins']), /signed with a key/],
    [
      'a token for another audience',
      () => stack.tokens.person(['admins'], { audience: 'payroll' }),
      /audience/,
    ],
    ['a token without a group that a rule lets in', () => stack.tokens.person(['sales']), /may not reach/],
    ['a workload without groups', () => stack.tokens.workload('stray'), /may not reach/],
    [
      'an expired token',
      async () => {
        const token = await stack.tokens.person(['admins'], { lifetime: 1 })
        await new Promise((resolve) => setTimeout(resolve, 2100))
        return token
      },
      /expired/,
    ],
  ])('%s is refused with a reason, and costs the database no connection', async (_, token, reason) => {
    const before = await stack.envoyStats(/^cluster\..*app.*upstream_cx_total$/)
    const outcome = await stack.psql(await token(), 'select 1;')
    expect(outcome.stderr).toMatch(/FATAL: {2}chaperone: /)
    expect(outcome.stderr).toMatch(reason)
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    const after = await stack.envoyStats(/^cluster\..*app.*upstream_cx_total$/)
    const target = Object.keys(after).filter((name) => name.includes('target'))
    expect(target).not.toEqual([])
    for (const name of target) expect(after[name]).toBe(before[name])
  })

  it('a database that the resource does not offer is refused', async () => {
    const outcome = await stack.psql(analyst, 'select 1;', { database: 'postgres' })
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(/"postgres" is not offered here/)
  })

  it('a client without TLS is told that it needs it, and is never asked for its token', async () => {
    const client = await connectPgWire({ port: stack.port })
    await expect(client.login({ user: 'anybody', database: 'app' }, { password: analyst })).rejects.toThrow(
      /28000: .*TLS/,
    )
    client.destroy()
  })
})

describe('reading', () => {
  it('masked columns come back masked, and the others as they are', async () => {
    const { stdout } = await stack.psql(analyst, 'select id, name, ssn, card from customers order by id;')
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      '1|Ada Lovelace|***|***1111',
      '2|Grace Hopper|***|***5559',
      '3|Alan Turing|***|***0009',
    ])
  })

  it('a group that a mask excepts sees the values', async () => {
    const trusted = await stack.tokens.person(['analysts', 'pii'])
    const { stdout } = await stack.psql(trusted, 'select ssn, email from customers where id = 1;')
    expect(stdout).toBe('078-05-1120|ada@example.com\n')
  })

  it('masks hold for parameters and prepared statements in text and binary', async () => {
    const client = await stack.connect(analyst)
    for (const binary of [false, true]) {
      const statement = {
        name: `by-id-${binary}`,
        text: 'select ssn, name from customers where id = $1',
        binary,
      }
      const { rows } = await client.query({ ...statement, values: [2] })
      expect(rows).toEqual([{ ssn: '***', name: 'Grace Hopper' }])
    }
    await client.end()
  })

  it('a value computed from a masked column comes back hidden, in the order of another column', async () => {
    const client = await stack.connect(analyst)
    const text = 'select card || $1 from customers where id < $2 order by id'
    const { rows } = await client.query({ text, values: ['!', 3] })
    expect(rows).toEqual([{ '?column?': '***' }, { '?column?': '***' }])
    await client.end()
  })

  it('an alias, an expression and a whole row do not uncover a masked column', async () => {
    for (const sql of [
      'select ssn as name from customers',
      `select ssn || '' from customers`,
      'select c from customers c',
      'select to_jsonb(c) from customers c',
      'copy customers to stdout',
    ]) {
      const { stdout, stderr } = await stack.psql(analyst, `${sql};`)
      expect(`${stdout}${stderr}`, sql).not.toMatch(/078-05|219-09|457-55/)
    }
  })
})

describe('refusal', () => {
  it('a refused statement fails with 42501 and its rule, and the session goes on', async () => {
    const admin = await stack.tokens.person(['admins'])
    const client = await stack.connect(admin)
    await expect(client.query('drop table orders')).rejects.toMatchObject({
      code: '42501',
      message: expect.stringContaining('no-drop'),
    })
    expect((await client.query('select count(*)::int as n from orders')).rows).toEqual([{ n: 4 }])
    await client.end()
  })

  it('a refused statement fails its transaction as an error of the server does', async () => {
    const client = await stack.connect(engineer)
    await client.query('begin')
    await client.query(`update customers set notes = 'changed' where id = 1`)
    await expect(client.query('truncate orders')).rejects.toMatchObject({ code: '42501' })
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    const { rows } = await client.query('select notes from customers where id = 1')
    expect(rows).toEqual([{ notes: 'prefers mail' }])
    await client.end()
  })

  it('what no rule allows is refused', async () => {
    const { stderr, stdout } = await stack.psql(analyst, 'delete from orders; select count(*) from orders;')
    expect(stderr).toMatch(/ERROR: {2}chaperone: /)
    expect(stdout).toBe('4\n')
  })
})

describe('hold', () => {
  it('a held statement waits, its client is told, and it runs once it is approved', async () => {
    const waiting = stack.psql(engineer, 'update orders set total = 7 where id = 13;')
    const request = await stack.reviews.next()
    expect(request, 'reviewers are told where it runs').toMatchObject({ resource: 'app', database: 'app' })
    expect(request).toMatchObject({ text: expect.stringContaining('total = 7'), resource: 'app' })
    expect(await stack.superuser('select total from orders where id = 13')).toEqual([{ total: '5.75' }])
    expect((await stack.reviews.approve(request.id)).status).toBe(200)
    const done = await waiting
    expect(done).toMatchObject({ stdout: 'UPDATE 1\n', code: 0 })
    expect(done.stderr).toMatch(`held for approval as request ${request.id}`)
    expect(await stack.superuser('select total from orders where id = 13')).toEqual([{ total: '7.00' }])
  })

  it('a held statement that a reviewer denies fails with the reason, and nothing changes', async () => {
    const client = await stack.connect(engineer)
    const held = client.query('update orders set total = 8 where id = $1', [12])
    const refused = expect(held).rejects.toMatchObject({
      code: '42501',
      message: expect.stringContaining('not today'),
    })
    const request = await stack.reviews.next()
    expect((await stack.reviews.deny(request.id, 'not today')).status).toBe(200)
    await refused
    expect((await client.query('select total from orders where id = 12')).rows).toEqual([{ total: '250.00' }])
    await client.end()
  })

  it('nobody approves their own statement, and only members of the group approve', async () => {
    const asker = await stack.tokens.person(['engineers', 'approvers'], { subject: 'self' })
    const client = await stack.connect(asker)
    const held = client.query('update orders set total = 9 where id = 12')
    const refused = expect(held).rejects.toMatchObject({ code: '42501' })
    const { id } = await stack.reviews.next()
    expect((await stack.reviews.approve(id, asker)).status).toBe(403)
    expect((await stack.reviews.approve(id, analyst)).ok).toBe(false)
    expect((await stack.reviews.deny(id)).status).toBe(200)
    await refused
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
    expect((await stack.reviews.approve(id)).ok).toBe(false)
    expect(await stack.superuser('select total from orders where id = 12')).toEqual([{ total: '250.00' }])
    await eventually('the audit log has it', () =>
      stack.audit().some((event) => event['request'] === id && event['state'] === 'withdrawn'),
    )
  })
})

describe('cancel', () => {
  /** Minutes of work that no function is called for. */
  const long = `select count(*) from ${Array.from('abcdefghijklmnop', (name) => `orders ${name}`).join(', ')}`

  async function loggedIn(
    token: string,
  ): Promise<{ client: PgWireClient; key: BackendOf<'BackendKeyData'> }> {
    const client = await stack.wireTls()
    const messages = await client.login({ user: 'anybody', database: 'app' }, { password: token })
    const [key] = ofKind(messages, 'BackendKeyData')
    if (!key) throw new Error('the login gave no key')
    return { client, key }
  }

  /** The SQLSTATE of the next error, after which the session must be ready again. */
  async function nextError(client: PgWireClient): Promise<string | undefined> {
    let state: string | undefined
    for (;;) {
      const message = await client.next()
      if (message.kind === 'ErrorResponse') state = message.fields.C
      if (message.kind === 'ReadyForQuery') return state
    }
  }

  const running = () =>
    eventually('the query runs', async () => {
      const [row] = await stack.superuser(
        `select count(*)::int as n from pg_stat_activity where state = 'active' and usename = 'app_ro'`,
      )
      return row?.['n'] === 1
    })

  it.each<[string, () => Promise<PgWireClient>]>([
    ['in clear on a new connection, as psql before 17 sends it', () => connectPgWire({ port: stack.port })],
    ['inside TLS, as psql 17 sends it', () => stack.wireTls()],
  ])('a CancelRequest %s stops a running query, and the session goes on', async (_, open) => {
    const { client, key } = await loggedIn(analyst)
    client.send(query(long))
    await running()
    const canceler = await open()
    canceler.send(cancelRequest(key.pid, key.key))
    expect(await nextError(client)).toBe('57014')
    client.send(query('select 1'))
    expect(await nextError(client)).toBeUndefined()
    client.destroy()
    canceler.destroy()
  })

  it('a CancelRequest withdraws a held statement', async () => {
    const { client, key } = await loggedIn(engineer)
    client.send(query('update orders set total = 11 where id = 12'))
    await stack.reviews.next()
    const canceler = await connectPgWire({ port: stack.port })
    canceler.send(cancelRequest(key.pid, key.key))
    expect(await nextError(client)).toBe('57014')
    expect(await stack.reviews.list()).toEqual([])
    client.destroy()
    canceler.destroy()
  })

  it('a CancelRequest with a wrong key stops nothing', async () => {
    const { client, key } = await loggedIn(engineer)
    client.send(query('update orders set total = 12 where id = 12'))
    const { id } = await stack.reviews.next()
    const wrong = Buffer.from(key.key)
    wrong.writeUInt8((wrong.readUInt8(0) + 1) % 256)
    const canceler = await connectPgWire({ port: stack.port })
    canceler.send(cancelRequest(key.pid, wrong))
    expect(await canceler.untilEnd()).toEqual({ messages: [], how: 'FIN' })
    expect((await stack.reviews.list()).map((request) => request.id)).toEqual([id])
    expect((await stack.reviews.deny(id)).status).toBe(200)
    expect(await nextError(client)).toBe('42501')
    client.destroy()
  })
})

describe('credentials', () => {
  it('a changed database password is used by the next session, and a session that lives goes on', async () => {
    const before = await stack.connect(analyst)
    await stack.rotateSecret('app-ro', 'the next password')
    expect((await before.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(await stack.psql(analyst, 'select 2;')).toMatchObject({ stdout: '2\n', code: 0 })
    expect((await before.query('select 3 as three')).rows).toEqual([{ three: 3 }])
    await before.end()
    const direct = new pg.Client({
      host: stack.postgres.host,
      port: stack.postgres.port,
      user: 'app_ro',
      password: 'the next password',
      database: 'app',
    })
    await direct.connect()
    await direct.end()
  })

  it('a password that the database does not take is an error for the client, without the password', async () => {
    await stack.superuser(`alter role app_rw password 'changed behind the back'`)
    const outcome = await stack.psql(engineer, 'select 1;')
    expect(outcome).toMatchObject({ stdout: '', code: 2 })
    expect(outcome.stderr).toMatch(/chaperone: /)
    expect(outcome.stderr).not.toMatch(/app_rw|changed behind/)
    await stack.rotateSecret('app-rw', 'in order again')
    expect(await stack.psql(engineer, 'select 1;')).toMatchObject({ stdout: '1\n' })
  })
})

describe('record', () => {
  it('a session’s recording verifies, replays what the client saw, and holds no masked value', async () => {
    const marker = `marker-${Date.now()}`
    await stack.psql(analyst, `select '${marker}' as mark; select name, ssn from customers where id = 1;`)
    let shown = ''
    await eventually('the recording is complete', async () => {
      const last = (await stack.recordings()).at(-1)
      return last?.end !== undefined
    })
    const last = (await stack.recordings()).at(-1)
    if (!last) throw new Error('there is no recording')
    expect(await verifyRecording(last.path)).toMatchObject({ state: 'ok' })
    await replaySession(last.path, { rows: 10 }, async (text) => {
      shown += text
    })
    expect(shown).toContain(marker)
    expect(shown).toContain('Ada Lovelace')
    expect(shown).not.toContain('078-05-1120')
  })

  it('every login, decision, vote and logout is in the audit log', () => {
    const events = stack.audit()
    const has = (part: object) => expect(events).toContainEqual(expect.objectContaining(part))
    has({ type: 'login', outcome: 'admitted' })
    has({ type: 'login', outcome: 'rejected', code: 'unauthenticated' })
    has({ type: 'decision', outcome: 'deny', rules: ['no-drop'] })
    has({ type: 'decision', outcome: 'hold', rules: ['held-orders'] })
    has({ type: 'approval', state: 'voted', verdict: 'approve' })
    has({ type: 'approval', state: 'consumed' })
    has({ type: 'logout' })
  })

  it('no session of the database stays behind its client', async () => {
    await eventually('the last connection ends', async () => (await connections()) === 0)
  })
})
