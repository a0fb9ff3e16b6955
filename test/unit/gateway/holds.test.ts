// What is told of a request that a session made, and what telling cannot do.
import { afterEach, expect, it } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import type { ApprovalState } from '../../../src/core/approval.ts'
import type { ApprovalEvents } from '../../../src/core/approval-events.ts'
import type { Decision } from '../../../src/core/decision.ts'
import type { HoldTerms } from '../../../src/core/hold-terms.ts'
import { createLeave, type Leave } from '../../../src/core/leave.ts'
import type { Operation } from '../../../src/core/operation.ts'
import type { HoldRequest } from '../../../src/gateway/hold-subject.ts'
import { type Hold, type Holder, type Obstacle, startHold } from '../../../src/gateway/holds.ts'
import { reviewer } from '../../support/approvals-values.ts'

const operation: Operation = {
  kind: 'sql',
  phase: 'query',
  sequence: 1,
  text: 'DELETE FROM orders',
  parameters: [],
  behind: [],
  facts: { fingerprint: 'f1', statements: [] },
}

const behind = (schema: string): Partial<Operation> => ({
  reached: [
    {
      kind: 'behind',
      access: { effect: 'delete', relation: { schema: 'public', name: 'ledger' } },
      from: { schema, name: 'orders' },
      named: { name: 'orders' },
      columns: 'any',
    },
  ],
})

/** Masks of the asker, by which the columns are hidden. */
const maskedBy = (...masks: string[]): HoldRequest['masker'] => ({
  masks,
  told: () =>
    masks.length === 0 ? {} : { masked: masks.map((mask) => ({ mask, columns: ['public.orders.card'] })) },
})

const decision = (terms: Partial<HoldTerms>): Decision => ({
  outcome: 'hold',
  hits: [],
  reason: 'the policy says so',
  policyVersion: '1',
  hold: { approvers: ['reviewers'], quorum: 1, expiresAfter: 60_000, ...terms },
})

let approvals = createMemoryApprovals()
const plenty = createLeave({ ofOne: 1e6, burst: 1e6 })
afterEach(async () => {
  await approvals.close()
  approvals = createMemoryApprovals()
})

interface Held {
  readonly hold: Hold
  readonly id: Promise<string>
  readonly told: (readonly [string, readonly string[] | ApprovalState])[]
}

function held(
  terms: Partial<HoldTerms>,
  events?: ApprovalEvents,
  more: Partial<Operation> = {},
  obstacle: Holder['obstacle'] = () => undefined,
  store = approvals,
  masker = maskedBy('card'),
  asks: Leave = plenty,
): Held {
  const told: Held['told'] = []
  const keep: ApprovalEvents = {
    requested: (request, channels) => void told.push([request.id, channels]),
    settled: (request) => void told.push([request.id, request.state]),
  }
  let resolve: (id: string) => void = () => undefined
  const id = new Promise<string>((made) => {
    resolve = made
  })
  const hold = startHold(
    { approvals: store, approvalEvents: events ?? keep, approvalsHint: (id) => `See ${id}.`, asks },
    {
      session: 's',
      resource: 'shop',
      database: 'shop',
      user: 'app',
      shape: 'of a delete',
      principal: reviewer('agent'),
      operation: { ...operation, ...more },
      decision: decision(terms),
      masker,
    },
    { waiting: (request) => resolve(request.id), obstacle },
  )
  return { hold, id, told }
}

it('a request is told of when it can be decided, with the channels of what holds it, and when it was', async () => {
  const { hold, id, told } = held({ notify: ['team', 'mail'] })
  await approvals.vote(await id, reviewer('rita'), 'approve')
  expect((await hold.result).kind).toBe('approved')
  expect(told).toEqual([
    [await id, ['team', 'mail']],
    [await id, 'approved'],
  ])
})

it.each([
  ['denied', (id: string) => approvals.vote(id, reviewer('rita'), 'deny')],
  ['withdrawn', (id: string) => approvals.withdraw(id, 'somebody else did')],
] as const)('a request that was %s is told of as such, also to no channel', async (state, settle) => {
  const { hold, id, told } = held({})
  await settle(await id)
  await hold.result
  expect(told).toEqual([
    [await id, []],
    [await id, state],
  ])
})

it('a request whose asker left is told of as withdrawn, once', async () => {
  const { hold, id, told } = held({})
  await id
  hold.withdraw('left')
  hold.withdraw('stopping')
  expect((await hold.result).kind).toBe('refused')
  expect(told.map(([, what]) => what)).toEqual([[], 'withdrawn'])
})

it('a request that was withdrawn before it could be decided is told to nobody', async () => {
  const { hold, told } = held({})
  hold.withdraw('canceled')
  await hold.result
  expect(told).toEqual([])
})

it('whoever tells cannot fail the hold', async () => {
  const fail = () => {
    throw new Error('the messenger fell')
  }
  const { hold, id } = held({}, { requested: fail, settled: fail })
  await approvals.vote(await id, reviewer('rita'), 'approve')
  expect((await hold.result).kind).toBe('approved')
})

const comingBack = { kind: 'refused', refusal: { code: 'approval-pending' } } as const

it('a client that does not wait is told at once to come back, and finds its request when it does', async () => {
  const first = await held({ wait: 0 }).hold.result
  expect(first).toMatchObject(comingBack)
  const id = first.request?.id ?? ''
  expect(first).toMatchObject({
    refusal: {
      message: `request ${id} waits for approval: the policy says so`,
      hint: expect.stringMatching(
        /^Send exactly the same statement again once 1 of reviewers approve it, .* See .*\.$/,
      ),
    },
  })
  expect(await approvals.get(id)).toMatchObject({ state: 'pending', parked: true })
  const again = await held({ wait: 0 }).hold.result
  expect(again).toMatchObject({ ...comingBack, request: { id } })
  await approvals.vote(id, reviewer('rita'), 'approve')
  expect(await held({ wait: 0 }).hold.result).toMatchObject({ kind: 'approved', request: { id } })
  const later = await held({ wait: 0 }).hold.result
  expect(later).toMatchObject(comingBack)
  expect(later.request?.id).not.toBe(id)
})

it('a client that waited as long as it should is told to come back, and its request stays', async () => {
  const { hold, id, told } = held({ wait: 30 })
  expect(await hold.result).toMatchObject({ ...comingBack, request: { id: await id } })
  hold.withdraw('left')
  expect(await approvals.get(await id)).toMatchObject({ state: 'pending', parked: true })
  const again = held({ wait: 5000 })
  expect(await again.id).toBe(await id)
  await approvals.vote(await id, reviewer('rita'), 'approve')
  expect(await again.hold.result).toMatchObject({ kind: 'approved', request: { id: await id } })
  // The one who asked tells, also after its client was sent away; the one who came back does not.
  expect(told.map(([, what]) => what)).toEqual([[], 'approved'])
  expect(again.told).toEqual([])
})

it('a client that comes back for a parked request and leaves again does not withdraw it', async () => {
  const parked = await held({ wait: 0 }).hold.result
  const again = held({ wait: 0, expiresAfter: 60_000 })
  expect((await again.hold.result).request?.id).toBe(parked.request?.id)
  again.hold.withdraw('left')
  expect(await approvals.get(parked.request?.id ?? '')).toMatchObject({ state: 'pending' })
})

it('two that wait with the same statement share a request; one runs, and the other asks anew', async () => {
  const [one, two] = [held({}), held({})]
  const ids = [await one.id, await two.id]
  const first = ids[0] ?? ''
  await approvals.vote(first, reviewer('rita'), 'approve')
  const ran = await Promise.race([one.hold.result, two.hold.result])
  expect(ran).toMatchObject({ kind: 'approved' })
  const open = (await approvals.list({ state: 'pending' })).map(({ id }) => id)
  expect(open).toHaveLength(1)
  await approvals.vote(open[0] ?? '', reviewer('rita'), 'approve')
  const results = await Promise.all([one.hold.result, two.hold.result])
  expect(results.map(({ kind }) => kind)).toEqual(['approved', 'approved'])
  expect(new Set(results.map(({ request }) => request?.id)).size).toBe(2)
})

it('a session that joined another one’s request asks anew when that one leaves', async () => {
  const one = held({})
  await one.id
  const two = held({})
  await two.id
  one.hold.withdraw('left')
  await one.hold.result
  const [left] = await until(async () => {
    const open = await approvals.list({ state: 'pending' })
    return open.length > 0 ? open : undefined
  })
  await approvals.vote(left?.id ?? '', reviewer('rita'), 'approve')
  expect(await two.hold.result).toMatchObject({ kind: 'approved', request: { id: left?.id } })
})

it.each<[string, Partial<Operation>]>([
  ['whose role cannot be told', { role: 'any' }],
  ['whose search_path cannot be told', { facts: { ...operation.facts, path: 'any' } }],
  ['on a temporary view', behind('pg_temp_3')],
  ['that means a name of its session', { facts: { ...operation.facts, ofSession: true } }],
])('a statement %s is approved in its session or not at all', async (_what, more) => {
  const refused = await held({ wait: 0 }, undefined, more).hold.result
  expect(refused).toMatchObject({ kind: 'refused', refusal: { code: 'approval-expired' } })
  expect(await approvals.list({})).toEqual([])
  const waits = held({ wait: 20 }, undefined, more)
  expect(await waits.hold.result).toMatchObject({ refusal: { code: 'approval-expired' } })
  expect(await approvals.get(await waits.id)).toMatchObject({ state: 'withdrawn' })
  const [one, two] = [held({}, undefined, more), held({}, undefined, { ...more, sequence: 2 })]
  expect(await one.id).not.toBe(await two.id)
})

it.each<[string, Partial<HoldTerms>, Partial<Operation>]>([
  ['role', {}, { role: { name: 'admin' } }],
  ['search_path', {}, { facts: { ...operation.facts, fingerprint: 'f:path', path: ['other'] } }],
  ['literal', {}, { text: 'DELETE FROM orders WHERE id = 2' }],
  ['table behind a view of the name', {}, behind('public')],
  ['terms of its rule', { quorum: 2 }, {}],
])('an approval is not for another %s', async (_what, terms, more) => {
  const asked = await held({ wait: 0 }).hold.result
  await approvals.vote(asked.request?.id ?? '', reviewer('rita'), 'approve')
  const other = await held({ wait: 0, ...terms }, undefined, more).hold.result
  expect(other).toMatchObject(comingBack)
  expect(other.request?.id).not.toBe(asked.request?.id)
})

it('an approval is not for values that a mask hid from its asker, nor for those that another hides', async () => {
  const ask = (...masks: string[]) =>
    held({ wait: 0 }, undefined, {}, () => undefined, approvals, maskedBy(...masks)).hold.result
  const asked = await ask('card')
  expect(asked.request?.masked).toEqual([{ mask: 'card', columns: ['public.orders.card'] }])
  await approvals.vote(asked.request?.id ?? '', reviewer('rita'), 'approve')
  for (const masks of [[], ['card', 'name']]) {
    const other = await ask(...masks)
    expect(other).toMatchObject(comingBack)
    expect(other.request?.id).not.toBe(asked.request?.id)
  }
  expect(await ask('card')).toMatchObject({ kind: 'approved' })
})

it.each(['canceled', 'policy-changed', 'left'] as const)(
  'what is %s in the moment in which its approval is used up does not run',
  async (why) => {
    const { consume } = approvals
    const slow = { ...approvals }
    const { hold, id } = held({}, undefined, {}, undefined, slow)
    slow.consume = async (...use) => {
      const used = await consume(...use)
      hold.withdraw(why)
      return used
    }
    await approvals.vote(await id, reviewer('rita'), 'approve')
    expect(await hold.result).toMatchObject({ kind: 'refused', request: { state: 'consumed' } })
  },
)

const usedUp: Obstacle = { refusal: { code: 'limit-exceeded', message: 'nothing is left' } }

it('what cannot run when it is approved keeps its approval for another time', async () => {
  const { hold, id } = held({}, undefined, {}, () => usedUp)
  await approvals.vote(await id, reviewer('rita'), 'approve')
  const hint = expect.stringMatching(/^Request [a-z2-7]{26} stays approved, and unused, until /)
  const hindered = { kind: 'hindered', request: { id: await id }, refusal: { ...usedUp.refusal, hint } }
  expect(await hold.result).toMatchObject(hindered)
  expect(await held({}, undefined, {}, () => usedUp).hold.result).toMatchObject(hindered)
  expect(await approvals.get(await id)).toMatchObject({ state: 'approved' })
  expect(await held({}).hold.result).toMatchObject({ kind: 'approved', request: { id: await id } })
})

it.each<[string, Obstacle, Partial<Operation>]>([
  ['under another policy', { ...usedUp, forGood: true }, {}],
  ['and means something in its session only', usedUp, { role: 'any' }],
])('what cannot run %s does not leave an approval behind that nobody can use', async (_what, why, more) => {
  const { hold, id } = held({}, undefined, more, () => why)
  await approvals.vote(await id, reviewer('rita'), 'approve')
  expect(await hold.result).toMatchObject({ kind: 'refused', refusal: usedUp.refusal })
  expect(await approvals.get(await id)).toMatchObject({ state: 'withdrawn' })
})

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

it('who asks again and again for what no reviewer decides has to wait; what reviewers decided does not count', async () => {
  const asks = createLeave({ ofOne: 2, burst: 2, now: () => 0 })
  const ask = () => held({}, undefined, {}, undefined, approvals, undefined, asks)
  for (const verdict of ['approve', 'deny', 'approve', 'deny'] as const) {
    const { hold, id } = ask()
    await approvals.vote(await id, reviewer('rita'), verdict)
    await hold.result
  }
  for (let n = 0; n < 2; n += 1) {
    const { hold, id } = ask()
    await id
    hold.withdraw('canceled')
    await hold.result
  }
  expect(await ask().hold.result).toMatchObject({ kind: 'refused', refusal: { code: 'limit-exceeded' } })
  expect(await approvals.list({ state: 'pending' })).toEqual([])
})

it('a request that could not be made, of which nobody was told, does not count as asked', async () => {
  const asks = createLeave({ ofOne: 1, burst: 1, now: () => 0 })
  const away: Approvals = { ...approvals, create: () => Promise.reject(new Error('the store is away')) }
  for (let n = 0; n < 3; n += 1) {
    const { hold } = held({}, undefined, {}, undefined, away, undefined, asks)
    expect(await hold.result).toMatchObject({ kind: 'refused', refusal: { code: 'internal' } })
  }
  const { hold, id } = held({}, undefined, {}, undefined, approvals, undefined, asks)
  await id
  hold.withdraw('canceled')
  await hold.result
})
