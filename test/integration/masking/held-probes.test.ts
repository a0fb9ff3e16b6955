// Masks whose probes are held or allowed, through the whole stack.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let analyst: string
beforeAll(async () => {
  stack = await startStack({
    masks: {
      ssn: { resources: '*', columns: ['public.customers.ssn'], probes: 'hold', approvers: ['approvers'] },
      card: { resources: '*', columns: ['public.customers.card'], probes: 'allow' },
    },
  })
  analyst = await stack.tokens.person(['analysts'])
})
afterAll(() => stack?.stop())

const GUESS = `select id, ssn from customers where ssn = '078-05-1120'`

it('a held probe runs once a reviewer approved it, and its result is masked all the same', async () => {
  const client = await stack.connect(analyst)
  const found = client.query(GUESS)
  const request = await stack.reviews.next()
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
