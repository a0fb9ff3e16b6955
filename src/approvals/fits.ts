// Which requests a list is of.
import type { ApprovalState } from '../core/approval.ts'
import type { ApprovalFilter } from './contract.ts'
import type { RequestHead } from './head.ts'

/** Is a request of this head, in this state, one that the filter wants? */
export function fits(filter: ApprovalFilter, head: RequestHead, state: ApprovalState): boolean {
  if (filter.state !== undefined && state !== filter.state) return false
  if (filter.resource !== undefined && head.resource !== filter.resource) return false
  return filter.where?.(head) ?? true
}
