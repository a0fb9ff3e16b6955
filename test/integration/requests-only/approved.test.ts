// Ways to have something else run than what was approved, where the session does not see the server's answers.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  const rule = { resources: '*' as const, groups: ['engineers'] }
  stack = await startStack({
    resource: { process: 'requests-only', recording: 'off' },
    config: { masks: {} },
    policies: {
      held: {
        ...rule,
        decision: 'hold',
        effects: ['update', 'read'],
        relations: ['public.who', 'public.jobs'],
        approvers: ['approvers'],
      },
      session: { ...rule, decision: 'allow', effects: ['role', 'call'], objects: ['*'] },
    },
  })
  await stack.superuser(`
    CREATE ROLE boss; GRANT boss TO app_rw; GRANT USAGE ON SCHEMA public TO boss;
    CREATE TABLE public.who (id integer PRIMARY KEY, name text); INSERT INTO public.who VALUES (1, ''), (2, ''), (3, '');
    CREATE TABLE public.jobs (id integer PRIMARY KEY, done text); INSERT INTO public.jobs VALUES (1, 'no'), (2, 'no');
    GRANT ALL ON public.who, public.jobs TO app_rw, boss;
    CREATE FUNCTION public.plain(v text) RETURNS text LANGUAGE sql AS $$SELECT v$$`)
  engineer = await stack.tokens.person(['engineers'], { subject: 'past-the-results' })
})
afterAll(() => stack?.stop())

/** Approves whatever comes while the session speaks. Gives the requests, and the last error that the client had. */
async function approving(speak: (wire: PgWireClient) => Promise<void>) {
  const wire = await stack.wire(engineer)
  const approved: ApprovalRequest[] = []
  let over = false
  const reviewer = async () => {
    while (!over) {
      for (const request of await stack.reviews.list()) {
        approved.push(await stack.reviews.get(request.id))
        await stack.reviews.approve(request.id)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const reviewing = reviewer()
  try {
    await speak(wire)
  } finally {
    over = true
    await reviewing
    wire.destroy()
  }
  return approved
}

const become = (role: string) => [parse({ sql: `set role ${role}` }), bind({}), execute()]

it('what was approved for its Bind is asked for again where the role may have changed before its Execute', async () => {
  const sql = 'update public.who set name = public.plain(current_user) where id = 1'
  const approved = await approving(async (wire) => {
    wire.send(parse({ name: 's', sql }), bind({ portal: 'p', statement: 's' }), ...become('boss'))
    wire.send(execute('p'), sync())
    await wire.until('ReadyForQuery')
  })
  expect(approved.map(({ role }) => role)).toEqual([undefined, 'not known'])
})

it('what was approved for its Bind runs once, without being asked for again', async () => {
  const sql = 'update public.who set name = public.plain(name) || 1 where id = 3'
  const approved = await approving(async (wire) => {
    wire.send(
      parse({ name: 's', sql }),
      bind({ portal: 'p', statement: 's' }),
      execute('p'),
      execute('p'),
      sync(),
    )
    await wire.until('ReadyForQuery')
  })
  expect(approved).toHaveLength(1)
  expect(await stack.superuser('select name from public.who where id = 3')).toEqual([{ name: '' }])
})

it('a portal that goes on is the same operation, until the role may have changed', async () => {
  const approved = await approving(async (wire) => {
    wire.send(query('begin'))
    await wire.until('ReadyForQuery')
    wire.send(parse({ sql: 'select id from public.jobs' }), bind({ portal: 'p' }))
    wire.send(execute('p', 1), execute('p', 1), sync())
    await wire.until('ReadyForQuery')
    wire.send(...become('boss'), execute('p', 1), sync())
    await wire.until('ReadyForQuery')
  })
  expect(approved.map(({ role }) => role)).toEqual([undefined, 'not known'])
})

it('an approval is not for a parameter of another type', async () => {
  const sql = "update public.jobs set done = 'yes' where id < $1"
  const send = (type: number) => [parse({ sql, types: [type] }), bind({ values: ['-1'] }), execute(), sync()]
  const first = await approving(async (wire) => {
    wire.send(...send(23))
    await wire.until('ReadyForQuery')
  })
  const second = await approving(async (wire) => {
    wire.send(...send(26))
    await wire.until('ReadyForQuery')
  })
  expect([...first, ...second].map(({ parameters }) => parameters[0]?.type)).toEqual([23, 26])
})
