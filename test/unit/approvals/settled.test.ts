// How long somebody waits for a request in a store whose clock is not ours.
import { expect, it } from 'vitest'
import { untilSettled } from '../../../src/approvals/redis-settled.ts'
import { createWaiters } from '../../../src/approvals/waiters.ts'
import type { ApprovalRequest } from '../../../src/core/approval.ts'

const request = (expiresAt: number): ApprovalRequest => ({
  ...{ id: 'a'.repeat(26), session: 's', resource: 'shop', principal: 'p', principalName: 'p' },
  ...{ principalKind: 'person', text: 'SELECT 1', parameters: [], fingerprint: 'f', policyVersion: '1' },
  ...{ accesses: [], rules: [], approvers: ['dba'], quorum: 1, votes: [] },
  ...{ state: 'pending', createdAt: 0, expiresAt },
})

it('nobody waits longer than was said where the clock of the store was set back', async () => {
  const began = performance.now()
  let now = 1_000_000
  const read = async () => {
    const sighting = { request: request(1_000_100), now }
    now = 1
    return sighting
  }
  const source = { waiters: createWaiters(), read }
  const settled = await untilSettled(source, 'a'.repeat(26), AbortSignal.timeout(5000))
  expect(settled.state).toBe('expired')
  expect(performance.now() - began).toBeGreaterThan(1000)
})
