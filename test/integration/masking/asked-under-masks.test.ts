// Reviewers are told which columns their asker would see masked.
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
