// What else fits a window that reviewers granted for one statement: nothing but other values of it, by the same principal at
// the same place.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { bind, execute, parse, sync } from '../../support/pgwire/frontend.ts'
import { type Stack, startStack } from '../../support/stack.ts'

const SEEN = "update public.jobs set done = 'yes' where id = 1"
const USES = 50

let stack: Stack
let engineer: string
let window: string

const vote = async (id: string, body: object) => {
  const token = await stack.tokens.person(['approvers'], { subject: 'rita' })
  return fetch(`${stack.admin}/api/v1/approvals/${id}/approve`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
}

beforeAll(async () => {
  stack = await startStack({
    config: { masks: {} },
    resources: { other: {} },
    policies: {
      'held-changes': {
        decision: 'hold',
        resources: '*',
        groups: ['engineers'],
        effects: ['insert', 'update', 'delete'],
        relations: ['*.*'],
        approvers: ['approvers'],
        wait: '0s',
        window: { for: '10m', uses: USES },
        break_glass: ['oncall'],
      },
      rest: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['role', 'setting', 'call'],
        objects: ['*'],
      },
      reads: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['read'],
        relations: ['*.*'],
      },
    },
  })
  await stack.superuser(`
    CREATE ROLE clerk; GRANT clerk TO app_rw; CREATE SCHEMA other; GRANT USAGE ON SCHEMA public, other TO clerk, app_rw;
    CREATE TABLE public.jobs (id integer PRIMARY KEY, done text, note jsonb); CREATE TABLE other.jobs (LIKE public.jobs);
    INSERT INTO public.jobs SELECT n, 'no' FROM generate_series(1, 9) n; INSERT INTO other.jobs SELECT * FROM public.jobs;
    CREATE TABLE public."jobs\u3164" (LIKE public.jobs);
    INSERT INTO public."jobs\u3164" SELECT * FROM public.jobs;
    GRANT ALL ON ALL TABLES IN SCHEMA public, other TO app_rw, clerk`)
  engineer = await stack.tokens.person(['engineers'], { subject: 'in-a-window' })
  const { stderr } = await stack.psql(engineer, `${SEEN};`)
  window = /request ([a-z2-7]{26}) waits/.exec(stderr)?.[1] ?? ''
  expect((await vote(window, { window: { for: '5m', uses: USES } })).status).toBe(200)
})
afterAll(() => stack?.stop())
beforeEach(() => stack.superuser("UPDATE public.jobs SET done = 'no'"))

const used = async () => (await stack.reviews.get(window)).granted?.used
const changed = async () =>
  (
    await stack.superuser(`
    SELECT 'public' AS at, id FROM public.jobs WHERE done <> 'no' UNION ALL
    SELECT 'other', id FROM other.jobs WHERE done <> 'no' UNION ALL
    SELECT 'filler', id FROM public."jobs\u3164" WHERE done <> 'no' ORDER BY 1, 2`)
  ).map(({ at, id }) => `${at} ${id}`)

it('other values are let through, and count', async () => {
  const before = (await used()) ?? 0
  expect(await stack.psql(engineer, "update public.jobs set done = 'later' where id = 2;")).toMatchObject({
    stderr: '',
  })
  expect(await changed()).toEqual(['public 2'])
  expect(await used()).toBe(before + 1)
})

it.each([
  ['another schema', "update other.jobs set done = 'yes' where id = 1"],
  ['no schema', "set search_path = other; update jobs set done = 'yes' where id = 1"],
  ['a name with a letter that nobody sees', "update public.jobs\u3164 set done = 'yes' where id = 1"],
  ['another operator', "update public.jobs set done = 'yes' where id >= 1"],
  ['a parameter of SQL', "prepare p as update public.jobs set done = 'yes' where id = $1; execute p (1)"],
  ['one more condition', "update public.jobs set done = 'yes' where id = 1 or true"],
  ['a cast', "update public.jobs set done = 'yes' where id = 1::bigint"],
  ['an alias', "update public.jobs j set done = 'yes' where id = 1"],
  ['RETURNING', "update public.jobs set done = 'yes' where id = 1 returning *"],
  ['a CTE around it', "with u as (update public.jobs set done = 'yes' where id = 1 returning 1) select 1"],
  ['EXPLAIN ANALYZE', "explain analyze update public.jobs set done = 'yes' where id = 1"],
  ['COPY', "copy (update public.jobs set done = 'yes' where id = 1 returning id) to stdout"],
  [
    'two of it',
    "update public.jobs set done = 'yes' where id = 1\\; update public.jobs set done = 'yes' where id = 2",
  ],
  ['a text with what it is told apart by', `begin\\; ${SEEN}\\; commit`],
  [
    'words that break a glass, in a literal',
    "update public.jobs set done = '/* break-glass: x */' where id = 1 and true",
  ],
  ['another role', `set role clerk; ${SEEN}`],
  ['ONLY', "update only public.jobs set done = 'yes' where id = 1"],
  ['a value of a function', "update public.jobs set done = current_setting('server_version') where id = 1"],
  ['NULL', 'update public.jobs set done = null where id = 1'],
])('%s does not fit', async (_what, sql) => {
  const before = await used()
  const { stderr } = await stack.psql(engineer, `${sql};`)
  expect(await changed()).toEqual([])
  expect(stderr).toMatch(/waits for approval|cannot wait for its approval/)
  expect(await used()).toBe(before)
})

it('nobody else has it, nor the same person at another resource', async () => {
  const other = await stack.tokens.person(['engineers'], { subject: 'somebody-else' })
  expect((await stack.psql(other, `${SEEN};`)).stderr).toContain('waits for approval')
  expect((await stack.psql(engineer, `${SEEN};`, { resource: 'other' })).stderr).toContain(
    'waits for approval',
  )
  expect(await changed()).toEqual([])
})

it('a parameter does not stand for a value of it, whenever it was prepared', async () => {
  const wire = await stack.wire(engineer)
  try {
    wire.send(
      parse({ sql: "update public.jobs set done = 'yes' where id = $1" }),
      bind({ values: ['1'] }),
      execute(),
      sync(),
    )
    const messages = await wire.until('ReadyForQuery')
    expect(messages.some((one) => one.kind === 'ErrorResponse')).toBe(true)
  } finally {
    wire.destroy()
  }
  expect(await changed()).toEqual([])
})
