// What of a request lists are filtered by: short, so that a store can look through all heads without reading the requests.
import type { ApprovalRequest, ApprovalState, Vote } from '../core/approval.ts'

/** Nothing in it changes after the request was made. */
export type RequestHead = Pick<
  ApprovalRequest,
  'id' | 'resource' | 'principal' | 'principalName' | 'approvers' | 'rules' | 'fingerprint' | 'shape'
>

/** What a store tells of a request beside its head. */
export interface Standing {
  /** as of now */
  readonly state: ApprovalState
  readonly createdAt: number
  /** only where the filter asks for them */
  readonly votes?: readonly Vote[]
}

export function headOf(request: RequestHead): RequestHead {
  const { id, resource, principal, principalName, approvers, rules, fingerprint, shape } = request
  return {
    ...{ id, resource, principal, principalName, approvers, rules, fingerprint },
    ...(shape === undefined ? {} : { shape }),
  }
}
