// A part of a list of requests, and where the rest of it begins.
import type { ApprovalFilter, Approvals } from '../approvals/contract.ts'
import { placeText } from '../approvals/place.ts'
import type { ApprovalRequest } from '../core/approval.ts'

export interface PartOfList {
  readonly requests: readonly ApprovalRequest[]
  /** place after which the list goes on, as text; absent at its end */
  readonly next?: string
}

export async function partOfList(
  approvals: Pick<Approvals, 'list'>,
  filter: ApprovalFilter & { readonly limit: number },
): Promise<PartOfList> {
  const { limit } = filter
  // One more than is shown tells whether there are more.
  const found = await approvals.list({ ...filter, limit: limit + 1 })
  const requests = found.slice(0, limit)
  const last = requests.at(-1)
  return { requests, ...(found.length > limit && last !== undefined ? { next: placeText(last) } : {}) }
}
