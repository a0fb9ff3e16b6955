// Ways to have something else run than what was approved: by what changes while it waits.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type BackendMessage, ofKind } from '../../support/pgwire/backend.ts'
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
/** whom no mask keeps from changing what others look at */
let owner: string
beforeAll(async () => {
  const rule = { resources: '*' as const, groups: ['engineers'] }
  const held = { ...rule, decision: 'hold' as const, approvers: ['approvers'] }
  stack = await startStack({
    config: { masks: { pin: { resources: '*', columns: ['public.vault.pin'], except_groups: ['owners'] } } },
    policies: {
      'held-changes': { ...held, effects: ['update', 'delete'], relations: ['*.*'] },
      'held-reads': { ...held, effects: ['read'], relations: ['public.list', 'public.shown'] },
      'held-calls': { ...held, effects: ['call'], objects: ['public.purge'] },
      reads: { ...rule, decision: 'allow', effects: ['read'], relations: ['*.*'] },
      session: { ...rule, decision: 'allow', effects: ['role', 'call'], objects: ['*'] },
      views: { ...rule, decision: 'allow', effects: ['create', 'alter'], relations: ['public.*'] },
      functions: { ...rule, decision: 'allow', effects: ['create', 'alter'], objects: ['public.purge*'] },
    },
  })
  await stack.superuser(`
    CREATE ROLE boss; GRANT boss TO app_rw; GRANT USAGE, CREATE ON SCHEMA public TO app_rw; GRANT USAGE ON SCHEMA public TO boss;
    CREATE TABLE public.jobs (id integer PRIMARY KEY, done text); INSERT INTO public.jobs VALUES (1, 'no'), (2, 'no');
    CREATE TABLE public.ledger (id integer PRIMARY KEY, note text); INSERT INTO public.ledger VALUES (1, 'no');
    CREATE TABLE public.vault (id integer PRIMARY KEY, pin text); INSERT INTO public.vault VALUES (1, '4242');
    CREATE VIEW public.open_jobs AS SELECT id, done FROM public.jobs;
    CREATE VIEW public.shown AS SELECT id, done FROM public.jobs;
    CREATE TABLE public.list AS SELECT n FROM generate_series(1, 5) n; GRANT ALL ON public.list TO app_rw, boss;
    CREATE FUNCTION public.purge() RETURNS integer LANGUAGE sql AS $$SELECT 1$$;
    ALTER TABLE public.jobs OWNER TO app_rw; ALTER TABLE public.ledger OWNER TO app_rw; ALTER TABLE public.vault OWNER TO app_rw;
    ALTER VIEW public.open_jobs OWNER TO app_rw; ALTER VIEW public.shown OWNER TO app_rw; ALTER FUNCTION public.purge() OWNER TO app_rw`)
  owner = await stack.tokens.person(['engineers', 'owners'], { subject: 'owner' })
  engineer = await stack.tokens.person(['engineers'], { subject: 'while-it-waits' })
})
afterAll(() => stack?.stop())

const answer = (wire: PgWireClient) => wire.until('ReadyForQuery')
const errors = (messages: readonly BackendMessage[]) =>
  ofKind(messages, 'ErrorResponse').map(({ fields }) => fields['M'] ?? '')

/** Sends it, does something while it waits, approves it, and gives the answer. */
async function meanwhile(segment: readonly Uint8Array[], change: () => Promise<unknown>) {
  const wire = await stack.wire(engineer)
  try {
    wire.send(...segment)
    const request = await stack.reviews.next()
    await change()
    expect((await stack.reviews.approve(request.id)).status).toBe(200)
    return await answer(wire)
  } finally {
    wire.destroy()
  }
}

async function inAnotherSession(sql: string): Promise<void> {
  const client = await stack.connect(owner)
  await client.query(sql)
  await client.end()
}

const CHANGED = /changed while it waited/

it('an approval is not for what a view shows since it was asked for', async () => {
  const segment = [query("update public.open_jobs set done = 'gone' where id = 1")]
  const answered = await meanwhile(segment, () =>
    inAnotherSession('create or replace view public.open_jobs as select id, note as done from public.ledger'),
  )
  expect(await stack.superuser('select note from public.ledger')).toEqual([{ note: 'no' }])
  expect(errors(answered)).toEqual([expect.stringMatching(CHANGED)])
})

it('an approval is not for more rows of the same table that a view shows since it was asked for', async () => {
  await stack.superuser('create view public.few as select id from public.jobs where id < 0')
  await stack.superuser('alter view public.few owner to app_rw')
  const answered = await meanwhile([query('delete from public.few')], () =>
    inAnotherSession('create or replace view public.few as select id from public.jobs'),
  )
  expect(await stack.superuser('select count(*)::int as n from public.jobs')).toEqual([{ n: 2 }])
  expect(errors(answered)).toEqual([expect.stringMatching(CHANGED)])
})

it('a view that shows a masked column since it was asked for shows nothing of it', async () => {
  const answered = await meanwhile([query('select * from public.shown')], () =>
    inAnotherSession(
      'create or replace view public.shown as select id, reverse(pin) as done from public.vault',
    ),
  )
  expect(JSON.stringify(answered)).not.toContain('2424')
  expect(errors(answered)).toEqual([expect.stringMatching(CHANGED)])
})

it('an approval is not for what a function does since it was asked for', async () => {
  const answered = await meanwhile([query('select public.purge()')], () =>
    inAnotherSession(
      "create or replace function public.purge() returns integer language sql as $$update public.ledger set note = 'gone'; select 2$$",
    ),
  )
  expect(await stack.superuser('select note from public.ledger')).toEqual([{ note: 'no' }])
  expect(errors(answered)).toEqual([expect.stringMatching(CHANGED)])
})

it('an approval is not for what a view shows since somebody changed it past Chaperone', async () => {
  await stack.superuser(
    `create view public.past as select id, done from public.jobs where id > 9; alter view public.past owner to app_rw`,
  )
  const answered = await meanwhile([query("update public.past set done = 'past'")], async () => {
    await stack.superuser('create or replace view public.past as select id, done from public.jobs')
    // What was told within five seconds does.
    await new Promise((resolve) => setTimeout(resolve, 5_100))
  })
  expect(await stack.superuser(`select id from public.jobs where done = 'past'`)).toEqual([])
  expect(errors(answered)).toEqual([expect.stringMatching(CHANGED)])
})

it('what is behind its names may be asked for again in the midst of a segment, and it runs', async () => {
  const segment = [parse({ sql: 'update public.jobs set done = $1 where id = 2' }), bind({ values: ['yes'] })]
  const answered = await meanwhile([...segment, execute(), sync()], () =>
    inAnotherSession('create or replace view public.other as select 1 as one'),
  )
  expect(errors(answered)).toEqual([])
  expect(await stack.superuser('select done from public.jobs where id = 2')).toEqual([{ done: 'yes' }])
})

it('a portal that goes on is the same operation, until its role changes', async () => {
  const wire = await stack.wire(engineer)
  wire.send(query('begin'))
  await answer(wire)
  const next = [execute('p', 2), sync()]
  wire.send(parse({ sql: 'select n from public.list' }), bind({ portal: 'p' }), ...next)
  await stack.reviews.approve((await stack.reviews.next()).id)
  expect(ofKind(await answer(wire), 'DataRow')).toHaveLength(2)
  wire.send(...next)
  expect(ofKind(await answer(wire), 'DataRow')).toHaveLength(2)
  wire.send(query('set role boss'))
  await answer(wire)
  wire.send(...next)
  const again = await stack.reviews.next()
  await stack.reviews.deny(again.id, 'no')
  expect(ofKind(await answer(wire), 'DataRow')).toEqual([])
  wire.destroy()
})

const DELETES = 'delete from public.jobs where id = $1 or true'
const READS = 'select n from public.list where n > 0'
it.each([
  ['EXECUTE', DELETES, [parse({ name: 'p', sql: DELETES, types: [23] })], 'execute p (7)'],
  ['FETCH', READS, [parse({ sql: READS }), bind({ portal: 'c' })], 'fetch all from c'],
])(
  'who approves %s of a name that was defined without an approval sees its text',
  async (_what, text, before, sql) => {
    const wire = await stack.wire(engineer)
    wire.send(query('begin'))
    await answer(wire)
    wire.send(...before, sync())
    expect(errors(await answer(wire))).toEqual([])
    wire.send(query(sql))
    const { id } = await stack.reviews.next()
    const { definedBy } = await stack.reviews.get(id)
    await stack.reviews.deny(id, 'no')
    await answer(wire)
    wire.destroy()
    expect(definedBy).toEqual([text])
  },
)
