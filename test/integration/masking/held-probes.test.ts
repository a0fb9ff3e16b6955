// Masks whose probes are held or allowed, through the whole stack.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
let writer: string
beforeAll(async () => {
  stack = await startStack({
    policies: {
      changes: {
        decision: 'allow',
        resources: '*',
        groups: ['engineers'],
        effects: ['insert', 'update'],
        relations: ['public.customers'],
      },
    },
    masks: {
      ssn: { resources: '*', columns: ['public.customers.ssn'], probes: 'hold', approvers: ['approvers'] },
      notes: {
        resources: '*',
        columns: ['public.customers.notes'],
        probes: 'hold',
        each: { approvers: 1 },
        reason: 'required',
        wait: '0s',
        break_glass: ['oncall'],
      },
      letter: { resources: '*', columns: ['public.letters.body'], probes: 'hold', approvers: ['approvers'] },
      card: { resources: '*', columns: ['public.customers.card'], probes: 'allow' },
      email: {
        resources: '*',
        columns: ['public.customers.email'],
        copies: 'hold',
        approvers: ['approvers'],
      },
    },
  })
  analyst = await stack.tokens.person(['analysts'])
  writer = await stack.tokens.person(['engineers'])
})
afterAll(() => stack?.stop())

const GUESS = `select id, ssn from customers where ssn = '078-05-1120'`

it('a held probe runs once a reviewer approved it, and its result is masked all the same', async () => {
  const client = await stack.connect(analyst)
  const found = client.query(GUESS)
  const request = await stack.reviews.next()
  expect(await stack.reviews.get(request.id)).toMatchObject({
    masked: expect.arrayContaining([expect.objectContaining({ columns: ['public.customers.ssn'] })]),
  })
  expect((await stack.reviews.approve(request.id)).status).toBe(200)
  expect((await found).rows).toEqual([{ id: 1, ssn: '***' }])
  await client.end()
})

it('a held probe that is denied does not run, and the session goes on', async () => {
  const client = await stack.connect(analyst)
  const found = client.query(GUESS)
  const outcome = expect(found).rejects.toMatchObject({ code: '42501' })
  const request = await stack.reviews.next()
  await stack.reviews.deny(request.id, 'no')
  await outcome
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  await client.end()
})

it('a prepared probe is held at each execution', async () => {
  const client = await stack.connect(analyst)
  for (const value of ['078-05-1120', '219-09-9999']) {
    const found = client.query({
      name: 'p',
      text: 'select id from customers where ssn = $1',
      values: [value],
    })
    const request = await stack.reviews.next()
    await stack.reviews.approve(request.id)
    expect((await found).rowCount).toBe(1)
  }
  await client.end()
})

it('where probes are allowed they run, and where they are refused the error names column and mask', async () => {
  const client = await stack.connect(analyst)
  expect((await client.query(`select id from customers where card = '4111111111111111'`)).rows).toEqual([
    { id: 1 },
  ])
  await expect(client.query(`select id from customers where email = 'ada'`)).rejects.toMatchObject({
    code: '42501',
    message: expect.stringMatching(
      /masked column "email" decides which rows or branches count \(mask email\)/,
    ),
  })
  await client.end()
})

it('a change with a condition on a masked column runs where probes are allowed, and stores nothing of it', async () => {
  await stack.superuser('CREATE UNIQUE INDEX ON public.customers (card)')
  const client = await stack.connect(writer)
  const card = '4111111111111111'
  const changed = await client.query(`update customers set name = 'Ada' where card = $1`, [card])
  expect(changed.rowCount).toBe(1)
  const insert = 'insert into customers (id, name, card) values (900, $1, $2) on conflict (card)'
  expect((await client.query(`${insert} do nothing`, ['x', card])).rowCount).toBe(0)
  expect((await client.query(`${insert} do update set name = 'y'`, ['x', card])).rowCount).toBe(1)
  for (const stored of ['customers.card', 'excluded.card']) {
    await expect(client.query(`${insert} do update set name = ${stored}`, ['x', card])).rejects.toMatchObject(
      { code: '42501' },
    )
  }
  await client.end()
})

it('a change with a condition on a masked column waits where probes are held', async () => {
  const client = await stack.connect(writer)
  const changed = client.query(`update customers set name = 'Grace' where ssn = $1`, ['219-09-9999'])
  const request = await stack.reviews.next()
  expect((await stack.reviews.approve(request.id)).status).toBe(200)
  expect((await changed).rowCount).toBe(1)
  await client.end()
})

it('a held copy runs once a reviewer who was told what goes where approved it', async () => {
  const client = await stack.connect(writer)
  const copied = client.query('update customers set name = email where id = 1')
  const { id } = await stack.reviews.next()
  expect((await stack.reviews.get(id)).copied).toEqual([
    { mask: 'email', from: 'customers.email', to: 'customers.name' },
  ])
  expect((await stack.reviews.approve(id)).status).toBe(200)
  expect((await copied).rowCount).toBe(1)
  expect((await client.query('select name, email from customers where id = 1')).rows).toEqual([
    { name: 'ada@example.com', email: '***' },
  ])
  await client.end()
})

it('a held copy that is denied stores nothing, and one that gives rows is not asked for', async () => {
  const client = await stack.connect(writer)
  const copied = client.query('update customers set name = email where id = 2')
  const outcome = expect(copied).rejects.toMatchObject({ code: '42501' })
  const { id } = await stack.reviews.next()
  await stack.reviews.deny(id, 'no')
  await outcome
  expect((await client.query('select name from customers where id = 2')).rows).not.toEqual([
    { name: 'grace@example.com' },
  ])
  await expect(
    client.query('update customers set name = email where id = 2 returning name'),
  ).rejects.toMatchObject({
    code: '42501',
    message: expect.stringContaining('by a statement that gives rows'),
  })
  await client.end()
})

const NOTES = 'select id, notes from customers order by notes'

it('a held probe takes the terms of rules: a reason is asked for, and it comes back', async () => {
  const client = await stack.connect(analyst)
  await expect(client.query(NOTES)).rejects.toMatchObject({
    message: expect.stringContaining('it has to be said why'),
  })
  const why = `/* reason: who can be called */ ${NOTES}`
  await expect(client.query(why)).rejects.toMatchObject({
    message: expect.stringContaining('waits for approval'),
  })
  const request = await stack.reviews.next()
  expect((await stack.reviews.approve(request.id)).status).toBe(200)
  const { rows } = await client.query(why)
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(({ notes }) => notes === null || notes === '***')).toBe(true)
  await client.end()
})

it('whoever breaks the glass of a held probe sees masked values all the same', async () => {
  const oncall = await stack.tokens.person(['analysts', 'oncall'], { subject: 'oncall' })
  const client = await stack.connect(oncall)
  const { rows } = await client.query(`/* break-glass: fire */ ${NOTES}`)
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(({ notes }) => notes === null || notes === '***')).toBe(true)
  expect(stack.audit().some((event) => event['type'] === 'break-glass')).toBe(true)
  await expect(client.query(`${NOTES} -- break-glass: fire`)).rejects.toMatchObject({ code: '42501' })
  await client.end()
})

it('whoever reviews a probe through a view is told which table the view stands for', async () => {
  await stack.superuser(`
    CREATE TABLE public.letters (id integer, body text); CREATE VIEW public.mail AS SELECT id, body FROM public.letters;
    GRANT SELECT ON public.letters, public.mail TO PUBLIC`)
  const client = await stack.connect(analyst)
  const found = client.query(`select id from mail where body = 'x'`)
  const outcome = expect(found).rejects.toMatchObject({ code: '42501' })
  const { id } = await stack.reviews.next()
  const { behind } = await stack.reviews.get(id)
  const letters = { schema: 'public', name: 'letters' }
  expect(behind).toEqual([{ effect: 'read', relation: letters, via: 'behind public.mail' }])
  await stack.reviews.deny(id, 'no')
  await outcome
  await client.end()
})
