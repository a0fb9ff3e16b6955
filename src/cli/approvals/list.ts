// All requests that a list has, or as many as were asked for: the API gives them in parts.
import { type AdminClient, read } from '../admin-client.ts'
import { printableJson } from '../terminal.ts'
import { type ListedApproval, listAnswer } from './shapes.ts'
import { listRequests } from './show.ts'

/** Most requests in one answer of the API. */
export const AT_ONCE = 500
/** Far more than a server keeps; one that always has more is not asked for ever. */
const MOST = 9999

export interface ListOptions {
  readonly limit?: string
  readonly json?: boolean
}

interface Listed {
  readonly approvals: readonly ListedApproval[]
  /** there are more, after this place */
  readonly next?: string
}

async function listed(client: AdminClient, query: URLSearchParams, limit: number): Promise<Listed> {
  const approvals: ListedApproval[] = []
  const rest = new URLSearchParams(query)
  for (;;) {
    rest.set('limit', String(Math.min(AT_ONCE, limit - approvals.length)))
    const { approvals: part, next } = read(listAnswer, await client.get(`/api/v1/approvals?${rest}`))
    approvals.push(...part)
    if (next === undefined) return { approvals }
    if (part.length === 0 || approvals.length >= limit) return { approvals, next }
    rest.set('after', next)
  }
}

/** What is printed; that there are more is part of it. */
export async function list(
  client: AdminClient,
  query: URLSearchParams,
  options: ListOptions,
): Promise<string> {
  const found = await listed(client, query, Number(options.limit ?? MOST))
  if (options.json === true) return `${printableJson(found)}\n`
  const { approvals, next } = found
  const more =
    next === undefined
      ? ''
      : `${approvals.length} are shown, and there are more: give a higher --limit, or none\n`
  return `${listRequests(approvals, Date.now())}${more}`
}
