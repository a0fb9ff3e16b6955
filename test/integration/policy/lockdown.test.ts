// A lockdown that comes into force under sessions that are open, through the real Envoy: nothing of what it refuses runs.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { deleted, PARKED_DELETES, type Rules, replaceFile, withRules } from '../../support/changed-policy.ts'
import { eventually } from '../../support/envoy-stack.ts'
import { ofKind, textRows } from '../../support/pgwire/backend.ts'
import {
  bind,
  copyData,
  copyDone,
  execute,
  flush,
  parse,
  query,
  sync,
} from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
let engineer: string
let original: string
const open: { end?: () => unknown; destroy?: () => void }[] = []

beforeAll(async () => {
  stack = await startStack({
    services: 'child',
    resources: { fast: { process: 'requests-only', recording: 'commands' } },
    config: { masks: {} },
  })
  original = readFileSync(stack.configFile, 'utf8')
  analyst = await stack.tokens.person(['analysts'])
  engineer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())
afterEach(async () => {
  for (const client of open.splice(0)) client.destroy ? client.destroy() : await client.end?.()
  await reload(original, 0)
})

type Lockdown = ConfigInput['lockdown']
const REASON = 'INC-42'
const locked = (lockdown: Lockdown = { reason: REASON }) =>
  stringify({ ...(parseYaml(original) as ConfigInput), lockdown })

const lockedNow = async () =>
  Number(/chaperone_lockdown\{resource="app"\} (\d+)/.exec(await stack.metrics())?.[1] ?? 0)

/** Replaces the file in one step, says so, and waits until it is locked, or not. */
async function reload(text: string, wanted = 1): Promise<void> {
  replaceFile(stack.configFile, text)
  process.kill(stack.services.pid, 'SIGHUP')
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if ((await lockedNow()) === wanted) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the lockdown did not come into force, or did not end')
}

async function client(token = analyst) {
  const connected = await stack.connect(token)
  connected.on('error', () => undefined)
  open.push(connected)
  return connected
}
async function wire(token = analyst) {
  const connected = await stack.wire(token)
  open.push(connected)
  return connected
}

/** Statements that run at the target and have this in their text. */
const active = async (mark: string) =>
  (
    await stack.superuser(
      `select pid from pg_stat_activity where state = 'active' and query like '%${mark}%' and query not like '%pg_stat_activity%'`,
    )
  ).length

const REFUSED = { code: '42501', message: expect.stringMatching(/lockdown of app: INC-42/) }
const events = () => stack.audit().filter(({ type }) => type === 'lockdown')

describe('sessions in which nothing runs', () => {
  it('stay, and are refused what they send, with the reason; afterwards they go on', async () => {
    const session = await client()
    const prepared = { name: 'p', text: 'select name from customers where id = $1', values: [1] }
    expect((await session.query(prepared)).rowCount).toBe(1)
    await reload(locked())
    for (const sql of [
      'select 1',
      'select name from customers',
      'begin',
      'discard all',
      'rollback; select 1',
    ])
      await expect(session.query(sql)).rejects.toMatchObject(REFUSED)
    await expect(session.query(prepared)).rejects.toMatchObject(REFUSED)
    await expect(client()).rejects.toMatchObject(REFUSED)
    expect(stack.audit().filter((event) => event['lockdown'] === true)).not.toEqual([])
    await reload(original, 0)
    expect((await session.query(prepared)).rowCount).toBe(1)
    expect(events().slice(-2)).toMatchObject([
      { change: 'began', resources: ['app', 'fast'], sessions: 'refuse', reason: REASON },
      { change: 'ended', resources: ['app', 'fast'], reason: REASON },
    ])
  })

  it('commit nothing of an open transaction, and may undo it', async () => {
    const session = await client(engineer)
    await session.query('begin')
    await session.query(`insert into public.orders values (401, 1, 1, 'open', '2026-02-11')`)
    await reload(locked())
    await expect(session.query('commit')).rejects.toMatchObject(REFUSED)
    await session.query('rollback')
    expect(await stack.superuser('select id from orders where id = 401')).toHaveLength(0)
  })

  it('go on with nothing that was bound, or opened as a cursor, before', async () => {
    const session = await wire()
    session.send(
      query('begin'),
      query('declare c cursor for select name from customers'),
      query('fetch 1 from c'),
    )
    for (let count = 0; count < 3; count++) await session.until('ReadyForQuery')
    await reload(locked())
    session.send(query('fetch 1 from c'))
    const answer = await session.until('ReadyForQuery')
    expect(textRows(answer)).toEqual([])
    expect(ofKind(answer, 'ErrorResponse')[0]?.fields).toMatchObject({ C: '42501' })
  })
})

describe('what runs', () => {
  it('is stopped at the target, and its session ends with the reason', async () => {
    const session = await client()
    const runs = session.query('select count(*) from customers, generate_series(1, 3000000000)')
    const outcome = expect(runs).rejects.toMatchObject({
      code: '57P01',
      message: expect.stringMatching(/INC-42/),
    })
    while ((await active('3000000000')) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await reload(locked())
    await outcome
    await eventually('it runs no more', async () => (await active('3000000000')) === 0)
  })

  it('changes nothing when it was to change something', async () => {
    const session = await client(engineer)
    const slow = '(select count(*) from generate_series(1, 2999999999)) > 0'
    const outcome = expect(
      session.query(`delete from public.orders where id = 12 and ${slow}`),
    ).rejects.toMatchObject({ code: '57P01' })
    while ((await active('2999999999')) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await reload(locked())
    await outcome
    await eventually('it runs no more', async () => (await active('2999999999')) === 0)
    expect(await stack.superuser('select id from orders where id = 12')).toHaveLength(1)
  })

  it('with requests only, where nobody can tell, every session ends', async () => {
    const session = await stack.connect(analyst, { resource: 'fast' })
    session.on('error', () => undefined)
    open.push(session)
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    const gone = new Promise((resolve) => session.once('end', resolve))
    await reload(locked())
    await gone
    await expect(stack.connect(analyst, { resource: 'fast' })).rejects.toMatchObject({
      message: expect.stringMatching(/lockdown of fast: INC-42/),
    })
  })

  it('in a segment that no Sync has ended is not committed by one that comes later', async () => {
    const session = await wire()
    session.send(parse({ sql: 'select name from customers where id = 1' }), bind({}), execute(), flush())
    expect(textRows(await session.until('CommandComplete'))).toEqual([['Ada Lovelace']])
    await reload(locked())
    session.send(sync())
    await expect(session.until('ReadyForQuery')).rejects.toThrow()
  })
})

describe('a hold', () => {
  it('ends with the reason, its request is withdrawn, and an approval that was granted before is of no use meanwhile', async () => {
    const session = await client(engineer)
    const held = session.query(`update orders set status = 'paid' where id = 11`)
    const outcome = expect(held).rejects.toMatchObject(REFUSED)
    const request = await stack.reviews.next()
    await reload(locked())
    await outcome
    expect(await stack.reviews.get(request.id)).toMatchObject({ state: 'withdrawn' })
    expect((await stack.reviews.approve(request.id)).status).not.toBe(200)
  })
})

describe('of sessions: end', () => {
  it('all end but those of whom it excepts, who go on as the rules say', async () => {
    const [one, other] = [await client(), await client(engineer)]
    const gone = new Promise((resolve) => one.once('end', resolve))
    await reload(locked({ reason: REASON, resources: ['a*'], sessions: 'end', except_groups: ['engineers'] }))
    await gone
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect((await (await client(engineer)).query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await expect(client()).rejects.toMatchObject(REFUSED)
  })
})

describe('in a file that is refused otherwise', () => {
  it.each<[string, () => string]>([
    ['an unknown key elsewhere', () => `${locked()}\nfoo: 1\n`],
    ['broken YAML elsewhere', () => `${locked()}\nfoo: [\n`],
    [
      'a rule that never fires',
      () =>
        locked().replace(
          'policies:',
          'policies:\n  x: { decision: allow, resources: "*", effects: [unknown] }',
        ),
    ],
    [
      'a lockdown that is broken itself',
      () => `${original}\nlockdown: { resource: [app], reason: ${REASON} }\n`,
    ],
  ])('%s: it comes into force all the same, and stays until a file that is good ends it', async (_, text) => {
    const session = await client()
    await reload(text())
    await expect(session.query('select 1')).rejects.toMatchObject(REFUSED)
    // What is not good cannot end it either.
    writeFileSync(stack.configFile, `${original}\nfoo: 1\n`)
    process.kill(stack.services.pid, 'SIGHUP')
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expect(session.query('select 1')).rejects.toMatchObject(REFUSED)
    await reload(original, 0)
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})

describe('attacks', () => {
  it('data of a COPY that began before is not committed by what is sent afterwards', async () => {
    const policies: Rules['policies'] = {
      copies: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['insert'],
        relations: ['public.sides'],
      },
    }
    await reload(withRules(original, { policies }), 0)
    await stack.superuser(
      'create table if not exists public.sides (id int); grant all on public.sides to public',
    )
    const session = await wire(engineer)
    session.send(query('copy public.sides from stdin'))
    await session.until('CopyInResponse')
    session.send(copyData(Buffer.from('1\n')))
    await reload(locked())
    session.send(copyData(Buffer.from('2\n')), copyDone())
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await stack.superuser('select * from public.sides')).toHaveLength(0)
  })

  it('an approval that was granted before is of no use during the lockdown, and is afterwards', async () => {
    const parked = withRules(original, { policies: PARKED_DELETES })
    await stack.superuser("insert into orders values (589, 1, 1, 'open', '2026-02-11')")
    await reload(parked, 0)
    const session = await client(engineer)
    const told = () => deleted(session, 589)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const id = await told()
    expect((await stack.reviews.approve(id)).status).toBe(200)
    await reload(`${parked}\nlockdown: { reason: ${REASON} }\n`)
    expect(await told()).toMatch(/lockdown of app: INC-42/)
    expect(await stack.superuser('select id from orders where id = 589')).toHaveLength(1)
    await reload(parked, 0)
    expect(await told()).toBe('it ran')
  })
})
