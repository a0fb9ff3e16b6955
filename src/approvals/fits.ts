// Which requests a list is of.
import type { ApprovalFilter } from './contract.ts'
import type { RequestHead, Standing } from './head.ts'

/** Is a request of this head, standing so, one that the filter wants? */
export function fits(filter: ApprovalFilter, head: RequestHead, standing: Standing): boolean {
  if (filter.state !== undefined && standing.state !== filter.state) return false
  if (filter.resource !== undefined && head.resource !== filter.resource) return false
  if (filter.where?.(head, standing) === false) return false
  return filter.voted?.(standing.votes ?? []) ?? true
}
