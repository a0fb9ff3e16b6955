// The steps of the approvals' protocol, as text tells them to a process that is killed in one of them.
import type { ApprovalInput, Approvals } from '../../src/approvals/contract.ts'
import type { Grant } from '../../src/core/approval.ts'
import { reviewer } from './approvals-values.ts'

export interface ApprovalStep {
  readonly action: 'create' | 'find' | 'settled' | 'park' | 'approve' | 'deny' | 'withdraw' | 'consume'
  /** of the request; none before `create` */
  readonly id: string
  readonly input: ApprovalInput
  /** who votes */
  readonly who?: string
  /** granted with an approval */
  readonly window?: Grant
}

export async function takeStep(approvals: Approvals, step: ApprovalStep): Promise<void> {
  const { action, id, input, who = 'ann', window } = step
  switch (action) {
    case 'create':
      await approvals.create(input)
      return
    case 'find':
      await approvals.find(input.subject)
      return
    case 'settled':
      await approvals.settled(id, AbortSignal.timeout(200)).catch(() => undefined)
      return
    case 'park':
      await approvals.park(id)
      return
    case 'approve':
      await approvals.vote(id, reviewer(who), 'approve', undefined, window)
      return
    case 'deny':
      await approvals.vote(id, reviewer(who), 'deny')
      return
    case 'withdraw':
      await approvals.withdraw(id, 'left')
      return
    case 'consume':
      await approvals.consume(id, input.subject)
  }
}
