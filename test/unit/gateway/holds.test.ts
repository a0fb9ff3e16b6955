// What is told of a request that a session made, and what telling cannot do.
import { afterEach, expect, it } from 'vitest'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import type { ApprovalState } from '../../../src/core/approval.ts'
import type { ApprovalEvents } from '../../../src/core/approval-events.ts'
import type { Decision } from '../../../src/core/decision.ts'
import type { HoldTerms } from '../../../src/core/hold-terms.ts'
import type { Operation } from '../../../src/core/operation.ts'
import { type Hold, startHold } from '../../../src/gateway/holds.ts'
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

const decision = (terms: Partial<HoldTerms>): Decision => ({
  outcome: 'hold',
  hits: [],
  reason: 'the policy says so',
  policyVersion: '1',
  hold: { approvers: ['reviewers'], quorum: 1, expiresAfter: 60_000, ...terms },
})

let approvals = createMemoryApprovals()
afterEach(async () => {
  await approvals.close()
  approvals = createMemoryApprovals()
})

interface Held {
  readonly hold: Hold
  readonly id: Promise<string>
  readonly told: (readonly [string, readonly string[] | ApprovalState])[]
}

function held(terms: Partial<HoldTerms>, events?: ApprovalEvents): Held {
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
    { approvals, approvalEvents: events ?? keep },
    {
      session: 's',
      resource: 'shop',
      database: 'shop',
      principal: reviewer('agent'),
      operation,
      decision: decision(terms),
    },
    (request) => resolve(request.id),
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
