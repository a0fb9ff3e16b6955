// The planner calls functions that are marked immutable, and asks those marked stable for its estimates: their code runs
// at Bind, though nobody has sent an Execute yet. So what calls code is judged, and held, before its Bind goes on.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ofKind } from '../../support/pgwire/backend.ts'
import { bind, execute, parse, sync } from '../../support/pgwire/frontend.ts'
import { connectPgWire, type PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const FUNCTIONS = `
  create function deletes() returns int language plpgsql as 'begin delete from orders where id = 13; return 1; end';
  create function folded(int) returns int language plpgsql immutable as 'begin return deletes(); end';
  create view shown as select folded(1) as n;
  grant select on shown to app_rw;
  create function estimated() returns int language plpgsql stable as 'begin return deletes(); end'`
const ROW = `insert into orders values (13, 3, 5.75, 'shipped', now()) on conflict do nothing`

const PLANNED = ['select folded(1)', 'select id from orders where id = estimated()']
/** Only a session that sees results can ask the catalog what hides behind a name. */
const HIDDEN = ['select n from shown']

describe.each([
  ['bidirectional', [...PLANNED, ...HIDDEN]],
  ['requests-only', PLANNED],
] as const)('results %s', (process, planned) => {
  let stack: Stack
  let client: PgWireClient

  beforeAll(async () => {
    stack = await startStack({
      resource: {
        ...(process === 'requests-only' ? { process, recording: 'commands' } : {}),
        logins: [{ user: 'app_rw' }],
      },
      postgres: { hba: 'trust' },
      config: { masks: {} },
      policies: {
        calls: {
          decision: 'hold',
          resources: '*',
          groups: ['engineers'],
          effects: ['call'],
          approvers: ['approvers'],
        },
      },
    })
    await stack.superuser(FUNCTIONS)
  })
  afterAll(() => stack?.stop())
  beforeEach(async () => {
    await stack.superuser(ROW)
    client = await stack.wireTls()
    await client.login(
      { user: 'app_rw', database: 'app' },
      { password: await stack.tokens.person(['engineers', 'pii']) },
    )
  })

  const left = async () => (await stack.superuser('select id from orders where id = 13')).length

  it.each(planned)('straight to the server, planning alone runs %s', async (sql) => {
    const straight = await connectPgWire({ port: stack.postgres.port })
    await straight.login({ user: 'app_rw', database: 'app' }, {})
    straight.send(parse({ sql }), bind({}), sync())
    await straight.until('ReadyForQuery')
    straight.destroy()
    expect(await left()).toBe(0)
  })

  it.each(planned)('nothing of %s runs before it is approved, nor after it was not', async (sql) => {
    client.send(parse({ sql }), bind({}), sync())
    const request = await stack.reviews.next()
    expect(await left()).toBe(1)
    await stack.reviews.deny(request.id)
    expect(ofKind(await client.until('ReadyForQuery'), 'ErrorResponse')).toHaveLength(1)
    expect(await left()).toBe(1)
  })

  it.each(planned)('one approval is for the Bind and the Execute of %s', async (sql) => {
    client.send(parse({ sql }), bind({}), execute(), sync())
    await stack.reviews.approve((await stack.reviews.next()).id)
    const answers = await client.until('ReadyForQuery')
    expect(ofKind(answers, 'ErrorResponse')).toEqual([])
    expect(ofKind(answers, 'CommandComplete')).toHaveLength(1)
    expect(await left()).toBe(0)
  })
})
