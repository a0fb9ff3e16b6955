// Reviewers of the stack: they see requests for approval and decide, through the admin API.
import type { ApprovalRequest } from '../../../src/core/approval.ts'
import type { Tokens } from './identities.ts'

export interface Reviews {
  /** requests in this state that the reviewer sees; pending ones when absent */
  list(state?: ApprovalRequest['state']): Promise<ApprovalRequest[]>
  /** one request, whole */
  get(id: string): Promise<ApprovalRequest>
  /** waits for a pending request, at most 10 seconds */
  next(): Promise<ApprovalRequest>
  /** as `rita` of the group approvers, or with the token of somebody else */
  approve(id: string, token?: string): Promise<Response>
  deny(id: string, reason?: string, token?: string): Promise<Response>
}

const NEXT_WITHIN = 10_000
const POLL = 50

export function createReviews(admin: string, tokens: Tokens): Reviews {
  let rita: Promise<string> | undefined
  const reviewer = () => {
    rita ??= tokens.person(['approvers'], { subject: 'rita' })
    return rita
  }
  const call = async (path: string, init: RequestInit, token?: string) =>
    fetch(`${admin}/api/v1/approvals${path}`, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${token ?? (await reviewer())}` },
    })
  const vote = (path: string, body: object, token?: string) =>
    call(
      path,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      token,
    )
  const list: Reviews['list'] = async (state = 'pending') => {
    const response = await call(`?state=${state}`, {})
    if (!response.ok) throw new Error(`approvals: ${response.status} ${await response.text()}`)
    return ((await response.json()) as { approvals: ApprovalRequest[] }).approvals
  }
  return {
    list,
    get: async (id) => (await (await call(`/${id}`, {})).json()) as ApprovalRequest,
    async next() {
      for (const deadline = Date.now() + NEXT_WITHIN; Date.now() < deadline; ) {
        const [request] = await list()
        if (request) return request
        await new Promise((resolve) => setTimeout(resolve, POLL))
      }
      throw new Error('no request for approval came')
    },
    approve: (id, token) => vote(`/${id}/approve`, {}, token),
    deny: (id, reason, token) => vote(`/${id}/deny`, reason === undefined ? {} : { reason }, token),
  }
}
