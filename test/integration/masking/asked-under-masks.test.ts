// Reviewers are told which columns their asker would see masked, and an approval is for these masks alone.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    masks: {
      ssn: { resources: '*', columns: ['public.customers.ssn'], except_groups: ['cleared'] },
      events: { resources: '*', columns: ['public.events.secret'] },
      towns: { resources: '*', columns: ['public.places_town.mayor'] },
      places: { resources: '*', columns: ['public.places.owner'] },
      elsewhere: { resources: '*', columns: ['public.orders.nothing'] },
    },
    policies: {
      'held-customers': {
        decision: 'hold',
        resources: '*',
        groups: ['analysts'],
        effects: ['read'],
        relations: ['public.customers', 'public.events*', 'public.places*'],
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
  expect((await stack.reviews.get(other.id)).masked).toBeUndefined()
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

it.each([
  ['a partition', 'select secret from events_1', 'events', 'public.events.secret'],
  ['a partition of a partition', 'select secret from events_2a', 'events', 'public.events.secret'],
  ['a view of a partition', 'select v from events_view', 'events', 'public.events.secret'],
  ['a child', 'select owner from places_town', 'places', 'public.places.owner'],
  ['a parent', 'select owner from places', 'towns', 'public.places_town.mayor'],
])('what is masked of its parents and children is told of %s', async (_, sql, mask, column) => {
  await stack.superuser(`
    CREATE TABLE IF NOT EXISTS public.events (id integer, secret text) PARTITION BY RANGE (id);
    CREATE TABLE IF NOT EXISTS public.events_1 PARTITION OF public.events FOR VALUES FROM (1) TO (10);
    CREATE TABLE IF NOT EXISTS public.events_2 PARTITION OF public.events FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
    CREATE TABLE IF NOT EXISTS public.events_2a PARTITION OF public.events_2 FOR VALUES FROM (10) TO (20);
    CREATE OR REPLACE VIEW public.events_view AS SELECT id, secret AS v FROM public.events_1;
    CREATE TABLE IF NOT EXISTS public.places (owner text);
    CREATE TABLE IF NOT EXISTS public.places_town (mayor text) INHERITS (public.places);
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC`)
  await expect(ask(['analysts'], sql)).rejects.toMatchObject({ code: '42501' })
  const { id } = await stack.reviews.next()
  const { masked } = await stack.reviews.get(id)
  await stack.reviews.deny(id, 'seen')
  expect(masked).toContainEqual({ mask, columns: [column] })
})
