// Ways to have something else run than what was approved, though its text and its values are the same.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let engineer: string
beforeAll(async () => {
  stack = await startStack({
    config: { masks: {} },
    policies: {
      'held-changes': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['update', 'delete'],
        relations: ['*.*'],
        approvers: ['approvers'],
        wait: '0s',
        window: { for: '10m', uses: 3 },
      },
      session: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['role', 'call'],
        objects: ['*'],
      },
      reads: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['read'],
        relations: ['*.*'],
      },
      temporary: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['create', 'drop'],
        relations: ['pg_temp.*'],
      },
    },
  })
  await stack.superuser(`
    CREATE ROLE clerk; CREATE ROLE boss; GRANT clerk, boss TO app_rw;
    CREATE TABLE public.jobs (id integer PRIMARY KEY, done text); INSERT INTO public.jobs VALUES (1, 'no'), (2, 'no'), (3, 'no');
    ALTER TABLE public.jobs OWNER TO app_rw;
    CREATE VIEW public.open_jobs AS SELECT id, done FROM public.jobs; ALTER VIEW public.open_jobs OWNER TO app_rw;
    CREATE TABLE public.ledger (id integer PRIMARY KEY, note text); INSERT INTO public.ledger VALUES (1, 'no');
    ALTER TABLE public.ledger OWNER TO app_rw;
    CREATE TABLE public.who (id integer, name text); INSERT INTO public.who VALUES (1, '');
    GRANT ALL ON public.who TO app_rw, clerk, boss; GRANT USAGE ON SCHEMA public TO clerk, boss;
    CREATE FUNCTION public.plain(v text) RETURNS text LANGUAGE sql AS $$SELECT v$$`)
  engineer = await stack.tokens.person(['engineers'], { subject: 'something-else' })
})
afterAll(() => stack?.stop())

interface Outcome {
  readonly error: string | undefined
  readonly request: string
}

/** Sends segments one after the other, each up to its ReadyForQuery; the last error that came. */
async function play(segments: readonly (readonly Uint8Array[])[]): Promise<Outcome> {
  const wire = await stack.wire(engineer)
  let error: string | undefined
  try {
    for (const segment of segments) {
      wire.send(...segment)
      error = undefined
      for (const message of await wire.until('ReadyForQuery'))
        if (message.kind === 'ErrorResponse') error = message.fields['M']
    }
  } finally {
    wire.destroy()
  }
  return { error, request: /request ([a-z2-7]{26}) waits/.exec(error ?? '')?.[1] ?? '' }
}

async function approve(outcome: Outcome): Promise<ApprovalRequest> {
  expect(outcome.request).not.toBe('')
  expect((await stack.reviews.approve(outcome.request)).status).toBe(200)
  return stack.reviews.get(outcome.request)
}

it('an approval is not for a parameter of another type', async () => {
  const sql = "update public.jobs set done = 'yes' where id < $1"
  const send = (type: number) => [parse({ sql, types: [type] }), bind({ values: ['-1'] }), execute(), sync()]
  await approve(await play([send(23)]))
  // As an oid, -1 is 4294967295.
  const { error } = await play([send(26)])
  expect(await stack.superuser("select * from public.jobs where done = 'yes'")).toEqual([])
  expect(error).toContain('waits for approval')
})

it('an approval is not for another role that came between Bind and Execute', async () => {
  const as = (role: string) => [parse({ sql: `set role ${role}` }), bind({}), execute()]
  const sql = 'update public.who set name = public.plain(current_user) where id = 1'
  const bound = [parse({ sql }), bind({ portal: 'p' })]
  await approve(
    await play([
      [...as('clerk'), sync()],
      [...bound, execute('p'), sync()],
    ]),
  )
  await play([
    [...as('clerk'), sync()],
    [query('begin')],
    [...bound, ...as('boss'), execute('p'), sync()],
    [query('commit')],
  ])
  expect(await stack.superuser('select name from public.who')).toEqual([{ name: '' }])
})

it('an approval is not for what a temporary view of the name stands for', async () => {
  const sql = "update open_jobs set done = 'gone' where id = 1"
  const { behind } = await approve(await play([[query(sql)]]))
  // Whoever decides is told which table the view stands for.
  expect(behind).toContainEqual({
    effect: 'update',
    relation: { schema: 'public', name: 'jobs' },
    via: 'behind public.open_jobs',
  })
  await play([
    [query('create temp view open_jobs as select id, note as done from public.ledger')],
    [query(sql)],
  ])
  expect(await stack.superuser('select note from public.ledger')).toEqual([{ note: 'no' }])
})

it.each([
  ['pg_temp.mine', 'mine'],
  ['mine', 'mine'],
])('what is done to a temporary view %s cannot come back to another session’s', async (name, created) => {
  const sql = `update ${name} set done = 'mine' where id = 1`
  const view = (query: string) => `create temp view ${created} as ${query}`
  const first = await play([[query(view('select id, done from public.jobs'))], [query(sql)]])
  if (first.request !== '') await stack.reviews.approve(first.request)
  await play([[query(view('select id, note as done from public.ledger'))], [query(sql)]])
  expect(await stack.superuser('select note from public.ledger')).toEqual([{ note: 'no' }])
  expect(first.error).toContain('cannot wait for its approval without its session')
})
