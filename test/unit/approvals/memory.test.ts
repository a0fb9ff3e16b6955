import { afterEach, describe, expect, it } from 'vitest'
import type { Approvals } from '../../../src/approvals/contract.ts'
import { MAX_KEPT, MAX_KEPT_BYTES, MAX_OPEN, MAX_OPEN_PER_PRINCIPAL } from '../../../src/approvals/limits.ts'
import { createMemoryApprovals } from '../../../src/approvals/memory.ts'
import { holdToContract } from '../../support/approvals-contract.ts'
import { holdReuseToContract } from '../../support/approvals-contract-reuse.ts'
import { approvalInput, reviewer } from '../../support/approvals-values.ts'

async function start() {
  const approvals = createMemoryApprovals()
  return { instance: async () => approvals, stop: () => approvals.close() }
}

holdToContract('the memory store', start)
holdReuseToContract('the memory store', start)

describe('the memory store', () => {
  let approvals: Approvals
  afterEach(() => approvals.close())
  const from = (n: number, text = 'SELECT 1') => approvalInput({ principal: `p${n}`, text })

  it('refuses when too many requests are open altogether', async () => {
    approvals = createMemoryApprovals()
    for (let n = 0; n < MAX_OPEN; n++) await approvals.create(from(Math.floor(n / MAX_OPEN_PER_PRINCIPAL)))
    await expect(approvals.create(from(-1))).rejects.toMatchObject({ code: 'full' })
  })

  it('drops the oldest settled requests for new ones, and never an open one', async () => {
    approvals = createMemoryApprovals()
    const open = await approvals.create(from(0))
    const settled: string[] = []
    for (let n = 0; n < MAX_KEPT + 10; n++) {
      const { id } = await approvals.create(from(1))
      await approvals.withdraw(id, 'x')
      settled.push(id)
    }
    expect(await approvals.get(settled[0] ?? '')).toBeUndefined()
    expect(await approvals.get(settled.at(-1) ?? '')).toBeDefined()
    expect(await approvals.get(open.id)).toMatchObject({ state: 'pending' })
  })

  it('refuses when open requests would take too much memory', async () => {
    approvals = createMemoryApprovals()
    const text = 'x'.repeat(500 * 1024)
    const fit = Math.floor(MAX_KEPT_BYTES / (text.length + 600))
    for (let n = 0; n < fit; n++) await approvals.create(from(n % 9, text))
    await expect(approvals.create(from(10, text))).rejects.toMatchObject({ code: 'full' })
  })

  it('takes its time from the clock that it was given', async () => {
    let now = 1000
    approvals = createMemoryApprovals({ now: () => now })
    const { id } = await approvals.create(approvalInput({}, { expiresAfter: 10_000 }))
    now = 10_999
    expect(await approvals.get(id)).toMatchObject({ state: 'pending', createdAt: 1000, expiresAt: 11_000 })
    now = 11_000
    expect(await approvals.get(id)).toMatchObject({ state: 'expired' })
  })

  it('lets a request expire in its time also when the clock on the wall is set back', async () => {
    let now = Date.now()
    approvals = createMemoryApprovals({ now: () => now })
    const approved = await approvals.create(approvalInput({ text: 'SELECT 1' }, { expiresAfter: 40 }))
    const pending = await approvals.create(approvalInput({ text: 'SELECT 2' }, { expiresAfter: 40 }))
    await approvals.vote(approved.id, reviewer('rita'), 'approve')
    now -= 3_600_000
    const settled = await approvals.settled(pending.id, AbortSignal.timeout(2000))
    expect(settled.state).toBe('expired')
    expect(await approvals.get(approved.id)).toMatchObject({ state: 'expired' })
    expect(await approvals.consume(approved.id, approved)).toBeUndefined()
  })

  it('does not show a reviewer a statement that was changed after it was asked', async () => {
    approvals = createMemoryApprovals()
    const parameters = [{ kind: 'text' as const, value: '100' }]
    const { id } = await approvals.create(approvalInput({ parameters }))
    parameters[0] = { kind: 'text', value: '1000000' }
    expect(await approvals.get(id)).toMatchObject({ parameters: [{ value: '100' }] })
  })

  it('rejects whoever waits when it closes, and everything afterwards', async () => {
    approvals = createMemoryApprovals()
    const { id } = await approvals.create(from(0))
    const wait = approvals.settled(id, new AbortController().signal)
    const rejected = expect(wait).rejects.toMatchObject({ code: 'closed' })
    await approvals.close()
    await rejected
    await expect(approvals.get(id)).rejects.toMatchObject({ code: 'closed' })
    expect(approvals.ready()).toBe(false)
  })
})
