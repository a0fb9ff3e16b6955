// Reviewers are told which columns their asker would see masked, and an approval is for these masks alone.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    masks: {
      ssn: { resources: '*', columns: ['public.customers.ssn'], except_groups: ['cleared'] },
      elsewhere: { resources: '*', columns: ['public.orders.nothing'] },
    },
    policies: {
      'held-customers': {
        decision: 'hold',
        resources: '*',
        groups: ['analysts'],
        effects: ['read'],
        relations: ['public.customers'],
        approvers: ['approvers'],
        wait: '0s',
      },
    },
  })
})
afterAll(() => stack?.stop())

const READ = 'select id, ssn from customers where id = 1'

async function ask(groups: readonly string[], sql = READ) {
  const client = await stack.connect(await stack.tokens.person([...groups]))
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

it('an approval for masked values is none for the same person in a group that the mask excepts', async () => {
  await expect(ask(['analysts'])).rejects.toMatchObject({ code: '42501' })
  const { id } = await stack.reviews.next()
  const { masked } = await stack.reviews.get(id)
  expect(masked).toContainEqual({ mask: 'ssn', columns: ['public.customers.ssn'] })
  expect(JSON.stringify(masked)).not.toContain('orders')
  expect((await stack.reviews.approve(id)).status).toBe(200)

  await expect(ask(['analysts', 'cleared'])).rejects.toMatchObject({ code: '42501' })
  const other = await stack.reviews.next()
  expect(other.id).not.toBe(id)
  expect(JSON.stringify((await stack.reviews.get(other.id)).masked)).not.toContain('ssn')
  await stack.reviews.deny(other.id, 'masked values will do')
  expect(await ask(['analysts'])).toEqual([{ id: 1, ssn: '***' }])
})

it('what is masked behind a view is told as well', async () => {
  await stack.superuser(`CREATE VIEW public.people AS SELECT id, ssn AS number FROM public.customers;
    GRANT SELECT ON public.people TO PUBLIC`)
  await expect(ask(['analysts'], 'select number from people')).rejects.toMatchObject({ code: '42501' })
  const { id } = await stack.reviews.next()
  expect((await stack.reviews.get(id)).masked).toContainEqual({
    mask: 'ssn',
    columns: ['public.customers.ssn'],
  })
})
